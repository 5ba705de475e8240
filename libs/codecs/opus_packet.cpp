// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/codecs/opus_packet.hpp"

#include <array>

namespace stagedoor::codecs {

int
opus_samples (ByteView packet)
{
  if (packet.empty ())
    return 0;
  const int config = packet[0] >> 3, code = packet[0] & 3;
  static constexpr std::array silk{480, 960, 1920, 2880}, celt{120, 240, 480, 960};
  const int frame = config < 12   ? silk[static_cast<std::size_t> (config & 3)]
                    : config < 16 ? silk[static_cast<std::size_t> (config & 1)]
                                  : celt[static_cast<std::size_t> (config & 3)];
  if (code == 3 && packet.size () < 2)
    return 0;
  const int frames = code == 0 ? 1 : code < 3 ? 2 : packet[1] & 63;
  const int samples = frame * frames;
  return samples <= 5760 ? samples : 0;
}

bool
is_opus_header (ByteView packet)
{
  return text (packet).starts_with ("OpusHead") || text (packet).starts_with ("OpusTags");
}

} // namespace stagedoor::codecs
