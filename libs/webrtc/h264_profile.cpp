// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/h264_profile.hpp"

#include "libs/webrtc/sdp_text.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr unsigned constraint_set0 = 0x80, constraint_set1 = 0x40, constraint_set3 = 0x10;

std::optional<H264Profile>
profile_of (unsigned profile_idc, unsigned constraints)
{
  switch (profile_idc) {
    case 66:
      return constraints & constraint_set1 ? H264Profile::constrained_baseline
                                           : H264Profile::baseline;
    case 77:
      // Main that keeps to Baseline too is what both have in common.
      return constraints & constraint_set0 ? H264Profile::constrained_baseline : H264Profile::main;
    case 88:
      return constraints & constraint_set1 ? constraints & constraint_set0
                                                 ? H264Profile::constrained_baseline
                                                 : H264Profile::main
                                           : H264Profile::extended;
    case 100:
      return H264Profile::high;
    case 110:
      return H264Profile::high10;
    case 122:
      return H264Profile::high422;
    case 244:
      return H264Profile::high444;
    default:
      return std::nullopt;
  }
}

} // namespace

std::optional<H264Level>
H264Level::parse (std::string_view text)
{
  if (text.size () != 6)
    return std::nullopt;
  unsigned value = 0;
  for (const char c : text) {
    const int digit = hex_digit (c);
    if (digit < 0)
      return std::nullopt;
    value = value << 4 | static_cast<unsigned> (digit);
  }
  const unsigned profile_idc = value >> 16, constraints = value >> 8 & 0xff;
  const auto profile = profile_of (profile_idc, constraints);
  if (!profile)
    return std::nullopt;
  // Below High, level 1b is written as 1.1 with constraint_set3_flag (A.3.4.1); above, as 0.9.
  const auto level = static_cast<int> (value & 0xff);
  const bool is_1b =
      level == 9 || (level == 11 && profile_idc < 100 && constraints & constraint_set3);
  return H264Level{*profile, is_1b ? 10 : level};
}

bool
h264_decodes (H264Profile decoder, H264Profile stream)
{
  if (decoder == stream)
    return true;
  // Extended is a branch of its own: only Baseline is below it. Baseline's slice groups and
  // redundant slices are in no profile above.
  if (decoder == H264Profile::extended)
    return stream <= H264Profile::baseline;
  if (stream == H264Profile::baseline || stream == H264Profile::extended)
    return false;
  return decoder > stream;
}

std::string_view
h264_profile_name (H264Profile profile)
{
  switch (profile) {
    case H264Profile::constrained_baseline:
      return "constrained baseline";
    case H264Profile::baseline:
      return "baseline";
    case H264Profile::main:
      return "main";
    case H264Profile::extended:
      return "extended";
    case H264Profile::high:
      return "high";
    case H264Profile::high10:
      return "high 10";
    case H264Profile::high422:
      return "high 4:2:2";
    case H264Profile::high444:
      break;
  }
  return "high 4:4:4 predictive";
}

} // namespace stagedoor::webrtc
