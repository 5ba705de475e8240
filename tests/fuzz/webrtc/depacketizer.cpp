// SPDX-License-Identifier: LGPL-2.1-or-later
// Received RTP: packets of any bytes through the filter of a track's sources, and any payloads put
// together as each codec. The first byte says which codec; then each packet has its length in two
// bytes before it, and a byte of flags.
#include <algorithm>
#include <cstdlib>

#include "libs/webrtc/depacketizer.hpp"
#include "libs/webrtc/incoming_filter.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

constexpr Codec codecs[] = {
    Codec::h264, Codec::h265, Codec::av1, Codec::vp8, Codec::vp9, Codec::opus};

void
check (bool holds)
{
  if (!holds)
    std::abort ();
}

IncomingPlan
plan_of (Codec video)
{
  return {{{.video = true,
               .codec = video,
               .m_line = 0,
               .payload_type = 96,
               .clock_rate = 90000,
               .channels = 1,
               .fmtp = {},
               .mid = "0",
               .rtx_payload_type = 97},
      {.video = false,
          .codec = Codec::opus,
          .m_line = 1,
          .payload_type = 111,
          .clock_rate = 48000,
          .channels = 2,
          .fmtp = {},
          .mid = "1",
          .rtx_payload_type = {}}}};
}

/** One source per track, and none replaced while it is heard. */
class Gatekeeper
{
public:
  explicit Gatekeeper (Codec video) : filter_ (plan_of (video)) {}

  void take (ByteView packet, std::int64_t now_ms)
  {
    const auto passed = filter_.take (packet, now_ms);
    if (!passed)
      return;
    check (passed->track < 2 && packet.size () >= 12);
    check (!passed->retransmission || passed->track == 0);
    if (passed->retransmission)
      return;
    const auto ssrc = Reader (packet.subspan (8)).u32 ();
    auto &heard = heard_[passed->track];
    check (filter_.source (passed->track) == ssrc);
    check (!heard.known || heard.ssrc == ssrc
           || now_ms - heard.ms >= IncomingFilter::source_silence_ms);
    check (!passed->gone || *passed->gone != ssrc);
    heard = {true, ssrc, now_ms};
  }
  void take_rtcp (ByteView compound) const
  {
    for (const auto &report : filter_.take_rtcp (compound)) {
      check (report.track < 2 && filter_.source (report.track).has_value ());
      check (Reader (ByteView (report.block).subspan (4)).u32 () == *filter_.source (report.track));
    }
  }

private:
  struct Heard
  {
    bool known = false;
    std::uint32_t ssrc = 0;
    std::int64_t ms = 0;
  };
  IncomingFilter filter_;
  Heard heard_[2];
};

/** What comes out is of a size, and the packetiser can take it as it takes an encoder's. */
void
check_unit (Codec codec, const ReceivedUnit &unit)
{
  check (!unit.data.empty () && unit.data.size () <= max_received_unit);
  const auto frame = Packetizer::create (codec)->packetize (unit.data, false, {});
  if (frame == nullptr)
    return;
  for (const auto &payload : frame->payloads)
    check (payload.size <= 1160 && payload.offset + payload.size <= frame->bytes.size ());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  Reader reader ({data, size});
  const auto codec = codecs[reader.u8 () % std::size (codecs)];
  const auto depacketizer = Depacketizer::create (codec);
  Gatekeeper gatekeeper (codec);
  std::uint32_t timestamp = 0;
  std::int64_t now_ms = 0;
  while (reader.remaining () > 0) {
    const auto length = std::min<std::size_t> (reader.u16 (), reader.remaining ());
    const auto flags = reader.u8 ();
    const auto bytes = reader.take (std::min (length, reader.remaining ()));
    timestamp += flags >> 5;
    now_ms += (flags & 0x1c) << 4;
    gatekeeper.take (bytes, now_ms);
    gatekeeper.take_rtcp (bytes);
    const auto units = depacketizer->feed ({bytes, timestamp, (flags & 1) != 0, (flags & 2) != 0});
    check (units.size () <= 2);
    for (const auto &unit : units)
      check_unit (codec, unit);
  }
  return 0;
}
