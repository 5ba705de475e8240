// SPDX-License-Identifier: LGPL-2.1-or-later
// The codecs parameter: RFC 6381 section 3, ISO/IEC 14496-15 annex E, and the bindings of AV1, VP9
// and Opus.
#include <array>
#include <cstdio>

#include "libs/codecs/audio.hpp"
#include "libs/hls/cmaf.hpp"

namespace stagedoor::hls {
namespace {

template <typename... Args>
std::string
print (const char *format, Args... args)
{
  std::array<char, 64> text{};
  std::snprintf (text.data (), text.size (), format, args...);
  return text.data ();
}

/** General profile, compatibility with the first flag last, tier and level, constraints up to the
 * last that isn't 0. */
std::string
h265_string (ByteView hvcc)
{
  constexpr std::array<const char *, 4> spaces{"", "A", "B", "C"};
  Reader reader (hvcc.subspan (1));
  const unsigned profile = reader.u8 ();
  const auto flags = reader.u32 ();
  std::uint32_t compatible = 0;
  for (unsigned i = 0; i < 32; ++i)
    compatible |= (flags >> i & 1) << (31 - i);
  auto constraints = reader.take (6);
  const bool high_tier = (profile & 0x20) != 0;
  auto out = "hvc1." + std::string (spaces[profile >> 6])
             + print ("%u.%X.%c%u", profile & 31, compatible, high_tier ? 'H' : 'L',
                 static_cast<unsigned> (reader.u8 ()));
  while (!constraints.empty () && constraints.back () == 0)
    constraints = constraints.first (constraints.size () - 1);
  for (const unsigned byte : constraints)
    out += print (".%X", byte);
  return out;
}

/** Without colours, which are optional: players have them from the track. */
std::string
av1_string (ByteView av1c)
{
  const unsigned profile = av1c[1] >> 5, level = av1c[1] & 31, flags = av1c[2];
  const unsigned depth = (flags & 0x40) == 0 ? 8 : (flags & 0x20) == 0 ? 10 : 12;
  return print ("av01.%u.%02u%c.%02u", profile, level, (flags & 0x80) != 0 ? 'H' : 'M', depth);
}

std::string
vpx_string (const char *name, ByteView vpcc)
{
  const unsigned profile = vpcc[4], level = vpcc[5], depth = vpcc[6] >> 4;
  return print ("%s.%02u.%02u.%02u", name, profile, level, depth);
}

std::string
aac_string (ByteView config)
{
  const auto setup = codecs::read_aac_setup (config);
  return print ("mp4a.40.%u", setup ? setup->object_type : 2);
}

/** What record of a codec is looked into here. */
std::size_t
needed (Codec codec)
{
  switch (codec) {
    case Codec::h264:
    case Codec::av1:
      return 4;
    case Codec::h265:
      return 13;
    case Codec::vp9:
    case Codec::vp8:
      return 7;
    default:
      return 0;
  }
}

} // namespace

std::string
codec_string (const Track &track)
{
  const ByteView config (track.config);
  if (config.size () < needed (track.codec))
    return {};
  switch (track.codec) {
    case Codec::h264:
      return print ("avc1.%02x%02x%02x", config[1], config[2], config[3]);
    case Codec::h265:
      return h265_string (config);
    case Codec::av1:
      return av1_string (config);
    case Codec::vp9:
      return vpx_string ("vp09", config);
    case Codec::vp8:
      return vpx_string ("vp08", config);
    case Codec::aac:
      return aac_string (config);
    case Codec::opus:
      return "opus"; // MediaSource knows no "Opus"
    case Codec::mp3:
      break;
  }
  return "mp4a.40.34"; // as Safari calls it
}

} // namespace stagedoor::hls
