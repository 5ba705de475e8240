// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a header of any codec, and says whether what it gave is within its bounds.
#pragma once

#include "libs/codecs/av1.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vpx.hpp"
#include "tests/unit/codecs/recorded.hpp"

namespace stagedoor::test {

struct Header
{
  codecs::Picture picture;
  codecs::SampleFormat samples;
  bool operator== (const Header &) const = default;
};

inline std::optional<Header>
read (Kind kind, ByteView bytes)
{
  const auto with_samples = [] (const auto &sps) {
    return sps ? std::optional (Header{sps->picture, sps->samples}) : std::nullopt;
  };
  const auto without = [] (const auto &picture) {
    return picture ? std::optional (Header{*picture, {}}) : std::nullopt;
  };
  switch (kind) {
    case Kind::h264:
      return with_samples (codecs::read_h264_sps (bytes));
    case Kind::h265:
      return with_samples (codecs::read_h265_sps (bytes));
    case Kind::av1:
      return without (codecs::read_av1_sequence_header (bytes));
    case Kind::vp8:
      return without (codecs::read_vp8_key_frame (bytes));
    default:
      break;
  }
  const auto vp9 = codecs::read_vp9_key_frame (bytes);
  return vp9 ? without (std::optional (vp9->picture)) : std::nullopt;
}

inline bool
is_bounded (const Header &header)
{
  const auto side = [] (int value) {
    return value >= 1 && static_cast<std::uint64_t> (value) <= codecs::max_side;
  };
  const auto ratio = [] (const std::optional<codecs::Ratio> &value) {
    return !value || (value->num > 0 && value->den > 0);
  };
  const auto depth = [] (unsigned value) {
    return value >= 8 && value <= 16;
  };
  const auto &[picture, samples] = header;
  return side (picture.width) && side (picture.height) && ratio (picture.frame_rate)
         && ratio (picture.pixel_aspect) && samples.chroma <= 3 && depth (samples.luma_depth)
         && depth (samples.chroma_depth);
}

} // namespace stagedoor::test
