// SPDX-License-Identifier: LGPL-2.1-or-later
// One audio conversion: whatever comes -> decoder -> channels, without gaps and drift -> rate ->
// Opus or AAC, on the caller's thread.
#pragma once

#include <memory>

#include <gst/gst.h>

#include "gst-plugins/transcode/audio_spec.hpp"

namespace stagedoor::transcode {

/**
 * The elements are children of the bin. Frames go in at feed(); what comes out goes to the two
 * functions given to build(), synchronously, on the thread that pushes into feed().
 */
class AudioChain
{
public:
  struct Hooks
  {
    gpointer owner;  ///< becomes the element private of the pad with what comes out
    gpointer source; ///< of the one where frames go in: queries of any thread may outlive the chain
    GstPadQueryFunction query_upstream;
    GstPadChainFunction output;
    GstPadEventFunction output_event;
  };

  /** nullptr when no element here can decode @p caps, or encode it. The chain follows the bin's
   * state. @p floor: sound up to there has been put out already. */
  static std::shared_ptr<AudioChain> build (GstBin *bin, const GstCaps *caps, const AudioSpec &spec,
      GstClockTime floor, const Hooks &hooks);
  ~AudioChain ();
  AudioChain (const AudioChain &) = delete;
  AudioChain &operator= (const AudioChain &) = delete;

  GstPad *feed () const { return feed_.get (); }
  GstPad *tail () const { return tail_.get (); }

private:
  explicit AudioChain (GstBin *bin) : row_ (bin) {}
  bool decode (const GstCaps *caps);
  bool encode (const AudioSpec &spec, GstClockTime floor);
  void open (const Hooks &hooks);

  ElementRow row_;
  Ref<GstPad> feed_, tail_;
};

} // namespace stagedoor::transcode
