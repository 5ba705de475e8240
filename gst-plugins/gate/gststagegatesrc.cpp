// SPDX-License-Identifier: LGPL-2.1-or-later
// The element: properties, state changes and events around a StreamReader.
/**
 * SECTION:element-stagegatesrc
 * @title: stagegatesrc
 *
 * Listens for a publisher by RTMP, RTMPS, SRT or WHIP (OBS, ffmpeg, cameras, browsers), lets in
 * whoever shows a key that holds, and puts out what that sends as elementary streams with complete
 * caps, as they come: nothing is decoded. One that is refused is told why; here that is an element
 * message "stagedoor-refused" (fields "name", "peer", "reason" and "text"), never an error.
 * "stagedoor-published" (fields "name" and "protocol") and "stagedoor-unpublished" (field "why")
 * tell of the one that was admitted.
 *
 * A publisher whose connection breaks, stops, is taken over or is silent for 1.8 s interrupts
 * the stream: an element message "stagedoor-interrupted" (field "why"). When frames flow again
 * "stagedoor-resumed" (field "protocol") follows, and the stream goes on, on the same pads and in
 * running time. #GstStageGateSrc:reconnect-grace says how long that may take; then come
 * "stagedoor-unpublished" and EOS. Frames of the last publication are never mixed with those of the
 * next.
 *
 * Elements downstream see an interruption on each pad as two serialized custom downstream events
 * around it, "stagedoor-interrupted" (field "why") and "stagedoor-resumed". After the second, the
 * first buffer of each pad is marked DISCONT; video begins with a key frame when it is another
 * publication, which may have other caps. The events are the sure sign: DISCONT is also set where
 * frames were lost. Time goes on during an interruption, so the buffers' timestamps have a gap as
 * long as it was. A publisher that comes back without a track that it had before leaves that pad
 * silent, but for GAP events while the other one has data.
 *
 * The pads "video" and "audio" appear with the first frame of each. A publisher need not send both:
 * no-more-pads comes with the second pad, or when the first has carried two seconds.
 *
 * The source is live. A frame's time is that of the arrival of the first one, plus the publisher's
 * own time since then. The reported latency starts at 100 ms and grows with the publisher's jitter,
 * up to two seconds.
 *
 * Elements on the same address share one listener. In an application that has opened it and decides
 * itself who may publish, only #GstStageGateSrc:location need be set.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 -e stagegatesrc name=gate location=rtmp://:1935/live/demo public=true
 * gate.video ! queue ! mux.video_0 gate.audio ! queue ! mux.audio_0 mp4mux name=mux
 * ! filesink location=demo.mp4
 * ]|
 * Records what, for instance, OBS sends to rtmp://127.0.0.1/live with the stream key demo, until it
 * stops. With key-file instead of public, only keys that were signed with a secret in that file are
 * let in.
 *
 * |[
 * gst-launch-1.0 -e stagegatesrc name=gate location=srt://:9999/live/demo public=true
 * gate.video ! queue ! mux.video_0 gate.audio ! queue ! mux.audio_0 mp4mux name=mux
 * ! filesink location=demo.mp4
 * ]|
 * Likewise by SRT, from srt://127.0.0.1:9999?streamid=publish:live/demo.
 *
 * |[
 * gst-launch-1.0 -e stagegatesrc name=gate location=whip://:8080/live/demo public=true
 * gate.video ! queue ! mux.video_0 gate.audio ! queue ! mux.audio_0 matroskamux name=mux
 * ! filesink location=demo.mkv
 * ]|
 * Likewise by WHIP, at http://127.0.0.1:8080/live/demo/whip. The HTTP server, and the UDP port of
 * #GstStageGateSrc:webrtc-address, are shared with stagewhepsink. Such a publisher is asked for a
 * key frame when something was lost, and when somebody downstream wants one.
 *
 * With #GstStageGateSrc:tls-certificate and #GstStageGateSrc:tls-private-key, rtmps:// listens for
 * RTMPS only, and rtmp:// takes both at one port.
 *
 * Since: 0.1
 */
#include "gst-plugins/gate/gststagegatesrc.h"

#include "gst-plugins/gate/properties.hpp"
#include "gst-plugins/gate/reader.hpp"

GST_DEBUG_CATEGORY (gst_stage_gate_src_debug);
#define GST_CAT_DEFAULT gst_stage_gate_src_debug

using namespace stagedoor;
using gate::Entrance;
using gate::Settings;
using gate::StreamReader;

namespace {

struct Impl
{
  explicit Impl (GstStageGateSrc *owner) : self (owner), reader (GST_ELEMENT (owner)) {}

  GstStageGateSrc *const self;              // borrowed
  Settings settings;                        // protected by OBJECT_LOCK
  std::shared_ptr<const Entrance> entrance; // written by state changes, under OBJECT_LOCK
  StreamReader reader;

  bool open ();
  void start ();
  GstStructure *stats () const;
};

#define STAGE_VIDEO_CAPS                                                                           \
  "video/x-h264, stream-format=avc, alignment=au; video/x-h265, stream-format=hvc1, "              \
  "alignment=au; video/x-av1, stream-format=obu-stream, alignment=tu; video/x-vp9; video/x-vp8"
#define STAGE_AUDIO_CAPS                                                                           \
  "audio/mpeg, mpegversion=4, stream-format=raw; audio/mpeg, mpegversion=1, layer=3; "             \
  "audio/x-opus; audio/x-ac3; audio/x-flac"

GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE (
    "video", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS (STAGE_VIDEO_CAPS));
GstStaticPadTemplate audio_template = GST_STATIC_PAD_TEMPLATE (
    "audio", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS (STAGE_AUDIO_CAPS));

} // namespace

struct _GstStageGateSrc
{
  GstElement parent;
  Impl *impl;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageGateSrc, gst_stage_gate_src, GST_TYPE_ELEMENT,
    GST_DEBUG_CATEGORY_INIT (gst_stage_gate_src_debug, "stagegatesrc", 0, "publishers' media"))
GST_ELEMENT_REGISTER_DEFINE (stagegatesrc, "stagegatesrc", GST_RANK_NONE, GST_TYPE_STAGE_GATE_SRC)

bool
Impl::open ()
{
  Settings now;
  {
    const ObjectLock lock (self);
    now = settings;
  }
  auto opened = gate::open_entrance (GST_ELEMENT (self), now);
  if (!opened) {
    const auto &failure = opened.error ();
    gst_element_message_full (GST_ELEMENT (self), GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
        failure.code, g_strdup (failure.text.c_str ()), nullptr, __FILE__, GST_FUNCTION, __LINE__);
    return false;
  }
  if (now.public_stream)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("Anybody who reaches this machine may publish on %s: public is set.",
            opened->name.c_str ()),
        (nullptr));
  const ObjectLock lock (self);
  entrance = std::make_shared<const Entrance> (std::move (*opened));
  return true;
}

void
Impl::start ()
{
  gate::Patience patience;
  {
    const ObjectLock lock (self);
    patience = {std::chrono::milliseconds (settings.reconnect_grace_ms), settings.keep_listening};
  }
  reader.start (entrance->gate, entrance->name, patience);
}

GstStructure *
Impl::stats () const
{
  std::shared_ptr<const Entrance> open;
  {
    const ObjectLock lock (self);
    open = entrance;
  }
  const auto n = open ? open->gate->counters () : gate::Counters{};
  auto *out = gst_structure_new ("stagegatesrc-stats", "connections", G_TYPE_UINT64, n.connections,
      "admitted", G_TYPE_UINT64, n.admitted, "refused", G_TYPE_UINT64, n.refused, "refused-limits",
      G_TYPE_UINT64, n.refused_limits, "refused-back-off", G_TYPE_UINT64, n.refused_back_off,
      "protocol-errors", G_TYPE_UINT64, n.protocol_errors, "open", G_TYPE_UINT64, n.open, nullptr);
  if (open)
    gst_structure_set (out, "address", G_TYPE_STRING, open->gate->address ().c_str (), nullptr);
  if (const Structure publication{reader.stats ()})
    gst_structure_set (out, "publication", GST_TYPE_STRUCTURE, publication.get (), nullptr);
  return out;
}

static void
gst_stage_gate_src_init (GstStageGateSrc *self)
{
  self->impl = new Impl (self);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

static void
gst_stage_gate_src_finalize (GObject *object)
{
  delete GST_STAGE_GATE_SRC (object)->impl;
  G_OBJECT_CLASS (gst_stage_gate_src_parent_class)->finalize (object);
}

static void
gst_stage_gate_src_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  const ObjectLock lock (object);
  if (!gate::set_setting (GST_STAGE_GATE_SRC (object)->impl->settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_stage_gate_src_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const auto &impl = *GST_STAGE_GATE_SRC (object)->impl;
  if (id == gate::PROP_STATS) {
    g_value_take_boxed (value, impl.stats ());
    return;
  }
  const ObjectLock lock (object);
  if (!gate::get_setting (impl.settings, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GstStateChangeReturn
gst_stage_gate_src_change_state (GstElement *element, GstStateChange transition)
{
  auto &impl = *GST_STAGE_GATE_SRC (element)->impl;
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !impl.open ())
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    impl.start ();
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED)
    impl.reader.set_playing (false);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    impl.reader.unblock ();
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_gate_src_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE) {
    impl.reader.unblock ();
    impl.reader.stop ();
  }
  switch (transition) {
    case GST_STATE_CHANGE_READY_TO_PAUSED:
    case GST_STATE_CHANGE_PLAYING_TO_PAUSED:
      return result == GST_STATE_CHANGE_FAILURE ? result : GST_STATE_CHANGE_NO_PREROLL;
    case GST_STATE_CHANGE_PAUSED_TO_PLAYING:
      impl.reader.set_playing (true);
      break;
    case GST_STATE_CHANGE_PAUSED_TO_READY:
      impl.reader.stop ();
      break;
    case GST_STATE_CHANGE_READY_TO_NULL: {
      std::shared_ptr<const Entrance> gone; // waits for the gate thread, so not under the lock
      const ObjectLock lock (element);
      gone.swap (impl.entrance);
      break;
    }
    default:
      break;
  }
  return result;
}

static gboolean
gst_stage_gate_src_send_event (GstElement *element, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS (gst_stage_gate_src_parent_class)->send_event (element, event);
  gst_event_unref (event);
  return GST_STAGE_GATE_SRC (element)->impl->reader.send_eos ();
}

static void
gst_stage_gate_src_class_init (GstStageGateSrcClass *klass)
{
  auto *object_class = G_OBJECT_CLASS (klass);
  auto *element_class = GST_ELEMENT_CLASS (klass);
  object_class->finalize = gst_stage_gate_src_finalize;
  object_class->set_property = gst_stage_gate_src_set_property;
  object_class->get_property = gst_stage_gate_src_get_property;
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_gate_src_change_state);
  element_class->send_event = GST_DEBUG_FUNCPTR (gst_stage_gate_src_send_event);

  gate::install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &video_template);
  gst_element_class_add_static_pad_template (element_class, &audio_template);
  gst_element_class_set_static_metadata (element_class, "Stagedoor gate", "Source/Network",
      "Receives what a publisher with a valid key sends by RTMP or SRT", "The Stagedoor authors");
}
