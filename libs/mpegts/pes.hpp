// SPDX-License-Identifier: LGPL-2.1-or-later
// PES packets put together again, ISO/IEC 13818-1 section 2.4.3.6.
#pragma once

#include <optional>

#include "libs/base/bytes.hpp"

namespace stagedoor::mpegts {

/** Of 33 bits, 90 kHz. */
using Stamp = std::uint64_t;

struct PesPacket
{
  std::optional<Stamp> pts, dts;
  ByteView payload;
};

/** nullopt when the header is broken or of a kind that has no media. */
std::optional<PesPacket> parse_pes (ByteView bytes);

class PesReader
{
public:
  explicit PesReader (std::size_t max_size) : max_size_ (max_size) {}

  /** Begins a packet; what there was before is forgotten. */
  void begin () { bytes_.clear (), state_ = State::filling; }
  /** False, and nothing is added, when the packet would grow larger than it may. */
  bool add (ByteView payload);
  /** Forgets the packet; the rest of it is passed over. */
  void drop () { bytes_.clear (), state_ = State::idle; }

  bool filling () const { return state_ == State::filling; }
  /** The header told the length, and that much is here. */
  bool complete () const;
  /** What has arrived of the packet, which ends here. */
  Bytes take ();

private:
  enum class State { idle, filling };
  const std::size_t max_size_;
  Bytes bytes_;
  State state_ = State::idle;
};

} // namespace stagedoor::mpegts
