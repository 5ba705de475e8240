// SPDX-License-Identifier: LGPL-2.1-or-later
// One kind of medium through the bin: one sink pad, any number of source pads, and the converter
// that makes what can't be passed.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include <gst/gst.h>

#include "gst-plugins/common/ref.hpp"
#include "gst-plugins/transcode/converter.hpp"
#include "gst-plugins/transcode/gststagetranscodepad.h"

namespace stagedoor::transcode {

enum class Kind { video, audio };

struct Decision
{
  Form form = Form::as_it_comes; ///< in Mode::pass
  std::string why;               ///< the reason for what is done to the input, if anything is
};

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
  Lane (GstBin *bin, Kind kind);

  /** Any thread but the sink pad's streaming thread. nullptr when the pad exists already. */
  GstPad *add_sink (GstPadTemplate *templ);
  /** @p name nullptr: the first of "audio_0", "audio_1", … that is free. */
  GstPad *add_output (GstPadTemplate *templ, const char *name);
  void remove (GstPad *pad);

  /** After the pads were deactivated: forgets everything about the stream. */
  void reset ();

  // For the converter, and any thread unless it says otherwise.
  GstBin *bin () const { return bin_; }
  Ref<GstPad> sink () const;
  std::shared_ptr<const Outputs> outputs () const;
  /** Gives @p output what it carries. Streaming thread. */
  void push_to (GstPad *output, Ref<GstBuffer> buffer);
  /** From here on @p output gets what @p rendition makes: a key frame first, and nothing that is
   * shown before what it had: the source's @p shown_until. False when it does already. Streaming
   * thread. */
  bool supply_from (GstPad *output, guint64 rendition, GstClockTime shown_until);
  /** Likewise, if it still is in Mode::convert and supplied by @p rendition. False when a key frame
   * came too early: it needs another. Any thread. */
  bool push_converted (GstPad *output, guint64 rendition, Ref<GstBuffer> buffer);
  void push_converted (GstPad *output, guint64 rendition, GstEvent *event);
  /** @p output carries nothing until its peer or the input changes: why. */
  void refuse (GstPad *output, const char *text);
  /** @p text is why @p output carries nothing; nullptr when all is well. */
  void report (GstPad *output, const char *text);
  /** Sends @p from's sticky events, in order, to @p to, but for those that it has already; with
   * @p caps in place of its own, if any. */
  static void replay (GstPad *from, GstPad *to, GstCaps *caps = nullptr);
  void replay_converted (GstPad *from, GstPad *output);
  /** Whether upstream is a live source, which mustn't be held up. */
  bool is_live () const;
  /** For the pad that feeds a conversion: caps are its own, all else is asked upstream. */
  gboolean answer_feed_query (GstPad *pad, GstQuery *query) const;

private:
  Ref<GstPad> new_output (GstPadTemplate *templ, const char *name);
  bool has_output (const char *name) const;
  void drop_output (GstPad *pad);

  static GstFlowReturn on_buffer (GstPad *, GstObject *, GstBuffer *buffer);
  static gboolean on_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_query (GstPad *, GstObject *, GstQuery *query);
  static gboolean on_output_event (GstPad *, GstObject *, GstEvent *event);
  static gboolean on_output_query (GstPad *, GstObject *, GstQuery *query);

  GstFlowReturn take_buffer (Ref<GstBuffer> buffer);
  gboolean take_event (Ref<GstEvent> event);
  void take_caps (GstEvent *event);

  void settle (bool key);
  Mode decide (GstPad *output, Decision &out);
  void enter (GstPad *output, bool key);
  void tell_decision (GstPad *output, const std::string &text);
  void push_passing (GstEvent *event);
  void push_repacked (GstPad *output, bool key);
  void tell_idle (GstEvent *event);
  void tell_silent (GstEvent *event);
  void introduce (GstPad *output);

  Ref<GstCaps> caps_wanted (GstPad *pad) const;
  Ref<GstCaps> caps_offered (GstPad *pad) const;

  GstBin *const bin_; // borrowed
  const Kind kind_;
  const std::unique_ptr<Converter> converter_;

  mutable std::mutex mutex_; // guards the two below; innermost
  std::shared_ptr<const Outputs> outputs_ = std::make_shared<const Outputs> ();
  Ref<GstPad> sink_;

  // streaming thread of the sink pad (its STREAM_LOCK)
  Ref<GstCaps> caps_;
  Tally tally_;
};

} // namespace stagedoor::transcode
