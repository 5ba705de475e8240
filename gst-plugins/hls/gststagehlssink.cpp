// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's GObject face: properties, pads, state changes; what it does is in Sink.
/**
 * SECTION:element-stagehlssink
 * @title: stagehlssink
 *
 * Serves a live stream by HTTP Live Streaming, with low latency (LL-HLS, rfc8216bis) to players
 * that know it and as plain HLS to all others: any number of renditions of the picture, one video
 * pad each, and of sound. Nothing is converted; H.264, HEVC, AV1, VP9, AAC and Opus are put into
 * CMAF, and B-frames are welcome. MP3 isn't taken: browsers don't play it from CMAF.
 *
 * Parts of 200 ms are there as soon as they are complete, segments begin with key frames, at the
 * same places in all renditions. A track that is missing, or whose data stops, holds nothing back:
 * its playlist gets gaps. Media is kept in memory and goes from there to all players without a
 * copy; the HTTP server is shared with the other elements of the process on the same address.
 *
 * Below #GstStageHlsSink:path there are playlist.m3u8, the same as llhls.m3u8, and hls/ with all
 * that these name. Both are answered 404 while there is no stream. Who asks in its first seconds
 * gets playlists with parts only; browsers, ffmpeg, GStreamer and VLC, whose players don't get over
 * that, are answered when there is a whole segment. What the query of playlist.m3u8 has, as a play
 * key, is carried on to all URIs.
 *
 * An interruption that #stagegatesrc tells of by its events leaves the playlists standing; then
 * they go on with a discontinuity. Titles in tags become date ranges.
 *
 * Where key frames are farther apart than #GstStageHlsSink:target-duration, segments are longer,
 * and the first one tells how long: a playlist's EXT-X-TARGETDURATION must not change (rfc8216bis
 * section 6.2.1). Who was so early as to get a playlist that promised less loses it, and finds
 * another one by playlist.m3u8 when that segment is finished. From then on the promise is kept
 * until the stream ends: when key frames get rarer yet, segments begin without, and who joins there
 * sees nothing before the next one. With segments longer than wanted there is an element message
 * "stagedoor-problem" (fields "pad" and "text"; the text is empty when the problem is solved), a
 * warning, and the text in #GstStageHlsSink:problem.
 *
 * Buffers are taken as they come, without waiting for the clock, so the source should be live. Each
 * pad says upstream whether what comes is wanted, as those of #stagewhepsink do: somebody watches
 * who has asked for something in the last ten seconds.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc key-int-max=60 ! hls.video_0
 * audiotestsrc is-live=true ! audioconvert ! avenc_aac ! hls.audio_0
 * stagehlssink name=hls http-address=:8080 path=/live/demo
 * ]| Point a player at http://localhost:8080/live/demo/playlist.m3u8
 *
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc key-int-max=60 ! hls.video_0
 * stagehlssink name=hls location=demo
 * ]| Writes it to the folder demo as well, for another server.
 *
 * Since: 0.1
 */
#include "gst-plugins/hls/gststagehlssink.h"

#include "gst-plugins/hls/properties.hpp"

GST_DEBUG_CATEGORY (gst_stage_hls_sink_debug);
#define GST_CAT_DEFAULT gst_stage_hls_sink_debug

using namespace stagedoor;

namespace {

GParamSpec *problem_spec;

GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("video/x-h264,stream-format=(string){avc,byte-stream},alignment=au"
                         ";video/x-h265,stream-format=(string){hvc1,hev1,byte-stream},alignment=au"
                         ";video/x-av1,stream-format=obu-stream,alignment=tu;video/x-vp9"));
GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("audio/mpeg,mpegversion=(int)4,stream-format=(string)raw;audio/x-opus"));

} // namespace

struct _GstStageHlsSink
{
  GstElement parent;
  hlssink::Sink *impl;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageHlsSink, gst_stage_hls_sink, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_stage_hls_sink_debug, "stagehlssink", 0, "LL-HLS server"))
GST_ELEMENT_REGISTER_DEFINE (stagehlssink, "stagehlssink", GST_RANK_NONE, GST_TYPE_STAGE_HLS_SINK)

static hlssink::Sink &
impl_of (gpointer object)
{
  return *GST_STAGE_HLS_SINK (object)->impl;
}

static void
gst_stage_hls_sink_init (GstStageHlsSink *self)
{
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  self->impl = new hlssink::Sink (
      GST_ELEMENT (self), [self] { g_object_notify_by_pspec (G_OBJECT (self), problem_spec); });
}

static void
gst_stage_hls_sink_finalize (GObject *object)
{
  delete GST_STAGE_HLS_SINK (object)->impl;
  G_OBJECT_CLASS (gst_stage_hls_sink_parent_class)->finalize (object);
}

static void
gst_stage_hls_sink_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  const ObjectLock lock (object);
  if (!hlssink::set_setting (impl_of (object).settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_stage_hls_sink_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  auto &sink = impl_of (object);
  if (id == hlssink::PROP_VIEWERS)
    return g_value_set_uint (value, sink.viewers ());
  if (id == hlssink::PROP_STATS)
    return g_value_take_boxed (value, sink.stats ());
  if (id == hlssink::PROP_PROBLEM) {
    const auto problem = sink.problem ();
    return g_value_set_string (value, problem.empty () ? nullptr : problem.c_str ());
  }
  const ObjectLock lock (object);
  if (!hlssink::get_setting (sink.settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GstPad *
gst_stage_hls_sink_request_new_pad (
    GstElement *element, GstPadTemplate *templ, const gchar *name, const GstCaps *)
{
  return impl_of (element).add_pad (templ, name);
}

static void
gst_stage_hls_sink_release_pad (GstElement *element, GstPad *pad)
{
  impl_of (element).remove_pad (pad);
}

static GstStateChangeReturn
gst_stage_hls_sink_change_state (GstElement *element, GstStateChange transition)
{
  auto &sink = impl_of (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !sink.open ())
    return GST_STATE_CHANGE_FAILURE;
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_hls_sink_parent_class)->change_state (element, transition);
  switch (transition) {
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
      sink.set_playing (true);
      break;
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      sink.set_playing (false);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      sink.end_streams ();
      break;
    case GST_STATE_CHANGE_READY_TO_NULL:
      sink.close ();
      break;
    default:
      break;
  }
  return result;
}

static gboolean
gst_stage_hls_sink_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency_of_pads (element, query), TRUE;
  return GST_ELEMENT_CLASS (gst_stage_hls_sink_parent_class)->query (element, query);
}

static gboolean
gst_stage_hls_sink_send_event (GstElement *element, GstEvent *event)
{
  return send_event_to_pads (element, event);
}

static void
gst_stage_hls_sink_class_init (GstStageHlsSinkClass *klass)
{
  auto *object_class = G_OBJECT_CLASS (klass);
  auto *element_class = GST_ELEMENT_CLASS (klass);
  object_class->finalize = gst_stage_hls_sink_finalize;
  object_class->set_property = gst_stage_hls_sink_set_property;
  object_class->get_property = gst_stage_hls_sink_get_property;
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (gst_stage_hls_sink_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_stage_hls_sink_release_pad);
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_hls_sink_change_state);
  element_class->query = GST_DEBUG_FUNCPTR (gst_stage_hls_sink_query);
  element_class->send_event = GST_DEBUG_FUNCPTR (gst_stage_hls_sink_send_event);

  problem_spec = hlssink::install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Stagedoor LL-HLS server", "Sink/Network",
      "Serves a live stream by LL-HLS, or writes it to a folder", "The Stagedoor authors");
}
