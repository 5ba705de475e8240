// SPDX-License-Identifier: LGPL-2.1-or-later
// One rendition: decoded frames in, scaled and encoded on a thread of its own.
#pragma once

#include <functional>
#include <memory>

#include "gst-plugins/transcode/encoder_table.hpp"
#include "gst-plugins/transcode/headroom.hpp"
#include "gst-plugins/transcode/output_watch.hpp"

namespace stagedoor::transcode {

/** Thread safe but for its making and end. */
class Rendition
{
public:
  /** Both are called on the encoder's thread, but for flushes. */
  struct Hooks
  {
    std::function<void (Rendition &, Ref<GstBuffer>)> output;
    std::function<void (Rendition &, GstEvent *)> event;
    /** Of the thread that decodes or of upstream: latency and the like. */
    std::function<bool (GstQuery *)> query_upstream;
  };

  /** By an encoder of @p kind. Elements become children of @p bin. @p patient: frames are waited
   * for and none is dropped, because the source isn't live. nullptr when something is missing here.
   */
  static std::shared_ptr<Rendition> build (
      GstBin *bin, const RenditionSpec &spec, EncoderKind kind, bool patient, Hooks hooks);
  ~Rendition ();
  Rendition (const Rendition &) = delete;
  Rendition &operator= (const Rendition &) = delete;

  const RenditionSpec &spec () const { return spec_; }
  const EncoderKind &kind () const { return kind_; }
  guint64 id () const { return id_; }            ///< never that of another, and never 0
  GstPad *head () const { return head_.get (); } ///< source pad: push events into it
  GstPad *tail () const { return tail_.get (); } ///< sink pad: what comes out

  /** Whether the frame of that timestamp is one of those that it wants. @p key: it is to be a key
   * frame, or the next one that the encoder gets to. The decoder's thread. */
  bool takes (GstClockTime timestamp, bool key);
  /** That frame, in its size. The decoder's thread. */
  void feed (GstBuffer *frame);
  /** Tells who gets it of the end, in place of the encoder. The decoder's thread. */
  void end (GstEvent *eos) { hooks_.event (*this, eos); }
  /** Of the encoder, with its next frame. Any thread. */
  void request_key ();
  /** What is wrong with the encoder, for people; nullptr: nothing. */
  const char *failure () const { return watch_.failure (); }
  bool has_put_out () const { return watch_.has_put_out (); }
  /** It put out pictures for a while. */
  bool had_done_well () const { return watch_.had_done_well (); }

  /** What its encoder did since the last call. Any thread. */
  Work take_work ();

  // Streaming thread of the bin.
  GstClockTime idle_since = GST_CLOCK_TIME_NONE; ///< nobody has wanted it since then
  std::string instead; ///< why its encoder isn't the first of its codec; empty: it is

private:
  Rendition (GstBin *bin, const RenditionSpec &spec, EncoderKind kind, bool patient, Hooks hooks);
  bool assemble ();
  bool add_queue ();
  std::string queue_name () const;
  void open ();

  static GstPadProbeReturn on_taken (GstPad *, GstPadProbeInfo *, gpointer self);
  static GstFlowReturn on_encoded (GstPad *pad, GstObject *, GstBuffer *buffer);
  static gboolean on_encoded_event (GstPad *pad, GstObject *, GstEvent *event);
  static gboolean on_head_query (GstPad *pad, GstObject *, GstQuery *query);

  GstBin *const bin_; // borrowed
  const guint64 id_;
  const RenditionSpec spec_;
  const EncoderKind kind_;
  const bool patient_;
  const Hooks hooks_;
  OutputWatch watch_;
  std::atomic<std::uint64_t> taken_ = 0, lost_ = 0, busy_ = 0; // see Work
  std::atomic<GstClockTime> taken_at_ = GST_CLOCK_TIME_NONE;   // what the encoder is at work on
  std::atomic<GstClockTime> key_from_ = GST_CLOCK_TIME_NONE;   // timestamp
  bool odd_ = false;                       // the next frame may be left out; decoder's thread
  GstClockTime due_ = GST_CLOCK_TIME_NONE; // timestamp of the next frame to take; decoder's thread
  ElementRow row_;
  Ref<GstElement> queue_;
  Ref<GstPad> head_, tail_;
};

} // namespace stagedoor::transcode
