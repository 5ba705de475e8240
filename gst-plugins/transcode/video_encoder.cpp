// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/video_encoder.hpp"

#include <algorithm>
#include <array>

namespace stagedoor::transcode {

namespace {

/** So far apart that it never happens; key frames come on demand. */
constexpr int endless = 1 << 20;

int
kilobits (const RenditionSpec &spec)
{
  return static_cast<int> (std::max<std::uint64_t> (spec.bitrate / 1000, 1));
}

/** With several threads a frame has as many slices, which costs time and bits: only for pictures
 * that take one too long, and never more than there are cores. */
guint
threads_for (const RenditionSpec &spec)
{
  constexpr guint pixels_of_one = 1'300'000;
  const auto pixels = static_cast<guint> (spec.width * spec.height);
  return std::clamp (1 + pixels / pixels_of_one, 1u, g_get_num_processors ());
}

void
set_up_x264 (GstElement *encoder, const RenditionSpec &spec)
{
  // The fastest preset would be of another profile without 8x8dct.
  g_object_set (encoder, "bitrate", kilobits (spec), "vbv-buf-capacity", 1000, "key-int-max",
      endless, "bframes", 0, "byte-stream", TRUE, "aud", FALSE, "option-string",
      spec.cut >= Cut::fastest ? "scenecut=0:8x8dct=1" : "scenecut=0", "threads",
      threads_for (spec), nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "tune", "zerolatency");
  gst_util_set_object_arg (G_OBJECT (encoder), "speed-preset",
      spec.cut == Cut::none     ? "veryfast"
      : spec.cut == Cut::faster ? "superfast"
                                : "ultrafast");
}

void
set_up_openh264 (GstElement *encoder, const RenditionSpec &spec)
{
  g_object_set (encoder, "bitrate", static_cast<guint> (spec.bitrate), "gop-size", endless,
      "scene-change-detection", FALSE, nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "rate-control", "bitrate");
  gst_util_set_object_arg (G_OBJECT (encoder), "complexity", "low");
}

/** VP9 knows 9 at most, VP8 16. */
int
fastest_of_vpx (const RenditionSpec &spec)
{
  if (spec.codec == "vp9")
    return spec.cut == Cut::none ? 8 : 9;
  return spec.cut == Cut::none ? 8 : spec.cut == Cut::faster ? 12 : 16;
}

/** A second thread of libvpx' waits by spinning: small pictures are encoded sooner without. */
void
set_up_vpx (GstElement *encoder, const RenditionSpec &spec)
{
  g_object_set (encoder, "target-bitrate", static_cast<int> (spec.bitrate), "deadline",
      G_GINT64_CONSTANT (1), "cpu-used", fastest_of_vpx (spec), "lag-in-frames", 0,
      "keyframe-max-dist", endless, "buffer-size", 1000, "error-resilient", 1, "threads",
      spec.width > 640 ? 2 : 1, nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "end-usage", "cbr");
}

struct Known
{
  const char *codec, *factory;
  void (*set_up) (GstElement *, const RenditionSpec &);
  const char *profile;
};
/** Of one codec the best first. */
constexpr std::array known{Known{"h264", "x264enc", set_up_x264, "high"},
    Known{"h264", "openh264enc", set_up_openh264, "constrained-baseline"},
    Known{"vp8", "vp8enc", set_up_vpx, nullptr}, Known{"vp9", "vp9enc", set_up_vpx, nullptr}};

const Known *
find (const std::string &codec)
{
  for (const auto &entry : known)
    if (codec == entry.codec && adopt (gst_element_factory_find (entry.factory)))
      return &entry;
  return nullptr;
}

/** ITU-T H.264 table A-1, by macroblocks in a frame. */
const char *
h264_level (const RenditionSpec &spec)
{
  const auto macroblocks = ((spec.width + 15) / 16) * ((spec.height + 15) / 16);
  return macroblocks <= 1620   ? "3"
         : macroblocks <= 3600 ? "3.1"
         : macroblocks <= 8192 ? "4"
                               : "5.1";
}

} // namespace

Ref<GstElement>
make_encoder (const RenditionSpec &spec)
{
  const auto *entry = find (spec.codec);
  auto encoder = entry != nullptr ? make (entry->factory) : Ref<GstElement> ();
  if (encoder)
    entry->set_up (encoder.get (), spec);
  return encoder;
}

Ref<GstCaps>
encoded_caps (const RenditionSpec &spec)
{
  const auto *entry = find (spec.codec);
  if (entry == nullptr)
    return adopt (gst_caps_new_empty ());
  auto caps = adopt (gst_caps_new_empty_simple (("video/x-" + spec.codec).c_str ()));
  if (entry->profile != nullptr)
    gst_caps_set_simple (caps.get (), "stream-format", G_TYPE_STRING, "byte-stream", "alignment",
        G_TYPE_STRING, "au", "profile", G_TYPE_STRING, entry->profile, "level", G_TYPE_STRING,
        h264_level (spec), nullptr);
  if (spec.width > 2 && spec.height > 2)
    gst_caps_set_simple (
        caps.get (), "width", G_TYPE_INT, spec.width, "height", G_TYPE_INT, spec.height, nullptr);
  return caps;
}

} // namespace stagedoor::transcode
