// SPDX-License-Identifier: LGPL-2.1-or-later
// The one audio conversion: whatever comes -> decoder -> 48 kHz stereo -> Opus, on the caller's
// thread.
#pragma once

#include <memory>

#include <gst/gst.h>

#include "gst-plugins/transcode/elements.hpp"

namespace stagedoor::transcode {

/** What the chain puts out; a peer that takes this can be served whatever the input. */
Ref<GstCaps> opus_caps ();

/**
 * The elements are children of the bin. Frames go in at feed(); what comes out goes to the two
 * functions given to build(), synchronously, on the thread that pushes into feed().
 */
class OpusChain
{
public:
  struct Hooks
  {
    gpointer owner; ///< becomes the element private of both inner pads
    GstPadQueryFunction query_upstream;
    GstPadChainFunction output;
    GstPadEventFunction output_event;
  };

  /** nullptr when no element here can decode @p caps. The chain follows the bin's state. */
  static std::shared_ptr<OpusChain> build (GstBin *bin, const GstCaps *caps, const Hooks &hooks);
  ~OpusChain ();
  OpusChain (const OpusChain &) = delete;
  OpusChain &operator= (const OpusChain &) = delete;

  GstPad *feed () const { return feed_.get (); }
  GstPad *tail () const { return tail_.get (); }

private:
  explicit OpusChain (GstBin *bin) : row_ (bin) {}
  bool assemble (const GstCaps *caps);
  void open (const Hooks &hooks);

  ElementRow row_;
  Ref<GstPad> feed_, tail_;
};

} // namespace stagedoor::transcode
