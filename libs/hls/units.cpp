// SPDX-License-Identifier: LGPL-2.1-or-later
// What of an access unit belongs into a sample: ISO/IEC 14496-15 sections 5.4 and 8.4.
#include <algorithm>

#include "libs/codecs/nal_setup.hpp"
#include "libs/hls/cmaf.hpp"

namespace stagedoor::hls {
namespace {

class Units
{
public:
  explicit Units (const Track &track) : h264_ (track.codec == Codec::h264), config_ (track.config)
  {
    const std::size_t at = h264_ ? 4 : 21; // of lengthSizeMinusOne
    if (at < config_.size ())
      length_size_ = (config_[at] & 3u) + 1;
  }

  bool append (ByteView access_unit, Bytes &out) const
  {
    Reader reader (access_unit);
    while (reader.remaining () > 0) {
      const auto begin = reader.rest ();
      std::size_t size = 0;
      for (unsigned i = 0; i < length_size_; ++i)
        size = size << 8 | reader.u8 ();
      const auto unit = reader.take (size);
      if (!reader.ok () || unit.empty ())
        return false;
      if (is_wanted (unit))
        Writer (out).bytes (begin.first (length_size_ + size));
    }
    return true;
  }

private:
  /** Not delimiters, ends and filler, nor parameter sets that the setup has: others, which it ought
   * to have, are left for decoders that look. */
  bool is_wanted (ByteView unit) const
  {
    const unsigned type = h264_ ? unit[0] & 31u : unit[0] >> 1 & 63u;
    if (h264_ ? type >= 9 && type <= 12 : type >= 35 && type <= 38)
      return false;
    if (h264_ ? type != 7 && type != 8 : type < 32 || type > 34)
      return true;
    const auto setup = h264_ ? codecs::read_avcc (config_) : codecs::read_hvcc (config_);
    return !setup || std::ranges::none_of (setup->parameter_sets, [unit] (ByteView set) {
      return std::ranges::equal (set, unit);
    });
  }

  const bool h264_;
  const ByteView config_;
  unsigned length_size_ = 4;
};

} // namespace

bool
append_units (const Track &track, ByteView access_unit, Bytes &out)
{
  const auto before = out.size ();
  const bool whole = Units (track).append (access_unit, out);
  if (!whole)
    out.resize (before);
  return whole && out.size () > before;
}

} // namespace stagedoor::hls
