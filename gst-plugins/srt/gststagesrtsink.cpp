// SPDX-License-Identifier: LGPL-2.1-or-later
// The element: a transport stream goes in, a gate's outlet takes it in SRT's messages.
/**
 * SECTION:element-stagesrtsink
 * @title: stagesrtsink
 *
 * Serves a live transport stream to SRT callers that ask for it (m=request) with a play key: VLC,
 * mpv, ffplay. It is fed once, whoever watches. A viewer begins at once with the last key frame;
 * one that is too slow goes on with the next, and holds up nobody. Callers are let in while there
 * is a stream; others are told that it is offline.
 *
 * Buffers are sent as they come, without waiting for the clock, so the source must be live. Key
 * frames are found by the random access indicators that #stagetsmux and mpegtsmux write.
 *
 * Elements on the same address share one listener: the one of #stagegatesrc, which publishers call,
 * serves viewers, too. In an application that has opened it and decides itself who may play, only
 * #GstStageSrtSink:location need be set. A viewer that is refused is told why; here that is an
 * element message "stagedoor-refused" (fields "name", "peer", "reason" and "text").
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 ! stagetsmux
 * ! stagesrtsink location=srt://:9999/live/demo public=true
 * ]| Watch it with ffplay 'srt://127.0.0.1:9999?streamid=request:live/demo'
 *
 * Since: 0.1
 */
#include "gst-plugins/srt/gststagesrtsink.h"

#include "gst-plugins/srt/properties.hpp"
#include "libs/mpegts/messages.hpp"

GST_DEBUG_CATEGORY_STATIC (gst_stage_srt_sink_debug);
#define GST_CAT_DEFAULT gst_stage_srt_sink_debug

using namespace stagedoor;

namespace {

struct Impl
{
  explicit Impl (GstStageSrtSink *owner) : self (owner)
  {
    setup.location = "srt://:9999/live/demo";
  }

  GstStageSrtSink *const self; // borrowed
  gate::DoorSetup setup;       // protected by OBJECT_LOCK
  // State changes; there while the element is READY or more. Read under OBJECT_LOCK.
  std::shared_ptr<const gate::FoundGate> found;
  gate::Gate::Token refused;
  // Streaming thread, and state changes without one:
  mpegts::MessageCutter cutter;
  std::vector<mpegts::Message> messages;
  std::shared_ptr<gate::Outlet> outlet; // one for each stream; written under OBJECT_LOCK

  tl::expected<void, gate::Failure> open ();
  void close ();
  void take (GstBuffer *buffer);
  void push ();
  void renew_outlet ();
  void end_stream ();
  gate::OutletStats outlet_stats () const;
  GstStructure *stats () const;
};

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/mpegts, systemstream=(boolean)true, packetsize=(int)188"));

} // namespace

struct _GstStageSrtSink
{
  GstBaseSink parent;
  Impl *impl;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageSrtSink, gst_stage_srt_sink, GST_TYPE_BASE_SINK,
    GST_DEBUG_CATEGORY_INIT (gst_stage_srt_sink_debug, "stagesrtsink", 0, "SRT server"))
GST_ELEMENT_REGISTER_DEFINE (stagesrtsink, "stagesrtsink", GST_RANK_NONE, GST_TYPE_STAGE_SRT_SINK)

static Impl &
impl_of (gpointer object)
{
  return *GST_STAGE_SRT_SINK (object)->impl;
}

tl::expected<void, gate::Failure>
Impl::open ()
{
  gate::DoorSetup now;
  {
    const ObjectLock lock (self);
    now = setup;
  }
  if (!now.location.starts_with ("srt://"))
    return gate::wrong_settings ("location is not srt://[HOST][:PORT]/APP/STREAM");
  auto opened = gate::find_gate (GST_ELEMENT (self), now);
  if (!opened)
    return tl::unexpected (opened.error ());
  const bool alone = opened->verifier != nullptr;
  if (!alone && !opened->gate->admits (opened->name))
    return gate::wrong_settings (
        "nobody could watch: set key-file or keys, or public=true to let anybody in");
  if (now.public_stream)
    GST_ELEMENT_WARNING (self, RESOURCE, SETTINGS,
        ("Anybody who reaches this machine may watch %s: public is set.", opened->name.c_str ()),
        (nullptr));
  // Gate thread.
  refused = opened->gate->on_refused (
      [element = GST_ELEMENT (self), alone, name = opened->name] (const gate::Refused &who) {
        if (who.role == keys::Role::play && (who.name == name || (alone && !who.name.empty ())))
          gate::post_refused (element, who);
      });
  {
    const ObjectLock lock (self);
    found = std::make_shared<const gate::FoundGate> (std::move (*opened));
  }
  renew_outlet ();
  return {};
}

/** Ends the old one: viewers get what is there, and are closed. */
void
Impl::renew_outlet ()
{
  auto outlet_now = found->gate->serve (found->name, found->verifier);
  const ObjectLock lock (self);
  outlet.swap (outlet_now);
}

void
Impl::close ()
{
  refused.reset ();
  std::shared_ptr<const gate::FoundGate> gone; // waits for the gate thread, so not under the lock
  std::shared_ptr<gate::Outlet> last;
  const ObjectLock lock (self);
  gone.swap (found);
  last.swap (outlet);
}

void
Impl::take (GstBuffer *buffer)
{
  GstMapInfo map;
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return;
  cutter.feed ({map.data, map.size}, messages);
  gst_buffer_unmap (buffer, &map);
  push ();
}

void
Impl::push ()
{
  for (const auto &message : messages)
    outlet->push (ByteView (message.bytes).first (message.size), message.starts);
  messages.clear ();
}

void
Impl::end_stream ()
{
  cutter.finish (messages);
  push ();
  cutter = {};
  renew_outlet ();
}

gate::OutletStats
Impl::outlet_stats () const
{
  const ObjectLock lock (self);
  return outlet ? outlet->stats () : gate::OutletStats{};
}

GstStructure *
Impl::stats () const
{
  const auto n = outlet_stats ();
  auto *out =
      gst_structure_new ("stagesrtsink-stats", "viewers", G_TYPE_UINT64, n.viewers, "joined",
          G_TYPE_UINT64, n.joined, "packets", G_TYPE_UINT64, n.packets, "bytes", G_TYPE_UINT64,
          n.bytes, "retransmitted", G_TYPE_UINT64, n.retransmitted, "lost", G_TYPE_UINT64, n.lost,
          "dropped", G_TYPE_UINT64, n.dropped, "skipped", G_TYPE_UINT64, n.skipped, nullptr);
  std::shared_ptr<const gate::FoundGate> open;
  {
    const ObjectLock lock (self);
    open = found;
  }
  if (open)
    gst_structure_set (out, "address", G_TYPE_STRING, open->gate->address ().c_str (), nullptr);
  return out;
}

static void
gst_stage_srt_sink_init (GstStageSrtSink *self)
{
  self->impl = new Impl (self);
  gst_base_sink_set_sync (GST_BASE_SINK (self), FALSE);
  gst_base_sink_set_async_enabled (GST_BASE_SINK (self), FALSE);
}

static void
gst_stage_srt_sink_finalize (GObject *object)
{
  delete GST_STAGE_SRT_SINK (object)->impl;
  G_OBJECT_CLASS (gst_stage_srt_sink_parent_class)->finalize (object);
}

static void
gst_stage_srt_sink_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  const ObjectLock lock (object);
  if (!srtsink::set_setting (impl_of (object).setup, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_stage_srt_sink_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const auto &impl = impl_of (object);
  if (id == srtsink::PROP_VIEWERS)
    return g_value_set_uint (value, static_cast<guint> (impl.outlet_stats ().viewers));
  if (id == srtsink::PROP_STATS)
    return g_value_take_boxed (value, impl.stats ());
  const ObjectLock lock (object);
  if (!srtsink::get_setting (impl.setup, id, value))
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GstStateChangeReturn
gst_stage_srt_sink_change_state (GstElement *element, GstStateChange transition)
{
  auto &impl = impl_of (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY)
    if (const auto opened = impl.open (); !opened) {
      gst_element_message_full (element, GST_MESSAGE_ERROR, GST_RESOURCE_ERROR,
          opened.error ().code, g_strdup (opened.error ().text.c_str ()), nullptr, __FILE__,
          GST_FUNCTION, __LINE__);
      return GST_STATE_CHANGE_FAILURE;
    }
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_srt_sink_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    impl.end_stream ();
  else if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    impl.close ();
  return result;
}

static GstFlowReturn
gst_stage_srt_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  impl_of (sink).take (buffer);
  return GST_FLOW_OK;
}

static gboolean
gst_stage_srt_sink_event (GstBaseSink *sink, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    impl_of (sink).end_stream ();
  return GST_BASE_SINK_CLASS (gst_stage_srt_sink_parent_class)->event (sink, event);
}

static void
gst_stage_srt_sink_class_init (GstStageSrtSinkClass *klass)
{
  auto *object_class = G_OBJECT_CLASS (klass);
  auto *element_class = GST_ELEMENT_CLASS (klass);
  auto *sink_class = GST_BASE_SINK_CLASS (klass);
  object_class->finalize = gst_stage_srt_sink_finalize;
  object_class->set_property = gst_stage_srt_sink_set_property;
  object_class->get_property = gst_stage_srt_sink_get_property;
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_srt_sink_change_state);
  sink_class->render = GST_DEBUG_FUNCPTR (gst_stage_srt_sink_render);
  sink_class->event = GST_DEBUG_FUNCPTR (gst_stage_srt_sink_event);

  srtsink::install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Stagedoor SRT server", "Sink/Network",
      "Serves a live transport stream to SRT callers with a play key", "The Stagedoor authors");
}
