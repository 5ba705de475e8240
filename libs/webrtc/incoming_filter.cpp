// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/incoming_filter.hpp"

#include <algorithm>

namespace stagedoor::webrtc {

IncomingFilter::IncomingFilter (IncomingPlan plan)
    : plan_ (std::move (plan)), lanes_ (plan_.tracks.size ())
{
}

std::optional<IncomingFilter::Passed>
IncomingFilter::take (ByteView packet, std::int64_t now_ms)
{
  auto passed = judge (packet, now_ms);
  if (!passed)
    ++dropped_;
  return passed;
}

/** Whether @p ssrc is in use for something else than @p own. */
bool
IncomingFilter::is_foreign (std::uint32_t ssrc, const std::optional<Source> &own) const
{
  return std::ranges::any_of (lanes_, [&] (const Lane &lane) {
    return std::ranges::any_of (std::array{&lane.media, &lane.retransmission},
        [&] (const auto *source) { return source != &own && *source && (*source)->ssrc == ssrc; });
  });
}

std::optional<IncomingFilter::Passed>
IncomingFilter::judge (ByteView packet, std::int64_t now_ms)
{
  const auto rtp = parse_rtp (packet);
  if (!rtp)
    return std::nullopt;
  const auto track = std::ranges::find_if (plan_.tracks, [&] (const IncomingTrack &t) {
    return t.payload_type == rtp->payload_type || t.rtx_payload_type == rtp->payload_type;
  });
  if (track == plan_.tracks.end ())
    return std::nullopt;
  // Whoever reads the number after us doesn't look at its size.
  if (const auto number = extension_element (*rtp, track->transport_cc_id);
      track->transport_cc_id != 0 && number && number->size () != 2)
    return std::nullopt;
  const auto index = static_cast<std::size_t> (track - plan_.tracks.begin ());
  const bool retransmission = track->payload_type != rtp->payload_type;
  auto &source = retransmission ? lanes_[index].retransmission : lanes_[index].media;
  Passed out{index, retransmission, std::nullopt};
  if (!source || source->ssrc != rtp->ssrc) {
    if (is_foreign (rtp->ssrc, source) || (source && now_ms < source->heard_ms + source_silence_ms))
      return std::nullopt;
    if (source)
      out.gone = source->ssrc;
    source = Source{rtp->ssrc, now_ms};
  }
  source->heard_ms = now_ms;
  return out;
}

std::optional<std::uint32_t>
IncomingFilter::source (std::size_t track) const
{
  const auto &media = lanes_[track].media;
  return media ? std::optional (media->ssrc) : std::nullopt;
}

std::vector<SenderReport>
IncomingFilter::take_rtcp (ByteView compound) const
{
  constexpr unsigned sender_report = 200;
  std::vector<SenderReport> out;
  Reader in (compound);
  while (in.remaining () >= 8 && out.size () < lanes_.size ()) {
    const auto begin = in.rest ();
    const unsigned first = in.u8 (), type = in.u8 ();
    const auto body = in.take (std::size_t (4) * in.u16 ());
    if (!in.ok () || first >> 6 != 2)
      break;
    if (type != sender_report || body.size () < 24)
      continue;
    Reader report (body);
    const auto ssrc = report.u32 ();
    for (std::size_t track = 0; track < lanes_.size (); ++track) {
      if (source (track) != ssrc)
        continue;
      SenderReport found{.track = track, .ntp = report.u64 (), .rtp_timestamp = report.u32 ()};
      std::ranges::copy (begin.first (found.block.size ()), found.block.begin ());
      found.block[0] = 0x80;
      found.block[2] = 0;
      found.block[3] = 6;
      out.push_back (found);
    }
  }
  return out;
}

} // namespace stagedoor::webrtc
