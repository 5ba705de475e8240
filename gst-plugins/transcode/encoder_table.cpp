// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/encoder_table.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "gst-plugins/transcode/hardware_encoder.hpp"
#include "gst-plugins/transcode/video_encoder.hpp"

namespace stagedoor::transcode {

namespace {

/** The one that makes the most of a bit rate first. "baseline" is told apart for peers that know
 * it only by that name; encoders put out what both have in common. */
constexpr std::array h264_profiles{"high", "main", "constrained-baseline", "baseline"};
constexpr unsigned all_profiles = (1u << h264_profiles.size ()) - 1, baseline_only = 0b1100;

struct Known
{
  const char *codec, *factory;
  void (*set_up) (GstElement *, const RenditionSpec &);
  unsigned profiles = 0;
};
/** Of one codec the best first; codecs in the order in which peers get them. */
constexpr std::array known{Known{"h264", "x264enc", set_up_x264, all_profiles},
    Known{"h264", "openh264enc", set_up_openh264, baseline_only},
    Known{"vp8", "vp8enc", set_up_vpx}, Known{"vp9", "vp9enc", set_up_vpx},
    Known{"h265", "x265enc", set_up_x265}, Known{"av1", "svtav1enc", set_up_svt_av1},
    Known{"av1", "av1enc", set_up_aom}};
constexpr std::array codecs{"h264", "vp8", "vp9", "h265", "av1"};

bool
is_h26x (const std::string &codec)
{
  return codec == "h264" || codec == "h265";
}

/** The best that is taken; null when there is none, or the codec has no such choice. */
const char *
profile_for (const EncoderKind &kind, const RenditionSpec &spec)
{
  if (spec.codec == "h265")
    return "main";
  for (std::size_t i = 0; i < h264_profiles.size (); ++i)
    if ((kind.profiles & spec.profiles) >> i & 1)
      return h264_profiles[i];
  return nullptr;
}

std::vector<EncoderKind>
find_kinds (const std::string &codec)
{
  if (std::ranges::find (codecs, codec) == codecs.end ())
    return {};
  auto out = hardware_encoders (codec);
  for (auto &kind : out)
    kind.profiles = codec == "h264" ? all_profiles : 0;
  for (const auto &entry : known)
    if (codec == entry.codec && adopt (gst_element_factory_find (entry.factory)))
      out.push_back ({codec, entry.factory, false, "I420", entry.profiles, entry.set_up});
  return out;
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

unsigned
profiles_taken (const GstCaps *taken)
{
  unsigned out = 0;
  for (std::size_t i = 0; i < h264_profiles.size (); ++i) {
    const auto one = adopt (
        gst_caps_new_simple ("video/x-h264", "profile", G_TYPE_STRING, h264_profiles[i], nullptr));
    out |= gst_caps_can_intersect (one.get (), taken) ? 1u << i : 0;
  }
  return out;
}

} // namespace

EncoderKinds
encoder_kinds (const std::string &codec)
{
  struct Cached
  {
    guint32 cookie;
    EncoderKinds kinds;
  };
  static std::mutex mutex; // innermost but for the registry's
  static auto &cache = *new std::map<std::string, Cached>;
  const auto cookie = gst_registry_get_feature_list_cookie (gst_registry_get ());
  const std::lock_guard lock{mutex};
  auto &entry = cache[codec];
  if (entry.kinds == nullptr || entry.cookie != cookie)
    entry = {cookie, std::make_shared<const std::vector<EncoderKind>> (find_kinds (codec))};
  return entry.kinds;
}

bool
serves (const EncoderKind &kind, const RenditionSpec &spec)
{
  return spec.codec != "h264" || profile_for (kind, spec) != nullptr;
}

Ref<GstElement>
make_encoder (const EncoderKind &kind, const RenditionSpec &spec)
{
  auto encoder = make (kind.factory.c_str ());
  if (encoder)
    kind.set_up (encoder.get (), spec);
  return encoder;
}

Ref<GstCaps>
encoder_filter (const EncoderKind &kind, const RenditionSpec &spec)
{
  auto caps = adopt (gst_caps_new_empty_simple (("video/x-" + spec.codec).c_str ()));
  if (const char *profile = profile_for (kind, spec))
    gst_caps_set_simple (caps.get (), "profile", G_TYPE_STRING, profile, nullptr);
  if (is_h26x (spec.codec))
    gst_caps_set_simple (caps.get (), "stream-format", G_TYPE_STRING, "byte-stream", "alignment",
        G_TYPE_STRING, "au", nullptr);
  if (spec.codec == "av1")
    gst_caps_set_simple (caps.get (), "alignment", G_TYPE_STRING, "tu", nullptr);
  if (spec.width > 2 && spec.height > 2)
    gst_caps_set_simple (
        caps.get (), "width", G_TYPE_INT, spec.width, "height", G_TYPE_INT, spec.height, nullptr);
  if (kind.factory.starts_with ("v4l2")) // drivers want to be told
    gst_caps_set_simple (caps.get (), "level", G_TYPE_STRING, h264_level (spec), nullptr);
  return caps;
}

Ref<GstCaps>
encoded_caps (const EncoderKind &kind, const RenditionSpec &spec)
{
  auto caps = encoder_filter (kind, spec);
  if (spec.codec == "h264")
    gst_caps_set_simple (caps.get (), "level", G_TYPE_STRING, h264_level (spec), nullptr);
  if (spec.codec == "av1")
    gst_caps_set_simple (caps.get (), "stream-format", G_TYPE_STRING, "obu-stream", nullptr);
  return caps;
}

Target
target_for (const std::string &codec, const GstCaps *taken)
{
  for (const std::string name : codecs) {
    const auto media = adopt (gst_caps_new_empty_simple (("video/x-" + name).c_str ()));
    if ((codec.empty () ? !encoder_kinds (name)->empty () : codec == name)
        && gst_caps_can_intersect (media.get (), taken))
      return {name, profiles_taken (taken)};
  }
  return {};
}

} // namespace stagedoor::transcode
