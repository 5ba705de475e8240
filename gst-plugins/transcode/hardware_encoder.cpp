// SPDX-License-Identifier: LGPL-2.1-or-later
// Makers' plugins call the same things by different names, and have some of them only. What an
// element hasn't is left out; values are kept within what it allows.
#include "gst-plugins/transcode/hardware_encoder.hpp"

#include <algorithm>
#include <array>

namespace stagedoor::transcode {

namespace {

bool
has (GstElement *encoder, const char *name, GType type)
{
  const auto *property = g_object_class_find_property (G_OBJECT_GET_CLASS (encoder), name);
  return property != nullptr && g_type_is_a (property->value_type, type);
}

/** va, nvcodec, qsv, msdk and vaapi count in kbit/s and frames. */
void
set_up_numbers (GstElement *encoder, gint64 kilobits)
{
  constexpr gint64 endless = 1 << 20;
  const struct
  {
    const char *name;
    gint64 value;
  } wanted[]{{"bitrate", kilobits}, {"max-bitrate", kilobits}, {"cpb-size", kilobits},
      {"vbv-buffer-size", kilobits}, {"cpb-length", 1000}, {"key-int-max", endless},
      {"gop-size", endless}, {"keyframe-period", endless}, {"b-frames", 0}, {"bframes", 0},
      {"max-bframes", 0}, {"rc-lookahead", 0}};
  for (const auto &[name, value] : wanted)
    set_number (encoder, name, value);
}

void
set_up_switches (GstElement *encoder)
{
  for (const char *name : {"zerolatency", "low-latency", "repeat-sequence-header"})
    if (has (encoder, name, G_TYPE_BOOLEAN))
      g_object_set (encoder, name, TRUE, nullptr);
  if (has (encoder, "aud", G_TYPE_BOOLEAN))
    g_object_set (encoder, "aud", FALSE, nullptr);
  for (const char *name : {"rate-control", "rc-mode"})
    if (has (encoder, name, G_TYPE_ENUM))
      gst_util_set_object_arg (G_OBJECT (encoder), name, "cbr");
  if (has (encoder, "preset", G_TYPE_ENUM))
    gst_util_set_object_arg (G_OBJECT (encoder), "preset", "low-latency-hq");
}

void
set_up_chip (GstElement *encoder, const RenditionSpec &spec)
{
  set_up_numbers (encoder, static_cast<gint64> (std::max<std::uint64_t> (spec.bitrate / 1000, 1)));
  set_up_switches (encoder);
  if (!has (encoder, "extra-controls", GST_TYPE_STRUCTURE))
    return;
  const Structure controls{gst_structure_new ("controls", "video_bitrate", G_TYPE_INT,
      static_cast<int> (spec.bitrate), "video_bitrate_mode", G_TYPE_INT, 1, "video_b_frames",
      G_TYPE_INT, 0, "repeat_sequence_header", G_TYPE_INT, 1, nullptr)};
  g_object_set (encoder, "extra-controls", controls.get (), nullptr);
}

/** libav's wrappers count in bits, and are of the encoders that we use by themselves. */
bool
is_hardware (GstElementFactory *factory)
{
  const char *klass = gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS);
  const char *plugin = gst_plugin_feature_get_plugin_name (GST_PLUGIN_FEATURE (factory));
  return klass != nullptr && g_strrstr (klass, "Hardware") != nullptr
         && g_strcmp0 (plugin, "libav") != 0;
}

/** Of frames in ordinary memory that it takes; null: it takes none. */
const char *
format_for (GstElementFactory *factory)
{
  for (const char *format : {"NV12", "I420"}) {
    const auto raw =
        adopt (gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format, nullptr));
    if (gst_element_factory_can_sink_any_caps (factory, raw.get ()))
      return format;
  }
  return nullptr;
}

} // namespace

std::vector<EncoderKind>
hardware_encoders (const std::string &codec)
{
  const auto coded = adopt (gst_caps_new_empty_simple (("video/x-" + codec).c_str ()));
  GList *all =
      gst_element_factory_list_get_elements (GST_ELEMENT_FACTORY_TYPE_VIDEO_ENCODER, GST_RANK_NONE);
  all = g_list_sort (all, gst_plugin_feature_rank_compare_func);
  std::vector<EncoderKind> out;
  for (GList *l = all; l != nullptr; l = l->next) {
    auto *factory = static_cast<GstElementFactory *> (l->data);
    if (!is_hardware (factory) || !gst_element_factory_can_src_any_caps (factory, coded.get ()))
      continue;
    if (const char *format = format_for (factory))
      out.push_back ({codec, GST_OBJECT_NAME (factory), true, format, 0, set_up_chip});
  }
  gst_plugin_feature_list_free (all);
  return out;
}

} // namespace stagedoor::transcode
