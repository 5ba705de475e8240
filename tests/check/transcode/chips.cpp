// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/transcode/chips.hpp"

#include <map>

#include <gst/video/video.h>

namespace stagedoor::test {

namespace {

struct Model
{
  std::string name;
  Chip chip;
};

std::mutex mutex; // guards all below
std::condition_variable gone_on;
bool hanging = true;
std::map<std::string, int> instances;
std::map<std::string, int> settings; // by "name.property"

GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE (
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw,format=NV12"));
GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("video/x-h264,stream-format=byte-stream,alignment=au"));

const Model &
model_of (gpointer instance)
{
  return *static_cast<const Model *> (
      g_type_get_qdata (G_TYPE_FROM_INSTANCE (instance), g_quark_from_string ("model")));
}

GstPadProbeReturn
on_input (GstPad *, GstPadProbeInfo *, gpointer)
{
  std::unique_lock lock{mutex};
  gone_on.wait (lock, [] { return !hanging; });
  return GST_PAD_PROBE_DROP;
}

GstPadProbeReturn
on_output (GstPad *, GstPadProbeInfo *info, gpointer)
{
  auto *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
  gst_buffer_memset (buffer, 0, 0x55, gst_buffer_get_size (buffer));
  GST_PAD_PROBE_INFO_DATA (info) = buffer;
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn
drop_key_request (GstPad *, GstPadProbeInfo *info, gpointer)
{
  const auto *event = GST_PAD_PROBE_INFO_EVENT (info);
  return gst_video_event_is_force_key_unit (const_cast<GstEvent *> (event)) ? GST_PAD_PROBE_DROP
                                                                            : GST_PAD_PROBE_OK;
}

/** Fixed caps that other pictures are scaled to, in the wrong place: after what was asked for. */
Ref<GstElement>
filter (Chip chip)
{
  auto out = Ref<GstElement>::sink (gst_element_factory_make ("capsfilter", nullptr));
  const auto caps = adopt (
      gst_caps_from_string (chip == Chip::other_size ? "video/x-raw,format=I420,width=48,height=48"
                                                     : "video/x-raw,format=I420"));
  g_object_set (out.get (), "caps", caps.get (), nullptr);
  return out;
}

void
add_ghost (GstElement *self, GstElement *inner, const char *name)
{
  const auto pad = adopt (gst_element_get_static_pad (inner, name));
  gst_element_add_pad (self, gst_ghost_pad_new (name, pad.get ()));
}

void
watch (GstElement *element, const char *pad_name, GstPadProbeType type, GstPadProbeCallback probe)
{
  const auto pad = adopt (gst_element_get_static_pad (element, pad_name));
  gst_pad_add_probe (pad.get (), type, probe, nullptr, nullptr);
}

void
init (GTypeInstance *instance, gpointer)
{
  auto *self = reinterpret_cast<GstElement *> (instance);
  const auto &model = model_of (instance);
  {
    const std::lock_guard lock{mutex};
    ++instances[model.name];
  }
  auto *convert = gst_element_factory_make ("videoconvertscale", nullptr);
  auto format = filter (model.chip);
  auto *encoder = gst_element_factory_make ("x264enc", nullptr);
  g_object_set (
      encoder, "bframes", 0, "key-int-max", 1 << 20, "option-string", "scenecut=0", nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "tune", "zerolatency");
  gst_util_set_object_arg (G_OBJECT (encoder), "speed-preset", "ultrafast");
  gst_bin_add_many (GST_BIN (self), convert, format.get (), encoder, nullptr);
  gst_element_link_many (convert, format.get (), encoder, nullptr);
  if (model.chip == Chip::hangs)
    watch (encoder, "sink", GST_PAD_PROBE_TYPE_BUFFER, on_input);
  if (model.chip == Chip::garbage)
    watch (encoder, "src", GST_PAD_PROBE_TYPE_BUFFER, on_output);
  if (model.chip == Chip::no_key_frame) {
    watch (encoder, "src", GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, drop_key_request);
    watch (encoder, "sink", GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, drop_key_request);
  }
  add_ghost (self, convert, "sink");
  add_ghost (self, encoder, "src");
}

GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && model_of (element).chip == Chip::missing)
    return GST_STATE_CHANGE_FAILURE;
  auto *parent = GST_ELEMENT_CLASS (g_type_class_peek (GST_TYPE_BIN));
  return parent->change_state (element, transition);
}

void
set_property (GObject *object, guint, const GValue *value, GParamSpec *pspec)
{
  GValue number = G_VALUE_INIT;
  g_value_init (&number, G_TYPE_INT);
  g_value_transform (value, &number);
  const std::lock_guard lock{mutex};
  settings[model_of (object).name + "." + pspec->name] = g_value_get_int (&number);
  g_value_unset (&number);
}

void
class_init (gpointer klass, gpointer)
{
  G_OBJECT_CLASS (klass)->set_property = set_property;
  GST_ELEMENT_CLASS (klass)->change_state = change_state;
  constexpr auto flags = static_cast<GParamFlags> (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  guint id = 0;
  for (const auto *spec : {g_param_spec_uint ("bitrate", "", "", 0, 200'000, 0, flags),
           g_param_spec_uint ("key-int-max", "", "", 0, 1024, 0, flags),
           g_param_spec_uint ("b-frames", "", "", 0, 8, 2, flags),
           g_param_spec_boolean ("low-latency", "", "", FALSE, flags)})
    g_object_class_install_property (G_OBJECT_CLASS (klass), ++id, const_cast<GParamSpec *> (spec));
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &sink_template);
  gst_element_class_add_static_pad_template (GST_ELEMENT_CLASS (klass), &src_template);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "Chip",
      "Codec/Encoder/Video/Hardware", "None", "The Stagedoor authors");
}

} // namespace

void
install_chip (const char *name, guint rank, Chip chip)
{
  GTypeQuery bin;
  g_type_query (GST_TYPE_BIN, &bin);
  const GTypeInfo info{static_cast<guint16> (bin.class_size), nullptr, nullptr, class_init, nullptr,
      nullptr, static_cast<guint16> (bin.instance_size), 0, init, nullptr};
  const auto type = g_type_register_static (GST_TYPE_BIN,
      (std::string ("StageTest") + name).c_str (), &info, static_cast<GTypeFlags> (0));
  g_type_set_qdata (type, g_quark_from_string ("model"), new Model{name, chip});
  ck_assert (gst_element_register (nullptr, name, rank, type));
}

void
let_go ()
{
  const std::lock_guard lock{mutex};
  hanging = false;
  gone_on.notify_all ();
}

int
made (const char *name)
{
  const std::lock_guard lock{mutex};
  return instances[name];
}

int
told (const char *name, const char *property)
{
  const std::lock_guard lock{mutex};
  const auto found = settings.find (std::string (name) + "." + property);
  return found != settings.end () ? found->second : -1;
}

} // namespace stagedoor::test
