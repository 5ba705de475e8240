// SPDX-License-Identifier: LGPL-2.1-or-later
// The element's GObject face: properties, signals, state changes; what it does is in Sink.
/**
 * SECTION:element-stagewhepsink
 * @title: stagewhepsink
 *
 * Shows a live stream to any number of browsers and other WHEP players, without converting it:
 * packetised once, encrypted for each viewer, sent from one UDP port by one thread. The HTTP server
 * and the UDP port are shared with the other elements of the process that use the same addresses.
 *
 * Buffers are sent as they come, without waiting for the clock, so the source must be live. A track
 * that is missing, or whose data never comes, holds nothing back. A new viewer starts at once with
 * the last key frame. When viewers need one, a force-key-unit event goes upstream.
 *
 * H.264 and HEVC with B-frames can't be sent by WebRTC. As long as the stream has some, there is an
 * element message "stagedoor-problem" (fields "pad" and "text"; the text is empty when the problem
 * is solved), a warning, and the text in #GstStageWhepSink:problem; viewers are told the same.
 *
 * Each pad says upstream whether what comes is wanted, so that elements there need not make what
 * nobody watches: a %GST_EVENT_CUSTOM_UPSTREAM with the structure "stagedoor-demand" and the
 * boolean field "wanted". It is FALSE when the pad has got its caps and there is no viewer, TRUE
 * from the offer of the first viewer on, and FALSE when the last one has gone. It comes on a thread
 * of its own, again after new caps.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 ! whep.video_0
 * audiotestsrc is-live=true ! audioconvert ! opusenc ! whep.audio_0
 * stagewhepsink name=whep http-address=:8080 path=/whep
 * ]| Point a WHEP player at http://localhost:8080/whep
 *
 * Since: 0.1
 */
#include "gst-plugins/whep/gststagewhepsink.h"

#include "gst-plugins/whep/sink.hpp"

GST_DEBUG_CATEGORY (gst_stage_whep_sink_debug);
#define GST_CAT_DEFAULT gst_stage_whep_sink_debug

using namespace stagedoor;

namespace {

enum Prop : guint {
  PROP_PATH = 1,
  PROP_HTTP_ADDRESS,
  PROP_WEBRTC_ADDRESS,
  PROP_PUBLIC_ADDRESS,
  PROP_VIEWERS,
  PROP_STATS,
  PROP_PROBLEM,
  N_PROPS
};
std::array<GParamSpec *, N_PROPS> props;

#define STAGE_H264_PROFILES                                                                        \
  "profile=(string){constrained-baseline,baseline,main,high,progressive-high,constrained-high}"
GstStaticPadTemplate video_template =
    GST_STATIC_PAD_TEMPLATE ("video_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS (
            "video/x-h264,stream-format=(string){avc,byte-stream},alignment=au," STAGE_H264_PROFILES
            ";video/x-h265,stream-format=(string){hvc1,hev1,byte-stream},alignment=au"
            ";video/x-av1,stream-format=obu-stream,alignment=tu;video/x-vp8;video/x-vp9"));
GstStaticPadTemplate audio_template =
    GST_STATIC_PAD_TEMPLATE ("audio_%u", GST_PAD_SINK, GST_PAD_REQUEST,
        GST_STATIC_CAPS ("audio/x-opus,channel-mapping-family=(int)0"
                         ";audio/x-opus,rate=(int)48000,channels=(int)[1,2]"));

} // namespace

struct _GstStageWhepSink
{
  GstElement parent;
  whep::Sink *impl;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageWhepSink, gst_stage_whep_sink, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_stage_whep_sink_debug, "stagewhepsink", 0, "WHEP server"))
GST_ELEMENT_REGISTER_DEFINE (
    stagewhepsink, "stagewhepsink", GST_RANK_NONE, GST_TYPE_STAGE_WHEP_SINK)

static whep::Sink &
impl_of (gpointer object)
{
  return *GST_STAGE_WHEP_SINK (object)->impl;
}

static void
gst_stage_whep_sink_init (GstStageWhepSink *self)
{
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  self->impl = new whep::Sink (GST_ELEMENT (self),
      [self] { g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROBLEM]); });
}

static void
gst_stage_whep_sink_finalize (GObject *object)
{
  delete GST_STAGE_WHEP_SINK (object)->impl;
  G_OBJECT_CLASS (gst_stage_whep_sink_parent_class)->finalize (object);
}

static std::string *
text_of (whep::Settings &settings, guint id)
{
  switch (id) {
    case PROP_PATH:
      return &settings.path;
    case PROP_HTTP_ADDRESS:
      return &settings.http_address;
    case PROP_WEBRTC_ADDRESS:
      return &settings.webrtc_address;
    case PROP_PUBLIC_ADDRESS:
      return &settings.public_address;
    default:
      return nullptr;
  }
}

static void
gst_stage_whep_sink_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  const char *text = g_value_get_string (value);
  const ObjectLock lock (object);
  if (auto *setting = text_of (impl_of (object).settings, id))
    *setting = text != nullptr ? text : "";
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GstStructure *
stats_of (whep::Sink &sink)
{
  const auto stats = sink.reception ().stats ();
  return gst_structure_new ("stagewhepsink-stats", "viewers", G_TYPE_UINT64, stats.viewers,
      "pending", G_TYPE_UINT64, stats.pending, "joined", G_TYPE_UINT64, stats.joined, "packets",
      G_TYPE_UINT64, stats.packets, "bytes", G_TYPE_UINT64, stats.bytes, "retransmitted",
      G_TYPE_UINT64, stats.retransmitted, "lost", G_TYPE_UINT64, stats.lost, "keyframe-requests",
      G_TYPE_UINT64, stats.keyframe_requests, "unsent", G_TYPE_UINT64, stats.unsent, "skipped",
      G_TYPE_UINT64, stats.skipped, nullptr);
}

static void
gst_stage_whep_sink_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  auto &sink = impl_of (object);
  if (id == PROP_VIEWERS) {
    g_value_set_uint (value, static_cast<guint> (sink.reception ().stats ().viewers));
  } else if (id == PROP_STATS) {
    g_value_take_boxed (value, stats_of (sink));
  } else if (id == PROP_PROBLEM) {
    const auto problem = sink.reception ().problem ();
    g_value_set_string (value, problem.empty () ? nullptr : problem.c_str ());
  } else {
    const ObjectLock lock (object);
    if (const auto *setting = text_of (sink.settings, id))
      g_value_set_string (value, setting->c_str ());
    else
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static GstPad *
gst_stage_whep_sink_request_new_pad (
    GstElement *element, GstPadTemplate *templ, const gchar *name, const GstCaps *)
{
  return impl_of (element).add_pad (templ, name);
}

static void
gst_stage_whep_sink_release_pad (GstElement *element, GstPad *pad)
{
  impl_of (element).remove_pad (pad);
}

static GstStateChangeReturn
gst_stage_whep_sink_change_state (GstElement *element, GstStateChange transition)
{
  auto &sink = impl_of (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !sink.open ())
    return GST_STATE_CHANGE_FAILURE;
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_whep_sink_parent_class)->change_state (element, transition);
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
gst_stage_whep_sink_query (GstElement *element, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency_of_pads (element, query), TRUE;
  return GST_ELEMENT_CLASS (gst_stage_whep_sink_parent_class)->query (element, query);
}

static gboolean
gst_stage_whep_sink_send_event (GstElement *element, GstEvent *event)
{
  return send_event_to_pads (element, event);
}

static GstStructure *
gst_stage_whep_sink_offer (GstStageWhepSink *self, const gchar *sdp)
{
  const auto joined = self->impl->reception ().offer (sdp != nullptr ? sdp : "", {});
  const guint status = joined ? 201 : static_cast<guint> (joined.error ().status);
  return gst_structure_new ("stagewhepsink-answer", "status", G_TYPE_UINT, status, "id",
      G_TYPE_STRING, joined ? joined->id.c_str () : nullptr, "answer", G_TYPE_STRING,
      joined ? joined->answer.c_str () : nullptr, "text", G_TYPE_STRING,
      joined ? nullptr : joined.error ().text.c_str (), nullptr);
}

static gboolean
gst_stage_whep_sink_end (GstStageWhepSink *self, const gchar *id)
{
  return id != nullptr && self->impl->reception ().end (id);
}

static GParamSpec *
new_setting (const char *name, const char *nick, const char *blurb, const std::string &value)
{
  constexpr auto flags = static_cast<GParamFlags> (
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  return g_param_spec_string (name, nick, blurb, value.c_str (), flags);
}

static void
install_settings ()
{
  const whep::Settings defaults;
  /**
   * GstStageWhepSink:path:
   *
   * Where viewers POST their offers. Empty: nowhere; the application serves HTTP itself and uses
   * #GstStageWhepSink::offer and #GstStageWhepSink::end. Takes effect in the state change to READY,
   * as do the addresses.
   *
   * Since: 0.1
   */
  props[PROP_PATH] = new_setting (
      "path", "Path", "HTTP path of the WHEP endpoint; empty for no HTTP", defaults.path);
  /**
   * GstStageWhepSink:http-address:
   *
   * Where the HTTP server listens: host:port, :port for all addresses, :0 for a free port.
   *
   * Since: 0.1
   */
  props[PROP_HTTP_ADDRESS] = new_setting (
      "http-address", "HTTP address", "Where the HTTP server listens", defaults.http_address);
  /**
   * GstStageWhepSink:webrtc-address:
   *
   * The UDP port that all media leaves from.
   *
   * Since: 0.1
   */
  props[PROP_WEBRTC_ADDRESS] = new_setting (
      "webrtc-address", "WebRTC address", "The UDP port for media", defaults.webrtc_address);
  /**
   * GstStageWhepSink:public-address:
   *
   * The IP address under which viewers reach this machine, when that isn't one of its own (1:1
   * NAT). Counts for whoever opens the UDP port first.
   *
   * Since: 0.1
   */
  props[PROP_PUBLIC_ADDRESS] = new_setting ("public-address", "Public address",
      "IP address told to viewers before those of the interfaces", {});
}

static void
install_state ()
{
  constexpr auto readable = static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * GstStageWhepSink:viewers:
   *
   * How many are connected. Doesn't notify.
   *
   * Since: 0.1
   */
  props[PROP_VIEWERS] =
      g_param_spec_uint ("viewers", "Viewers", "Connected viewers", 0, G_MAXUINT, 0, readable);
  /**
   * GstStageWhepSink:stats:
   *
   * Fields, all guint64: viewers and pending (have an answer but aren't connected) as of now;
   * joined, packets, bytes (of payload), retransmitted, lost (as viewers report),
   * keyframe-requests, unsent (packets the socket had no room for), skipped (frames given up under
   * overload) since READY. Packet counters are brought up to date once a second.
   *
   * Since: 0.1
   */
  props[PROP_STATS] =
      g_param_spec_boxed ("stats", "Statistics", "Counters", GST_TYPE_STRUCTURE, readable);
  /**
   * GstStageWhepSink:problem:
   *
   * Why the stream can't be shown at the moment, for people; NULL when it can. Notifies on
   * streaming threads.
   *
   * Since: 0.1
   */
  props[PROP_PROBLEM] = g_param_spec_string (
      "problem", "Problem", "Why the stream can't be shown", nullptr, readable);
}

static void
install_signals (GType type)
{
  /**
   * GstStageWhepSink::offer:
   * @sink: the element
   * @sdp: what a viewer offers
   *
   * For applications that serve HTTP themselves. Thread safe.
   *
   * Returns: (transfer full): a structure with "status" (guint), the HTTP status that fits; when it
   * is 201, "answer" and "id" for #GstStageWhepSink::end; otherwise "text", the reason for people.
   *
   * Since: 0.1
   */
  g_signal_new_class_handler ("offer", type,
      static_cast<GSignalFlags> (G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
      G_CALLBACK (gst_stage_whep_sink_offer), nullptr, nullptr, nullptr, GST_TYPE_STRUCTURE, 1,
      G_TYPE_STRING);
  /**
   * GstStageWhepSink::end:
   * @sink: the element
   * @id: a viewer's id
   *
   * Ends a viewer. Thread safe.
   *
   * Returns: FALSE when there is no such viewer (any more)
   *
   * Since: 0.1
   */
  g_signal_new_class_handler ("end", type,
      static_cast<GSignalFlags> (G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION),
      G_CALLBACK (gst_stage_whep_sink_end), nullptr, nullptr, nullptr, G_TYPE_BOOLEAN, 1,
      G_TYPE_STRING);
}

static void
gst_stage_whep_sink_class_init (GstStageWhepSinkClass *klass)
{
  auto *object_class = G_OBJECT_CLASS (klass);
  auto *element_class = GST_ELEMENT_CLASS (klass);
  object_class->finalize = gst_stage_whep_sink_finalize;
  object_class->set_property = gst_stage_whep_sink_set_property;
  object_class->get_property = gst_stage_whep_sink_get_property;
  element_class->request_new_pad = GST_DEBUG_FUNCPTR (gst_stage_whep_sink_request_new_pad);
  element_class->release_pad = GST_DEBUG_FUNCPTR (gst_stage_whep_sink_release_pad);
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_whep_sink_change_state);
  element_class->query = GST_DEBUG_FUNCPTR (gst_stage_whep_sink_query);
  element_class->send_event = GST_DEBUG_FUNCPTR (gst_stage_whep_sink_send_event);

  install_settings ();
  install_state ();
  g_object_class_install_properties (object_class, props.size (), props.data ());
  install_signals (G_TYPE_FROM_CLASS (klass));
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Stagedoor WHEP server",
      "Sink/Network/WebRTC", "Shows a live stream to browsers", "The Stagedoor authors");
}
