// SPDX-License-Identifier: LGPL-2.1-or-later
// Packets to units, by marker and time stamp; what is inside is the codec's matter. Opus has
// nothing inside (RFC 7587).
#include "libs/webrtc/depacketizer.hpp"

#include <utility>

#include "libs/webrtc/depacketizer_kinds.hpp"

namespace stagedoor::webrtc {
namespace {

/** Each packet is a unit, marker or not: it says that speech begins. */
class OpusDepacketizer final : public Depacketizer
{
  bool is_unit () const override { return true; }
  bool begins_unit (ByteView) const override { return true; }
  bool append (ByteView payload, Bytes &unit) override
  {
    unit.assign (payload.begin (), payload.end ());
    return true;
  }
  bool complete (Bytes &) override { return true; }
};

} // namespace

std::vector<ReceivedUnit>
Depacketizer::feed (const RtpPayload &payload)
{
  std::vector<ReceivedUnit> out;
  gap_ = gap_ || payload.gap;
  if (open_ && payload.gap)
    damaged_ = true; // either its end is missing or, with the same time stamp, something inside
  if (payload.bytes.empty ())
    return out;
  if (open_ && payload.timestamp != timestamp_)
    finish (out);
  if (!open_) {
    open_ = true;
    timestamp_ = payload.timestamp;
    damaged_ = payload.gap && !begins_unit (payload.bytes);
  }
  if (unit_.size () + payload.bytes.size () > max_received_unit)
    damaged_ = true;
  if (!damaged_ && !append (payload.bytes, unit_))
    damaged_ = true;
  if (payload.marker || is_unit ())
    finish (out);
  return out;
}

void
Depacketizer::finish (std::vector<ReceivedUnit> &out)
{
  const bool whole = complete (unit_) && !damaged_ && !unit_.empty ();
  auto data = std::exchange (unit_, {});
  open_ = damaged_ = false;
  if (whole) {
    out.push_back ({std::move (data), timestamp_, std::exchange (gap_, false)});
    return;
  }
  ++broken_;
  gap_ = true;
}

std::unique_ptr<Depacketizer>
Depacketizer::create (Codec codec)
{
  switch (codec) {
    case Codec::h264:
    case Codec::h265:
      return make_nal_depacketizer (codec);
    case Codec::vp8:
      return make_vp8_depacketizer ();
    case Codec::vp9:
      return make_vp9_depacketizer ();
    case Codec::av1:
      return make_av1_depacketizer ();
    case Codec::opus:
      break;
  }
  return std::make_unique<OpusDepacketizer> ();
}

} // namespace stagedoor::webrtc
