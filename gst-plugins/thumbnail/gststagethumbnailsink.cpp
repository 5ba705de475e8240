// SPDX-License-Identifier: LGPL-2.1-or-later
// The element: takes key frames from the stream, and opens the two addresses.
/**
 * SECTION:element-stagethumbnailsink
 * @title: stagethumbnailsink
 *
 * Shows a small picture of a live stream at an address of the HTTP server, which is shared with the
 * other elements of the process that use the same one. It is made of the last key frame when
 * somebody asks for it, and not again before #GstStageThumbnailSink:interval has passed, so that a
 * stream nobody looks at costs next to nothing. It is at most 640x360 and never larger than the
 * source. All streams of the process share one thread that decodes.
 *
 * The first picture is there when the first key frame is, and a picture is as old as its key frame:
 * with one every 10 s, up to that and the interval. The publisher isn't asked for more of them,
 * which would cost all viewers' quality whenever somebody looks at a list of streams.
 *
 * There are two files: .jpg, and .webp where GStreamer has webpenc. Both have an entity tag and may
 * be kept for the interval. Without a key frame the answer is 404; 503, with the reason, when the
 * key frame can't be decoded, or asks for a picture larger than 4096x2304.
 *
 * A stream without video holds nothing back: the end of a pipeline waits for this element only once
 * something has come to it.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60
 * ! stagethumbnailsink http-address=:8080 path=/thumbnail
 * ]| Look at http://localhost:8080/thumbnail.jpg
 *
 * Since: 0.1
 */
#include "gst-plugins/thumbnail/gststagethumbnailsink.h"

#include <string>

#include "gst-plugins/common/shared_service.hpp"
#include "gst-plugins/thumbnail/gallery.hpp"

GST_DEBUG_CATEGORY_STATIC (gst_stage_thumbnail_sink_debug);
#define GST_CAT_DEFAULT gst_stage_thumbnail_sink_debug

using namespace stagedoor;
using thumbnail::Format;
using thumbnail::Gallery;

namespace {

enum Prop : guint { PROP_PATH = 1, PROP_HTTP_ADDRESS, PROP_INTERVAL, PROP_STATS, N_PROPS };
std::array<GParamSpec *, N_PROPS> props;

struct Settings
{
  std::string path = "/thumbnail";
  std::string http_address = ":8080";
};

struct Impl
{
  explicit Impl (GstStageThumbnailSink *owner) : self (owner) {}

  GstStageThumbnailSink *const self; // borrowed
  Settings settings;                 // protected by OBJECT_LOCK
  const std::shared_ptr<Gallery> gallery = std::make_shared<Gallery> ();
  Ref<GstCaps> caps; // streaming thread
  // State changes only.
  std::shared_ptr<http::Server> server;
  std::array<http::Server::Token, thumbnail::format_count> routes;

  bool open ();
  void close ();
  void take (GstBuffer *buffer);
};

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-h264,stream-format=(string){avc,byte-stream},alignment=au"
                     ";video/x-h265,stream-format=(string){hvc1,hev1,byte-stream},alignment=au"
                     ";video/x-av1,stream-format=obu-stream,alignment=tu;video/x-vp8;video/x-vp9"));

} // namespace

struct _GstStageThumbnailSink
{
  GstBaseSink parent;
  Impl *impl;
};

G_DEFINE_FINAL_TYPE_WITH_CODE (GstStageThumbnailSink, gst_stage_thumbnail_sink, GST_TYPE_BASE_SINK,
    GST_DEBUG_CATEGORY_INIT (
        gst_stage_thumbnail_sink_debug, "stagethumbnailsink", 0, "small pictures by HTTP"))
GST_ELEMENT_REGISTER_DEFINE (
    stagethumbnailsink, "stagethumbnailsink", GST_RANK_NONE, GST_TYPE_STAGE_THUMBNAIL_SINK)

static Impl &
impl_of (gpointer object)
{
  return *GST_STAGE_THUMBNAIL_SINK (object)->impl;
}

bool
Impl::open ()
{
  Settings now;
  {
    const ObjectLock lock (self);
    now = settings;
  }
  if (!now.path.starts_with ('/') || now.path.ends_with ('/')) {
    GST_ELEMENT_ERROR (self, RESOURCE, SETTINGS,
        ("'%s' is not a path such as /thumbnail", now.path.c_str ()), (nullptr));
    return false;
  }
  const auto opened =
      service_for (GST_ELEMENT (self), http_server_context, now.http_address, [&now] {
        return http::Server::open (now.http_address).map ([] (const auto &found) -> AnyService {
          return found;
        });
      });
  if (!opened) {
    GST_ELEMENT_ERROR (self, RESOURCE, OPEN_READ_WRITE, ("%s", opened.error ().c_str ()),
        ("http-address=%s", now.http_address.c_str ()));
    return false;
  }
  server = std::static_pointer_cast<http::Server> (*opened);
  const auto serve = [this, &now] (const char *ending, Format format) {
    return server->route (now.path + ending, 0,
        [gallery = gallery, path = now.path + ending, format] (const http::Request &request) {
          if (request.path == path)
            gallery->answer (request, format);
          else
            http::respond_problem (
                request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
        });
  };
  routes = {serve (".jpg", Format::jpeg), serve (".webp", Format::webp)};
  return true;
}

void
Impl::close ()
{
  routes = {};
  gallery->close ();
  server.reset ();
}

void
Impl::take (GstBuffer *buffer)
{
  if (caps && !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT))
    gallery->keep (buffer, caps.get ());
}

/** Whether the end of a pipeline waits for this element, which it must not before something came.
 */
static void
set_sink (gpointer self, bool is_sink)
{
  const ObjectLock lock (self);
  if (is_sink)
    GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SINK);
  else
    GST_OBJECT_FLAG_UNSET (self, GST_ELEMENT_FLAG_SINK);
}

static void
gst_stage_thumbnail_sink_init (GstStageThumbnailSink *self)
{
  auto *base = GST_BASE_SINK (self);
  self->impl = new Impl (self);
  gst_base_sink_set_sync (base, FALSE);
  gst_base_sink_set_async_enabled (base, FALSE);
  gst_base_sink_set_last_sample_enabled (base, FALSE);
  set_sink (self, false);
}

static void
gst_stage_thumbnail_sink_finalize (GObject *object)
{
  delete GST_STAGE_THUMBNAIL_SINK (object)->impl;
  G_OBJECT_CLASS (gst_stage_thumbnail_sink_parent_class)->finalize (object);
}

static void
gst_stage_thumbnail_sink_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  auto &impl = impl_of (object);
  if (id == PROP_INTERVAL)
    return impl.gallery->set_interval (g_value_get_uint (value));
  const char *text = g_value_get_string (value);
  const ObjectLock lock (object);
  if (id == PROP_PATH)
    impl.settings.path = text != nullptr ? text : "";
  else if (id == PROP_HTTP_ADDRESS)
    impl.settings.http_address = text != nullptr ? text : "";
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
gst_stage_thumbnail_sink_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  const auto &impl = impl_of (object);
  if (id == PROP_INTERVAL)
    return g_value_set_uint (value, impl.gallery->interval ());
  if (id == PROP_STATS) {
    const auto stats = impl.gallery->stats ();
    return g_value_take_boxed (
        value, gst_structure_new ("stagethumbnailsink-stats", "requests", G_TYPE_UINT64,
                   stats.requests, "decoded", G_TYPE_UINT64, stats.decoded, "failed", G_TYPE_UINT64,
                   stats.failed, nullptr));
  }
  const ObjectLock lock (object);
  if (id == PROP_PATH)
    g_value_set_string (value, impl.settings.path.c_str ());
  else if (id == PROP_HTTP_ADDRESS)
    g_value_set_string (value, impl.settings.http_address.c_str ());
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static GstStateChangeReturn
gst_stage_thumbnail_sink_change_state (GstElement *element, GstStateChange transition)
{
  auto &impl = impl_of (element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !impl.open ())
    return GST_STATE_CHANGE_FAILURE;
  const auto result =
      GST_ELEMENT_CLASS (gst_stage_thumbnail_sink_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    impl.gallery->forget ();
    set_sink (element, false);
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    impl.close ();
  }
  return result;
}

static GstFlowReturn
gst_stage_thumbnail_sink_render (GstBaseSink *sink, GstBuffer *buffer)
{
  impl_of (sink).take (buffer);
  return GST_FLOW_OK;
}

static gboolean
gst_stage_thumbnail_sink_set_caps (GstBaseSink *sink, GstCaps *caps)
{
  impl_of (sink).caps = share (caps);
  return TRUE;
}

static gboolean
gst_stage_thumbnail_sink_event (GstBaseSink *sink, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START)
    set_sink (sink, true);
  else if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    impl_of (sink).gallery->forget ();
  return GST_BASE_SINK_CLASS (gst_stage_thumbnail_sink_parent_class)->event (sink, event);
}

static void
install_places ()
{
  constexpr auto setting = static_cast<GParamFlags> (
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
  const Settings defaults;
  /**
   * GstStageThumbnailSink:path:
   *
   * Where the pictures are, without .jpg and .webp.
   *
   * Since: 0.1
   */
  props[PROP_PATH] = g_param_spec_string (
      "path", "Path", "HTTP path without .jpg and .webp", defaults.path.c_str (), setting);
  /**
   * GstStageThumbnailSink:http-address:
   *
   * Where the HTTP server listens: host:port, :port for all addresses, :0 for a free port.
   *
   * Since: 0.1
   */
  props[PROP_HTTP_ADDRESS] = g_param_spec_string ("http-address", "HTTP address",
      "Where the HTTP server listens", defaults.http_address.c_str (), setting);
}

static void
install_properties (GObjectClass *object_class)
{
  constexpr auto any_time = static_cast<GParamFlags> (
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);
  constexpr auto state = static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  install_places ();
  /**
   * GstStageThumbnailSink:interval:
   *
   * For so many seconds a picture is shown before another one is made.
   *
   * Since: 0.1
   */
  props[PROP_INTERVAL] = g_param_spec_uint (
      "interval", "Interval", "How long a picture is shown (s)", 1, 3600, 5, any_time);
  /**
   * GstStageThumbnailSink:stats:
   *
   * As guint64, "requests", and how many key frames were "decoded", or "failed" to be.
   *
   * Since: 0.1
   */
  props[PROP_STATS] =
      g_param_spec_boxed ("stats", "Statistics", "Counters", GST_TYPE_STRUCTURE, state);
  g_object_class_install_properties (object_class, props.size (), props.data ());
}

static void
gst_stage_thumbnail_sink_class_init (GstStageThumbnailSinkClass *klass)
{
  auto *object_class = G_OBJECT_CLASS (klass);
  auto *element_class = GST_ELEMENT_CLASS (klass);
  auto *sink_class = GST_BASE_SINK_CLASS (klass);
  object_class->finalize = gst_stage_thumbnail_sink_finalize;
  object_class->set_property = gst_stage_thumbnail_sink_set_property;
  object_class->get_property = gst_stage_thumbnail_sink_get_property;
  element_class->change_state = GST_DEBUG_FUNCPTR (gst_stage_thumbnail_sink_change_state);
  sink_class->render = GST_DEBUG_FUNCPTR (gst_stage_thumbnail_sink_render);
  sink_class->set_caps = GST_DEBUG_FUNCPTR (gst_stage_thumbnail_sink_set_caps);
  sink_class->event = GST_DEBUG_FUNCPTR (gst_stage_thumbnail_sink_event);

  install_properties (object_class);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Stagedoor thumbnails",
      "Sink/Network/Image", "Shows a small picture of a live stream by HTTP",
      "The Stagedoor authors");
}
