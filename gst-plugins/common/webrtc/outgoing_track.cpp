// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/outgoing_track.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t header_size = 12;
/** A share of catching up is sent every 5 ms: 30 Mbit/s at least, and so much more the more is left
 * that any backlog ends. */
constexpr std::size_t share_packets = 16, share_divisor = 8;
/** The last picture of a stream whose publisher is away is older than this. */
constexpr std::int64_t old_us = 1'000'000;
/** What comes next may have been on its way for so long already; time must not step back to it. */
constexpr std::int64_t under_way_us = 50'000;
/** 5 Mbit/s of retransmissions per viewer and track, half a second of it at once. */
constexpr std::int64_t retransmissions_per_s = 512, retransmissions_at_once = 256;

} // namespace

int
clock_rate (Codec codec)
{
  return codec == Codec::opus ? 48000 : 90000;
}

OutgoingTrack::OutgoingTrack (
    const TrackPlan &plan, std::uint16_t first_sequence, std::uint32_t timestamp_offset)
    : plan_ (plan), timestamp_offset_ (timestamp_offset), next_ (first_sequence)
{
}

void
OutgoingTrack::continue_at (std::uint64_t first_index)
{
  first_index_ = first_index;
  shift_ = next_ - first_index;
  waiting_ = false;
}

void
OutgoingTrack::start (std::vector<SharedFrame> frames, std::int64_t now_us)
{
  if (frames.empty ())
    return;
  // Stamped as old as they are, they would have a receiver take what comes after the pause for
  // early by as much, and hold it back for so long.
  const auto age_us = now_us - frames.back ()->arrival_us - under_way_us;
  if (age_us > old_us) {
    late_ = static_cast<std::uint32_t> (age_us * clock_rate (plan_.codec) / 1'000'000);
    late_until_ = frames.back ()->first_index + frames.back ()->payloads.size ();
  }
  continue_at (frames.front ()->first_index);
  backlog_.assign (frames.begin (), frames.end ());
}

bool
OutgoingTrack::send_packet (const PacketizedFrame &frame, std::size_t position, const Outlet &out)
{
  const auto payload = frame.payloads[position];
  const auto index = frame.first_index + position + shift_;
  const bool marker = plan_.codec != Codec::opus && position + 1 == frame.payloads.size ();
  std::array<std::uint8_t, header_size> header;
  header[0] = 0x80;
  header[1] = static_cast<std::uint8_t> ((marker ? 0x80 : 0) | plan_.payload_type);
  put_u16 (&header[2], static_cast<std::uint16_t> (index));
  const auto late = frame.first_index < late_until_ ? late_ : 0;
  put_u32 (&header[4], frame.rtp_timestamp + late + timestamp_offset_);
  put_u32 (&header[8], plan_.ssrc);
  auto *at = out.sender.reserve (header_size + payload.size + srtp_overhead);
  const auto size = out.srtp.protect_rtp (
      index, header, ByteView (frame.bytes).subspan (payload.offset, payload.size), at);
  if (size == 0)
    return false;
  out.sender.commit (out.destination, size, &unsent_);
  return true;
}

void
OutgoingTrack::send (const PacketizedFrame &frame, const Outlet &out)
{
  for (std::size_t i = 0; i < frame.payloads.size (); ++i)
    if (send_packet (frame, i, out)) {
      ++packets_;
      octets_ += frame.payloads[i].size;
    }
  next_ = frame.first_index + frame.payloads.size () + shift_;
}

void
OutgoingTrack::offer (const SharedFrame &frame, const Outlet &out)
{
  if (unsent_ != unsent_seen_) {
    unsent_seen_ = unsent_;
    backlog_.clear ();
    waiting_ = true;
  }
  if (waiting_ && !frame->keyframe)
    return;
  const bool behind = !backlog_.empty ();
  if (waiting_ || (behind && frame->keyframe)) {
    backlog_.clear (); // a new group of pictures: nobody needs the rest of the one before
    continue_at (frame->first_index);
  }
  if (behind)
    backlog_.push_back (frame);
  else
    send (*frame, out);
}

bool
OutgoingTrack::catch_up (const Outlet &out)
{
  std::size_t left = 0, sent = 0;
  for (const auto &frame : backlog_)
    left += frame->payloads.size ();
  // At least the key frame: nothing can be shown without it.
  for (const auto share = std::max (share_packets, left / share_divisor);
       !backlog_.empty () && sent < share;) {
    sent += backlog_.front ()->payloads.size ();
    send (*backlog_.front (), out);
    backlog_.pop_front ();
  }
  return !backlog_.empty ();
}

std::size_t
OutgoingTrack::retransmit (
    const Nack &nack, const History &history, const Outlet &out, std::int64_t now_us)
{
  if (!plan_.nack || packets_ == 0)
    return 0;
  const auto earned = (now_us - allowance_at_) * retransmissions_per_s / 1'000'000;
  if (earned > 0) {
    allowance_ = std::min (retransmissions_at_once, allowance_ + earned);
    allowance_at_ = now_us;
  }
  std::size_t sent = 0;
  for (const auto sequence : nack.lost) {
    // The packet of this number that was sent last.
    const auto index = next_ - 1 - static_cast<std::uint16_t> (next_ - 1 - sequence) - shift_;
    if (allowance_ == 0)
      break;
    if (index < first_index_ || index >= next_ - shift_)
      continue;
    const auto found = history.find (index);
    if (found && send_packet (*found->frame, found->payload, out)) {
      --allowance_;
      ++sent;
    }
  }
  return sent;
}

SenderInfo
OutgoingTrack::sender_info (std::uint64_t ntp, std::uint32_t rtp_now) const
{
  return {plan_.ssrc, ntp, rtp_now + timestamp_offset_, packets_, octets_};
}

OutgoingTrack::Sent
OutgoingTrack::take_sent ()
{
  const Sent before = std::exchange (taken_, {packets_, octets_, unsent_});
  return {packets_ - before.packets, octets_ - before.octets, unsent_ - before.unsent};
}

std::uint32_t
OutgoingTrack::lost_since (const ReceptionReport &report)
{
  const auto more = report.cumulative_lost - reported_lost_;
  reported_lost_ = report.cumulative_lost;
  return more > 0 ? static_cast<std::uint32_t> (more) : 0;
}

} // namespace stagedoor::webrtc
