// SPDX-License-Identifier: LGPL-2.1-or-later
// H.264 and HEVC byte streams (start codes) to what MP4 and RTMP have: NAL units with their length
// before them, parameter sets apart.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "libs/base/bytes.hpp"

namespace stagedoor::media {

enum class NalCodec { h264, h265 };

class ByteStreamConverter
{
public:
  explicit ByteStreamConverter (NalCodec codec) : codec_ (codec) {}

  struct AccessUnit
  {
    Bytes data;            ///< 32-bit lengths; without parameter sets, delimiters and filler
    bool keyframe = false; ///< decoding can begin here
    bool setup_changed = false;
  };
  AccessUnit convert (ByteView byte_stream);

  /** avcC or hvcC of the parameter sets seen last; empty until all are there. */
  const Bytes &setup () const { return setup_; }

private:
  enum Kind { vps, sps, pps, kinds };
  struct ParameterSet
  {
    std::uint32_t id = 0;
    Bytes unit;
  };
  using Sets = std::array<std::vector<ParameterSet>, kinds>;

  unsigned type_of (ByteView nal) const;
  std::optional<Kind> parameter_set_kind (unsigned type) const;
  void collect (ByteView nal, Kind kind, Sets &fresh) const;
  bool update (Sets fresh);
  Bytes write_setup () const;
  bool write_avcc (Bytes &out) const;
  bool write_hvcc (Bytes &out) const;

  const NalCodec codec_;
  Sets sets_;
  Bytes setup_;
};

} // namespace stagedoor::media
