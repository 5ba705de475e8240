// SPDX-License-Identifier: LGPL-2.1-or-later
// One kind of medium through the bin: one sink pad, any number of source pads, at most one
// conversion.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/transcode/gststagetranscodepad.h"
#include "gst-plugins/transcode/opus_chain.hpp"

namespace stagedoor::transcode {

enum class Kind { video, audio };

/** Combines what several peers answered to one buffer: a peer that wants nothing more ends the flow
 * only when it was the last. One that is flushing never does: it is being shut down, or flushes
 * through our sink pad, which tells upstream by itself. */
class Tally
{
public:
  void add (GstFlowReturn flow);
  GstFlowReturn result () const;

private:
  int sent_ = 0, eos_ = 0;
  GstFlowReturn fatal_ = GST_FLOW_OK;
};

/**
 * Lives as long as the bin. Pads are the bin's own, without ghosts or queues, so passing a buffer
 * through costs one function call per peer.
 */
class Lane
{
public:
  Lane (GstBin *bin, Kind kind) : bin_ (bin), kind_ (kind) {}

  /** Any thread but the sink pad's streaming thread. nullptr when the pad exists already. */
  GstPad *add_sink (GstPadTemplate *templ);
  /** @p name nullptr: the first of "audio_0", "audio_1", … that is free. */
  GstPad *add_output (GstPadTemplate *templ, const char *name);
  void remove (GstPad *pad);

  /** After the pads were deactivated: forgets everything about the stream. */
  void reset ();

  Kind kind () const { return kind_; }

private:
  using Outputs = std::vector<Ref<GstPad>>;

  Ref<GstPad> new_output (GstPadTemplate *templ, const char *name);
  bool has_output (const char *name) const;
  void drop_output (GstPad *pad);

  static GstFlowReturn on_buffer (GstPad *, GstObject *, GstBuffer *buffer);
  static gboolean on_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_query (GstPad *, GstObject *, GstQuery *query);
  static gboolean on_output_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_output_query (GstPad *, GstObject *, GstQuery *query);
  static GstFlowReturn on_converted (GstPad *, GstObject *, GstBuffer *buffer);
  static gboolean on_converted_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_feed_query (GstPad *, GstObject *, GstQuery *query);

  GstFlowReturn take_buffer (Ref<GstBuffer> buffer);
  gboolean take_event (Ref<GstEvent> event);
  void take_caps (GstEvent *event);
  GstFlowReturn take_converted (Ref<GstBuffer> buffer);
  gboolean take_converted_event (Ref<GstEvent> event);

  void settle ();
  Mode decide (GstPad *output, String &problem) const;
  void enter (GstPad *output);
  void refuse (GstPad *output, const char *text);
  void report (GstPad *output, const char *text);

  void push_to (GstPad *output, Ref<GstBuffer> buffer);
  void push_event (Mode which, GstEvent *event);
  void tell_idle (GstEvent *event, bool converting);
  void introduce (GstPad *output);
  void tell_silent (GstEvent *event);
  void update_conversion (bool listened, bool wanted);
  bool lingers ();
  void convert (GstBuffer *buffer);
  void conversion_failed ();
  void drain ();

  Ref<GstCaps> caps_wanted (GstPad *pad) const;
  Ref<GstCaps> caps_offered (GstPad *pad) const;
  std::shared_ptr<const Outputs> outputs () const;
  std::shared_ptr<OpusChain> chain () const;
  void set_chain (std::shared_ptr<OpusChain> chain);
  Ref<GstPad> sink () const;

  GstBin *const bin_; // borrowed
  const Kind kind_;

  mutable std::mutex mutex_; // guards the three below; innermost
  std::shared_ptr<const Outputs> outputs_ = std::make_shared<const Outputs> ();
  std::shared_ptr<OpusChain> chain_;
  Ref<GstPad> sink_;

  // streaming thread of the sink pad (its STREAM_LOCK)
  Ref<GstCaps> caps_;
  Tally tally_;
  GstClockTime now_ = GST_CLOCK_TIME_NONE;        // timestamp of the last buffer that had one
  GstClockTime idle_since_ = GST_CLOCK_TIME_NONE; // nobody has wanted the conversion since
  bool draining_ = false;
  int starving_ = 0;    // frames that went into the conversion since something came out
  bool broken_ = false; // the conversion failed and has put out nothing since
  gint64 retry_at_ = 0; // monotonic microseconds: a broken conversion is built anew from then on
};

} // namespace stagedoor::transcode
