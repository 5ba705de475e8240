// SPDX-License-Identifier: LGPL-2.1-or-later
// One format of sound, for all outputs that want it: runs while any does, and starts anew when it
// breaks.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "gst-plugins/transcode/audio_chain.hpp"
#include "gst-plugins/transcode/lane.hpp"

namespace stagedoor::transcode {

inline constexpr const char *undecodable_sound = "the audio cannot be decoded";

/** What @p output is to get, when it is to be converted. Any thread. */
AudioSpec audio_spec_of (GstPad *output);

/** Streaming thread unless said otherwise. */
class AudioConversion
{
public:
  AudioConversion (Lane &lane, const AudioSpec &spec) : lane_ (lane), spec_ (spec) {}
  AudioConversion (const AudioConversion &) = delete;
  AudioConversion &operator= (const AudioConversion &) = delete;

  const AudioSpec &spec () const { return spec_; }
  /** Whether @p output gets it. */
  bool serves (GstPad *output) const;
  bool is_broken () const { return broken_; }
  Ref<GstPad> tail () const; ///< any thread

  /** False: nobody needs it any more. @p now: the stream's time. */
  bool update (const Outputs &outputs, GstClockTime now, const GstCaps *input);
  void feed (GstBuffer *buffer);
  void feed (GstEvent *event);
  /** Another input from here on: lets it put out what it still holds, while its peers still listen,
   * and end. */
  void drain ();

private:
  static AudioConversion &of (GstPad *pad)
  {
    return *static_cast<AudioConversion *> (gst_pad_get_element_private (pad));
  }
  static GstFlowReturn on_converted (GstPad *pad, GstObject *, GstBuffer *buffer);
  static gboolean on_converted_event (GstPad *pad, GstObject *, GstEvent *event);
  static gboolean on_feed_query (GstPad *pad, GstObject *, GstQuery *query);

  void take (const Ref<GstBuffer> &buffer);
  bool lingers (GstClockTime now);
  void start (const Outputs &outputs, const GstCaps *input);
  void fail ();
  std::shared_ptr<AudioChain> chain () const;
  void set_chain (std::shared_ptr<AudioChain> chain);

  Lane &lane_;
  const AudioSpec spec_;
  mutable std::mutex mutex_;          // innermost
  std::shared_ptr<AudioChain> chain_; // protected by mutex_

  GstClockTime heard_until_ = GST_CLOCK_TIME_NONE; // what was put out ends there
  GstClockTime idle_since_ = GST_CLOCK_TIME_NONE;  // nobody has wanted it since
  bool draining_ = false;
  int starving_ = 0;    // frames that went in since something came out
  bool broken_ = false; // it failed and has put out nothing since
  gint64 retry_at_ = 0; // monotonic microseconds: a broken one is built anew from then on
};

} // namespace stagedoor::transcode
