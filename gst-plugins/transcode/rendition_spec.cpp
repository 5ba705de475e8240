// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/rendition_spec.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace stagedoor::transcode {

namespace {

constexpr int max_side = 8192, max_fps = 240, max_key_distance = 60'000;
constexpr int max_channels = 2, max_loss = 100;
constexpr std::uint64_t max_bitrate = 200'000'000;

/** The number that @p text begins with, which is taken off it. */
std::optional<std::uint64_t>
take_number (std::string_view &text)
{
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars (text.data (), text.data () + text.size (), out);
  if (error != std::errc ())
    return std::nullopt;
  text.remove_prefix (static_cast<std::size_t> (end - text.data ()));
  return out;
}

std::optional<int>
whole_number (std::string_view text, int most)
{
  const auto number = take_number (text);
  if (!number || !text.empty () || *number == 0 || *number > static_cast<std::uint64_t> (most))
    return std::nullopt;
  return static_cast<int> (*number);
}

/** "2500k", "2.5M" is not for machines: whole numbers, with k or M. */
std::optional<std::uint64_t>
bits_per_second (std::string_view text)
{
  auto number = take_number (text);
  if (!number || *number == 0 || *number > max_bitrate || text.size () > 1)
    return std::nullopt;
  if (!text.empty ())
    *number *= text == "k" ? 1000 : text == "M" ? 1'000'000 : 0;
  return *number > 0 && *number <= max_bitrate ? number : std::nullopt;
}

bool
is_codec (std::string_view text)
{
  constexpr std::array known{"h264", "vp8", "vp9", "h265", "av1"};
  return std::ranges::find (known, text) != known.end ();
}

template <class Field, class Parsed>
bool
set (Field &field, const Parsed &parsed)
{
  if (parsed)
    field = *parsed;
  return parsed.has_value ();
}

bool
set_field (Wants &wants, std::string_view key, std::string_view value)
{
  if (key == "w")
    return set (wants.width, whole_number (value, max_side));
  if (key == "h")
    return set (wants.height, whole_number (value, max_side));
  if (key == "fps")
    return set (wants.rate.num, whole_number (value, max_fps));
  if (key == "key")
    return set (wants.key_distance, whole_number (value, max_key_distance));
  if (key == "b")
    return set (wants.bitrate, bits_per_second (value));
  if (key != "codec" || !is_codec (value))
    return false;
  wants.codec = value;
  return true;
}

bool
set_audio_codec (Wants &wants, std::string_view name)
{
  if (name != "opus" && name != "aac")
    return false;
  wants.codec = name;
  return true;
}

bool
set_audio_field (Wants &wants, std::string_view key, std::string_view value)
{
  if (key == "ch")
    return set (wants.channels, whole_number (value, max_channels));
  if (key == "loss")
    return set (wants.loss, whole_number (value, max_loss));
  if (key == "b")
    return set (wants.bitrate, bits_per_second (value));
  return key == "codec" && set_audio_codec (wants, value);
}

/** "opus", "aac@128k". */
bool
parse_short_audio (std::string_view text, Wants &wants)
{
  const auto at = text.find ('@');
  return set_audio_codec (wants, text.substr (0, at))
         && (at == text.npos || set (wants.bitrate, bits_per_second (text.substr (at + 1))));
}

/** nullopt: @p wrong is the first that doesn't fit. */
std::optional<Wants>
parse_fields (std::string_view text, bool (*set_one) (Wants &, std::string_view, std::string_view),
    std::string_view &wrong)
{
  Wants wants;
  for (std::size_t from = 0; from <= text.size ();) {
    const auto field = text.substr (from, std::min (text.find (',', from), text.size ()) - from);
    const auto equals = std::min (field.find ('='), field.size ());
    const auto value = field.substr (std::min (equals + 1, field.size ()));
    if (!set_one (wants, field.substr (0, equals), value)) {
      wrong = field;
      return std::nullopt;
    }
    from += field.size () + 1;
  }
  return wants;
}

/** "720p", "720p30", "720p30@2500k". */
bool
parse_short (std::string_view text, Wants &wants)
{
  const auto at = text.find ('@');
  if (at != text.npos) {
    const auto bitrate = bits_per_second (text.substr (at + 1));
    if (!bitrate)
      return false;
    wants.bitrate = *bitrate;
    text = text.substr (0, at);
  }
  const auto p = text.find ('p');
  const auto height = whole_number (text.substr (0, p), max_side);
  if (p == text.npos || !height)
    return false;
  wants.height = *height;
  const auto fps = text.substr (p + 1);
  const auto rate = whole_number (fps, max_fps);
  if (!fps.empty () && rate)
    wants.rate.num = *rate;
  return fps.empty () || rate;
}

int
even (double side)
{
  return std::max (2, static_cast<int> (std::lround (side / 2)) * 2);
}

double
per_second (const Rate &rate)
{
  return rate.den > 0 ? static_cast<double> (rate.num) / rate.den : 0;
}

/** A camera's 29.97 is as good as 30. */
bool
is_faster (const Rate &rate, const Rate &than)
{
  return per_second (rate) > per_second (than) * 1.01;
}

std::string
size_text (int width, int height)
{
  return std::to_string (width) + "x" + std::to_string (height);
}

} // namespace

std::optional<Wants>
parse_rendition (std::string_view text, std::string &why)
{
  Wants wants;
  if (text == "source" || parse_short (text, wants))
    return wants;
  std::string_view wrong;
  const auto out = parse_fields (text, set_field, wrong);
  if (!out)
    why = "\"" + std::string (wrong)
          + "\" is no part of a rendition: use 720p, 720p30@2500k, or "
            "fields of h, w, fps, b (bits per second, with k or M), key (milliseconds) and codec "
            "(h264, vp8, vp9, h265, av1)";
  return out;
}

std::optional<Wants>
parse_audio_rendition (std::string_view text, std::string &why)
{
  if (text.starts_with ("audio="))
    text.remove_prefix (6);
  Wants wants;
  if (text == "source" || parse_short_audio (text, wants))
    return text == "source" ? Wants{} : wants;
  std::string_view wrong;
  const auto out = parse_fields (text, set_audio_field, wrong);
  if (!out)
    why = "\"" + std::string (wrong)
          + "\" is no part of a rendition of sound: use opus, aac@128k, or fields of codec (opus, "
            "aac), b (bits per second, with k or M), ch (1 or 2) and loss (percent)";
  return out;
}

RenditionSpec
resolve (const Wants &wants, const SourcePicture &source)
{
  const double w = source.width, h = source.height;
  RenditionSpec out{
      wants.codec.empty () ? "h264" : wants.codec, even (w), even (h), {}, wants.bitrate, 0};
  if (w > 0 && h > 0) {
    // Both sides make a box that the picture has to fit in.
    const double by_width = wants.width > 0 ? wants.width / w : 1;
    const double by_height = wants.height > 0 ? wants.height / h : 1;
    const auto scale = std::min ({by_width, by_height, 1.0});
    out.width = even (w * scale);
    out.height = even (h * scale);
  }
  if (wants.rate.num > 0 && (source.rate.num == 0 || is_faster (source.rate, wants.rate)))
    out.rate = wants.rate;
  if (out.bitrate == 0) {
    constexpr double bits_per_pixel = 0.09; // 2.5 Mbit/s for 720p30
    const auto rate = per_second (out.rate.num > 0 ? out.rate : source.rate);
    const auto bits = bits_per_pixel * out.width * out.height * (rate > 0 ? rate : 30);
    out.bitrate = static_cast<std::uint64_t> (std::max (std::round (bits), 200e3));
  }
  return out;
}

std::string
difference (const Wants &wants, const SourcePicture &source)
{
  if (!wants.codec.empty () && wants.codec != source.codec)
    return "the source is " + source.codec + " and " + wants.codec + " is wanted";
  const auto spec = resolve (wants, source);
  if (source.width > 0 && (spec.width < source.width - 1 || spec.height < source.height - 1))
    return "the source is " + size_text (source.width, source.height) + " and "
           + size_text (spec.width, spec.height) + " is wanted";
  if (spec.rate.num > 0)
    return "fewer frames per second are wanted than the source has";
  if (wants.bitrate > 0)
    return "a bit rate of its own is wanted";
  return {};
}

} // namespace stagedoor::transcode
