// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/audio_spec.hpp"

#include <algorithm>
#include <array>

namespace stagedoor::transcode {

namespace {

constexpr std::array codecs{"opus", "aac"};

struct Known
{
  const char *factory;
  int delay;
};
/** The best first: fdkaacenc isn't free enough for Debian's main section, so it is seldom here.
 * Between the others docs/performance.md has the figures. */
constexpr std::array aac_encoders{
    Known{"fdkaacenc", 2048}, Known{"avenc_aac", 1024}, Known{"voaacenc", 1600}};

const Known *
aac_encoder ()
{
  for (const auto &known : aac_encoders)
    if (adopt (gst_element_factory_find (known.factory)))
      return &known;
  return nullptr;
}

bool
is_here (const std::string &codec)
{
  return codec == "aac"
             ? aac_encoder () != nullptr
             : codec == "opus" && static_cast<bool> (adopt (gst_element_factory_find ("opusenc")));
}

/** All that can be made. */
Ref<GstCaps>
possible (const std::string &codec)
{
  return adopt (gst_caps_from_string (
      codec == "opus"
          ? "audio/x-opus,rate=48000,channels=[1,2],channel-mapping-family=0"
          : "audio/mpeg,mpegversion=4,framed=true,stream-format={raw,adts},base-profile=lc,"
            "rate={48000,44100,32000,24000,22050,16000},channels=[1,2]"));
}

int
field (const GstCaps *caps, const char *name)
{
  int out = 0;
  if (caps != nullptr)
    gst_structure_get_int (gst_caps_get_structure (caps, 0), name, &out);
  return out;
}

std::string
codec_of (const GstCaps *source)
{
  const auto *fields = gst_caps_get_structure (source, 0);
  int version = 0;
  gst_structure_get_int (fields, "mpegversion", &version);
  if (gst_structure_has_name (fields, "audio/mpeg"))
    return version == 1 ? "mp3" : "aac";
  const std::string name = gst_structure_get_name (fields);
  return name.substr (name.starts_with ("audio/x-") ? 8 : 6);
}

void
set_up_opus (GstElement *encoder, const AudioSpec &spec)
{
  // From complexity 5 on libopus costs 15 % more for gains that are inaudible at 96 kbit/s. A jump
  // beyond the tolerance restarts the encoder's clock at the input's.
  constexpr int complexity = 4;
  constexpr gint64 tolerance = 10 * GST_MSECOND;
  g_object_set (encoder, "bitrate", static_cast<int> (spec.bitrate), "complexity", complexity,
      "tolerance", tolerance, nullptr);
  // Only speech can be carried twice, so music sounds worse with it: libopus then takes all for
  // speech.
  if (spec.loss > 0)
    g_object_set (encoder, "inband-fec", TRUE, "packet-loss-percentage", spec.loss, nullptr);
}

} // namespace

Target
audio_target (const Wants &wants, const GstCaps *taken, const GstCaps *source)
{
  for (const std::string codec : codecs) {
    if (!is_here (codec) || (!wants.codec.empty () && wants.codec != codec))
      continue;
    const auto all = possible (codec);
    auto fit =
        adopt (gst_caps_truncate (gst_caps_intersect (all.get (), const_cast<GstCaps *> (taken))));
    if (gst_caps_is_empty (fit.get ()))
      continue;
    const int rate = field (source, "rate");
    auto *fields = gst_caps_get_structure (fit.get (), 0);
    gst_structure_fixate_field_nearest_int (
        fields, "rate", codec == "opus" || rate < 44100 ? 48000 : rate);
    gst_structure_fixate_field_nearest_int (
        fields, "channels", wants.channels > 0 ? wants.channels : 2);
    if (codec == "aac")
      gst_structure_fixate_field_string (fields, "stream-format", "raw");
    const char *format = gst_structure_get_string (fields, "stream-format");
    return {.codec = codec,
        .rate = field (fit.get (), "rate"),
        .channels = field (fit.get (), "channels"),
        .adts = g_strcmp0 (format, "adts") == 0};
  }
  return {};
}

AudioSpec
resolve_audio (const Wants &wants, const Target &target)
{
  AudioSpec out;
  out.codec = !target.codec.empty () ? target.codec : !wants.codec.empty () ? wants.codec : "opus";
  if (target.rate > 0)
    out.rate = target.rate;
  if (target.channels > 0)
    out.channels = target.channels;
  out.adts = target.adts;
  out.loss = out.codec == "opus" ? wants.loss : 0;
  // Per channel; the usual ones are transparent enough.
  const bool aac = out.codec == "aac";
  const std::uint64_t usual = aac ? 64'000 : 48'000, least = aac ? 16'000 : 6'000,
                      most = aac ? 256'000 : 255'000;
  const auto channels = static_cast<std::uint64_t> (out.channels);
  out.bitrate = wants.bitrate > 0 ? std::clamp (wants.bitrate, least * channels, most * channels)
                                  : usual * channels;
  return out;
}

std::string
audio_difference (const Wants &wants, const GstCaps *source)
{
  const auto codec = codec_of (source);
  const int channels = field (source, "channels");
  if (!wants.codec.empty () && wants.codec != codec)
    return "the source is " + codec + " and " + wants.codec + " is wanted";
  if (wants.channels > 0 && channels > 0 && wants.channels != channels)
    return "the source has " + std::to_string (channels) + " channels and "
           + std::to_string (wants.channels) + " are wanted";
  if (wants.bitrate > 0)
    return "a bit rate of its own is wanted";
  return {};
}

Ref<GstCaps>
audio_caps (const AudioSpec &spec)
{
  if (!is_here (spec.codec))
    return adopt (gst_caps_new_empty ());
  auto caps = possible (spec.codec);
  gst_caps_set_simple (
      caps.get (), "rate", G_TYPE_INT, spec.rate, "channels", G_TYPE_INT, spec.channels, nullptr);
  if (spec.codec == "aac")
    gst_caps_set_simple (
        caps.get (), "stream-format", G_TYPE_STRING, spec.adts ? "adts" : "raw", nullptr);
  return caps;
}

AudioEncoder
make_audio_encoder (const AudioSpec &spec)
{
  const auto *aac = spec.codec == "aac" ? aac_encoder () : nullptr;
  AudioEncoder out{make (aac != nullptr ? aac->factory : "opusenc")};
  if (!out.element)
    return out;
  if (aac == nullptr) {
    set_up_opus (out.element.get (), spec); // which stamps its packets earlier by itself
    return out;
  }
  set_number (out.element.get (), "bitrate", static_cast<gint64> (spec.bitrate));
  set_number (out.element.get (), "tolerance", 10 * GST_MSECOND);
  // Of avenc_aac: a quarter of the time for what sounds the same, and no guessed stereo.
  gst_util_set_object_arg (G_OBJECT (out.element.get ()), "aac-coder", "fast");
  gst_util_set_object_arg (G_OBJECT (out.element.get ()), "aac-is", "false");
  out.delay = aac->delay;
  return out;
}

} // namespace stagedoor::transcode
