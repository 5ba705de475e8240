// SPDX-License-Identifier: LGPL-2.1-or-later
// The element: pads and events around libs/mpegts' muxer.
/**
 * SECTION:element-stagetsmux
 * @title: stagetsmux
 *
 * Puts one video and one audio track into a transport stream, for live use: what comes goes out at
 * once, on the thread that brought it. It waits for neither track and for no clock, so one that is
 * missing, late or never has data holds nothing back; when it comes, the program map is changed.
 * Tables and parameter sets are repeated with each key frame.
 *
 * Takes H.264, HEVC, AAC, MP3, AC-3 and Opus, as MP4 has them or as byte streams and ADTS. What a
 * transport stream can't carry is dropped, with an element message "stagedoor-problem" (strings
 * "pad" and "text") and a warning; it is never an error. When the problem is gone the message comes
 * again, with an empty text.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc num-buffers=100 ! x264enc tune=zerolatency ! mux.video
 * audiotestsrc num-buffers=100 ! audioconvert ! avenc_aac ! mux.audio
 * stagetsmux name=mux ! filesink location=demo.ts
 * ]|
 *
 * Since: 0.1
 */
#include "gst-plugins/srt/gststagetsmux.h"

#include <array>

#include "gst-plugins/srt/ts_track.hpp"

GST_DEBUG_CATEGORY_STATIC (gst_stage_ts_mux_debug);
#define GST_CAT_DEFAULT gst_stage_ts_mux_debug

using namespace stagedoor;
using mpegts::MuxTrack;
using srtsink::TsTrack;

namespace {

#define STAGE_VIDEO_CAPS                                                                           \
  "video/x-h264, stream-format=(string){avc,byte-stream}, alignment=au;"                           \
  "video/x-h265, stream-format=(string){hvc1,hev1,byte-stream}, alignment=au;"                     \
  "video/x-vp8; video/x-vp9; video/x-av1"
#define STAGE_AUDIO_CAPS                                                                           \
  "audio/mpeg, mpegversion=(int){2,4}, stream-format=(string){raw,adts};"                          \
  "audio/mpeg, mpegversion=1, layer=3; audio/x-opus; audio/x-ac3; audio/x-eac3; audio/x-flac"

GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (STAGE_VIDEO_CAPS));
GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS (STAGE_AUDIO_CAPS));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/mpegts, systemstream=(boolean)true, packetsize=(int)188"));

/** The source pad's stream lock guards all but the pad, and is held while pushing. */
struct Impl
{
  explicit Impl (GstElement *owner) : self (owner) {}

  GstElement *const self; // borrowed
  GstPad *src = nullptr;  // the element's
  std::array<TsTrack, 2> tracks{TsTrack (MuxTrack::video), TsTrack (MuxTrack::audio)};
  mpegts::Muxer muxer;
  bool introduced = false; // the source pad has its sticky events
  Bytes packets;

  TsTrack &track_of (GstPad *pad)
  {
    return tracks[g_str_equal (GST_PAD_NAME (pad), "video") ? 0 : 1];
  }
  GstFlowReturn take (GstPad *pad, GstBuffer *frame);
  void introduce ();
  void take_event (GstPad *pad, GstEvent *event);
  void take_caps (GstPad *pad, GstEvent *event);
  void tell (GstPad *pad, const std::string &problem);
  void forget (TsTrack &track);
  void push_eos ();
  void restart ();
};

class StreamLock
{
public:
  explicit StreamLock (GstPad *pad) : pad_ (pad) { GST_PAD_STREAM_LOCK (pad_); }
  ~StreamLock () { GST_PAD_STREAM_UNLOCK (pad_); }
  StreamLock (const StreamLock &) = delete;
  StreamLock &operator= (const StreamLock &) = delete;

private:
  GstPad *const pad_;
};

} // namespace

struct _GstStageTsMux
{
  GstElement parent;
  Impl *impl;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageTsMux, gst_stage_ts_mux, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_stage_ts_mux_debug, "stagetsmux", 0, "MPEG-TS muxer"))
GST_ELEMENT_REGISTER_DEFINE (stagetsmux, "stagetsmux", GST_RANK_NONE, GST_TYPE_STAGE_TS_MUX)

void
Impl::introduce ()
{
  if (std::exchange (introduced, true))
    return;
  const String id (g_strdup_printf ("stagetsmux/%08x", g_random_int ()));
  gst_pad_push_event (src, gst_event_new_stream_start (id.get ()));
  const auto caps = adopt (gst_static_pad_template_get_caps (&src_template));
  gst_pad_push_event (src, gst_event_new_caps (caps.get ()));
  GstSegment segment; // buffers are stamped with running time
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_segment (&segment));
}

GstFlowReturn
Impl::take (GstPad *pad, GstBuffer *frame)
{
  const StreamLock lock (src);
  auto &track = track_of (pad);
  packets.clear ();
  if (!track.write (frame, muxer, packets))
    return GST_FLOW_OK;
  introduce ();
  auto *out = gst_buffer_new_allocate (nullptr, packets.size (), nullptr);
  gst_buffer_fill (out, 0, packets.data (), packets.size ());
  GST_BUFFER_PTS (out) = track.time_of (frame);
  if (tracks[0].carried () && !track.is_key (frame))
    GST_BUFFER_FLAG_SET (out, GST_BUFFER_FLAG_DELTA_UNIT);
  return gst_pad_push (src, out);
}

void
Impl::take_caps (GstPad *pad, GstEvent *event)
{
  GstCaps *caps = nullptr;
  gst_event_parse_caps (event, &caps);
  tell (pad, track_of (pad).set_caps (caps, muxer));
}

void
Impl::tell (GstPad *pad, const std::string &problem)
{
  auto &known = track_of (pad).problem;
  if (known == problem)
    return;
  known = problem;
  gst_element_post_message (
      self, gst_message_new_element (GST_OBJECT (self),
                gst_structure_new ("stagedoor-problem", "pad", G_TYPE_STRING, GST_PAD_NAME (pad),
                    "text", G_TYPE_STRING, problem.c_str (), nullptr)));
  if (!problem.empty ())
    GST_ELEMENT_WARNING (self, STREAM, WRONG_TYPE, ("%s", problem.c_str ()), (nullptr));
}

/** Once no track that has begun goes on. */
void
Impl::push_eos ()
{
  bool any = false;
  for (const auto &track : tracks) {
    if (track.started && !track.ended)
      return;
    any |= track.started;
  }
  if (!any)
    return;
  introduce ();
  gst_pad_push_event (src, gst_event_new_eos ());
}

void
Impl::take_event (GstPad *pad, GstEvent *event)
{
  const StreamLock lock (src);
  auto &track = track_of (pad);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_STREAM_START:
      track.started = true;
      track.ended = false;
      break;
    case GST_EVENT_CAPS:
      take_caps (pad, event);
      break;
    case GST_EVENT_SEGMENT: {
      const GstSegment *segment = nullptr;
      gst_event_parse_segment (event, &segment);
      track.set_segment (*segment);
      break;
    }
    case GST_EVENT_FLUSH_STOP:
      track.ended = false;
      muxer.restart ();
      introduced = false;
      gst_pad_push_event (src, gst_event_ref (event));
      break;
    case GST_EVENT_EOS:
      track.ended = true;
      push_eos ();
      break;
    default: // tags and the like are of a track, and the stream has none
      break;
  }
}

/** The track is no more part of the program. */
void
Impl::forget (TsTrack &track)
{
  track.reset ();
  muxer.set (&track == tracks.data () ? MuxTrack::video : MuxTrack::audio, std::nullopt);
}

void
Impl::restart ()
{
  const StreamLock lock (src);
  for (auto &track : tracks) {
    track.reset ();
    track.problem.clear ();
  }
  muxer = {};
  introduced = false;
}

static Impl &
impl_of (gpointer object)
{
  return *GST_STAGE_TS_MUX (object)->impl;
}

static GstFlowReturn
gst_stage_ts_mux_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  const auto owned = adopt (buffer);
  return impl_of (parent).take (pad, buffer);
}

static gboolean
gst_stage_ts_mux_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  const auto owned = adopt (event);
  auto &impl = impl_of (parent);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START)
    gst_pad_push_event (impl.src, gst_event_ref (event)); // unblocks whoever holds the lock
  else
    impl.take_event (pad, event);
  return TRUE;
}

static void
gst_stage_ts_mux_init (GstStageTsMux *self)
{
  self->impl = new Impl (GST_ELEMENT (self));
  self->impl->src = gst_pad_new_from_static_template (&src_template, "src");
  gst_pad_use_fixed_caps (self->impl->src);
  gst_element_add_pad (GST_ELEMENT (self), self->impl->src);
}

static void
gst_stage_ts_mux_finalize (GObject *object)
{
  delete GST_STAGE_TS_MUX (object)->impl;
  G_OBJECT_CLASS (gst_stage_ts_mux_parent_class)->finalize (object);
}

static GstPad *
gst_stage_ts_mux_request_new_pad (
    GstElement *element, GstPadTemplate *templ, const gchar *, const GstCaps *)
{
  if (adopt (gst_element_get_static_pad (element, templ->name_template)))
    return nullptr; // one of each
  auto *pad = gst_pad_new_from_template (templ, templ->name_template);
  gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (gst_stage_ts_mux_chain));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (gst_stage_ts_mux_event));
  gst_pad_set_active (pad, TRUE);
  return gst_element_add_pad (element, pad) ? pad : nullptr;
}

static void
gst_stage_ts_mux_release_pad (GstElement *element, GstPad *pad)
{
  const auto kept = share (pad);
  gst_pad_set_active (pad, FALSE);
  gst_element_remove_pad (element, pad);
  auto &impl = impl_of (element);
  const StreamLock lock (impl.src);
  impl.forget (impl.track_of (pad));
}

static GstStateChangeReturn
gst_stage_ts_mux_change_state (GstElement *element, GstStateChange transition)
{
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_ts_mux_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    impl_of (element).restart ();
  return result;
}

static void
gst_stage_ts_mux_class_init (GstStageTsMuxClass *klass)
{
  auto *element_class = GST_ELEMENT_CLASS (klass);
  G_OBJECT_CLASS (klass)->finalize = gst_stage_ts_mux_finalize;
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (gst_stage_ts_mux_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_stage_ts_mux_release_pad);
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_ts_mux_change_state);

  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Stagedoor transport stream muxer",
      "Codec/Muxer", "Puts live video and audio into a transport stream without waiting",
      "The Stagedoor authors");
}
