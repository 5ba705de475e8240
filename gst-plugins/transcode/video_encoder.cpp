// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/video_encoder.hpp"

#include <algorithm>
#include <string>

#include "gst-plugins/transcode/elements.hpp"

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

/** VP9 knows 9 at most, VP8 16. */
int
speed_of_vpx (const RenditionSpec &spec)
{
  if (spec.codec == "vp9")
    return spec.cut == Cut::none ? 8 : 9;
  return spec.cut == Cut::none ? 8 : spec.cut == Cut::faster ? 12 : 16;
}

} // namespace

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

/** A second thread of libvpx' waits by spinning: small pictures are encoded sooner without. */
void
set_up_vpx (GstElement *encoder, const RenditionSpec &spec)
{
  g_object_set (encoder, "target-bitrate", static_cast<int> (spec.bitrate), "deadline",
      G_GINT64_CONSTANT (1), "cpu-used", speed_of_vpx (spec), "lag-in-frames", 0,
      "keyframe-max-dist", endless, "buffer-size", 1000, "error-resilient", 1, "threads",
      spec.width > 640 ? 2 : 1, nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "end-usage", "cbr");
}

void
set_up_x265 (GstElement *encoder, const RenditionSpec &spec)
{
  const auto buffer = std::to_string (kilobits (spec));
  g_object_set (encoder, "bitrate", kilobits (spec), "key-int-max", endless, "option-string",
      ("scenecut=0:bframes=0:repeat-headers=1:open-gop=0:vbv-maxrate=" + buffer
          + ":vbv-bufsize=" + buffer)
          .c_str (),
      nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "tune", "zerolatency");
  gst_util_set_object_arg (G_OBJECT (encoder), "speed-preset", "ultrafast");
}

/** Not in Debian 12: its properties are those of GStreamer 1.24. */
void
set_up_svt_av1 (GstElement *encoder, const RenditionSpec &spec)
{
  set_number (encoder, "target-bitrate", kilobits (spec));
  set_number (encoder, "preset", 10);
  set_number (encoder, "intra-period-length", endless);
  gst_util_set_object_arg (
      G_OBJECT (encoder), "parameters-string", "rc=2:pred-struct=1:lookahead=0:scd=0");
}

void
set_up_aom (GstElement *encoder, const RenditionSpec &spec)
{
  g_object_set (encoder, "target-bitrate", static_cast<guint> (kilobits (spec)), "cpu-used", 10,
      "lag-in-frames", 0u, "keyframe-max-dist", endless, "buf-sz", 1000u, "max-quantizer", 58u,
      "threads", spec.width > 640 ? 2u : 1u, nullptr);
  gst_util_set_object_arg (G_OBJECT (encoder), "usage-profile", "realtime");
  gst_util_set_object_arg (G_OBJECT (encoder), "end-usage", "cbr");
  gst_util_set_object_arg (G_OBJECT (encoder), "keyframe-mode", "disabled");
}

} // namespace stagedoor::transcode
