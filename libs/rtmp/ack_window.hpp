// SPDX-License-Identifier: LGPL-2.1-or-later
// When the peer must be told how much of what it sent has arrived (Adobe RTMP 1.0 section 5.4.3).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace stagedoor::rtmp {

/** Bytes between acknowledgements, both ways, unless the peer asks for another number. */
constexpr std::uint32_t default_window = 2'500'000;

/** A peer that asks for an acknowledgement of every few bytes gets one per so many. */
constexpr std::uint32_t smallest_window = 4096;

class AckWindow
{
public:
  void set_size (std::uint32_t size) { size_ = std::max (size, smallest_window); }
  void receive (std::size_t bytes) { received_ += bytes; }

  /** The number to acknowledge now, which wraps at 2^32; nullopt when there is time yet. */
  std::optional<std::uint32_t> due ()
  {
    if (received_ - acknowledged_ < size_)
      return std::nullopt;
    acknowledged_ = received_;
    return static_cast<std::uint32_t> (received_);
  }

private:
  std::uint32_t size_ = default_window;
  std::uint64_t received_ = 0, acknowledged_ = 0;
};

} // namespace stagedoor::rtmp
