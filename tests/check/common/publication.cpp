// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/common/publication.hpp"

#include <algorithm>

namespace stagedoor::test {

namespace {

constexpr std::uint32_t probe_ssrc = 99;

} // namespace

std::string
as_publisher (std::string offer)
{
  for (auto at = offer.find ("a=recvonly"); at != offer.npos; at = offer.find ("a=recvonly"))
    offer.replace (at, 10, "a=sendonly");
  return offer;
}

Bytes
compound (std::uint32_t ssrc)
{
  Bytes out;
  Writer writer (out);
  writer.u32 (0x80c90001);
  writer.u32 (ssrc);
  return out;
}

Publication::Publication (const std::shared_ptr<webrtc::Port> &on, const std::string &fingerprint)
    : port (on)
{
  auto received = port->receive (
      as_publisher (peer.offer ({.video = "96 VP8/90000", .fingerprint = fingerprint})),
      "127.0.0.1", taken, calls ());
  ck_assert_msg (received.has_value (), "%s", received ? "" : received.error ().text.c_str ());
  ingest = received->ingest;
  ck_assert (received->etag == ingest->etag () && received->id.size () >= 20);
  peer.answer (received->answer);
}

webrtc::IngestCalls
Publication::calls ()
{
  return {[this] { note ("connected"); },
      [this] (std::span<const ByteView> packets) {
        ck_assert (!packets.empty ());
        for (const auto packet : packets)
          take (packet, rtp_);
      },
      [this] (ByteView compound) { take (compound, rtcp_); },
      [this] (std::string why) {
        note (std::move (why));
      }};
}

void
Publication::note (std::string event)
{
  std::lock_guard lock (mutex_);
  ck_assert (events_.empty () || events_.back () == "connected");
  events_.push_back (std::move (event));
}

void
Publication::take (ByteView packet, std::vector<Bytes> &to)
{
  std::lock_guard lock (mutex_);
  ck_assert (events_ == std::vector<std::string>{"connected"});
  to.emplace_back (packet.begin (), packet.end ());
}

void
Publication::connect ()
{
  ck_assert (peer.connect ());
  wait_for ("connected");
}

Bytes
Publication::packet (std::uint64_t index, std::uint8_t type, std::uint32_t ssrc)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (0x80);
  writer.u8 (type);
  writer.u16 (static_cast<std::uint16_t> (index));
  writer.u32 (1000);
  writer.u32 (ssrc);
  out.resize (out.size () + 500, 0x42);
  return out;
}

Bytes
Publication::wire (std::uint64_t index, std::uint8_t type, std::uint32_t ssrc)
{
  const auto plain = packet (index, type, ssrc);
  Bytes out (plain.size () + webrtc::srtp_overhead);
  out.resize (peer.srtp ().protect_rtp (
      index, ByteView (plain).first (12), ByteView (plain).subspan (12), out.data ()));
  return out;
}

void
Publication::still_sends ()
{
  const auto index = next_++;
  send (index, opus_type, probe_ssrc);
  wait_for_packet (packet (index, opus_type, probe_ssrc));
}

void
Publication::wait_for (const std::string &event)
{
  peer.pump_until ([&] {
    const auto now = events ();
    return std::ranges::count (now, event) > 0;
  });
}

void
Publication::wait_for_packet (const Bytes &expected)
{
  peer.pump_until ([&] {
    std::lock_guard lock (mutex_);
    return std::ranges::count (rtp_, expected) > 0;
  });
}

std::vector<std::string>
Publication::events ()
{
  std::lock_guard lock (mutex_);
  return events_;
}

std::vector<Bytes>
Publication::packets ()
{
  std::lock_guard lock (mutex_);
  auto out = rtp_;
  std::erase_if (out, [] (const Bytes &packet) { return packet[11] == probe_ssrc; });
  return out;
}

std::vector<Bytes>
Publication::compounds ()
{
  std::lock_guard lock (mutex_);
  return rtcp_;
}

} // namespace stagedoor::test
