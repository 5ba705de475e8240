// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/viewer.hpp"

#include <glib.h>
#include <openssl/rand.h>

#include <algorithm>

#include "gst-plugins/common/webrtc/fan_out.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t report_interval_us = second_us;
/** Receivers can relate the tracks' clocks from the second report on. */
constexpr std::int64_t second_report_us = second_us / 4;

std::uint32_t
random_u32 ()
{
  std::uint32_t out = 0;
  RAND_bytes (reinterpret_cast<unsigned char *> (&out), sizeof out);
  return out;
}

/** RFC 5905 section 6: seconds since 1900, 32.32. */
std::uint64_t
ntp_now ()
{
  const auto us = static_cast<std::uint64_t> (g_get_real_time ());
  return (us / second_us + 2'208'988'800u) << 32 | ((us % second_us) << 32) / second_us;
}

} // namespace

Viewer::Viewer (
    ViewerPlan plan, std::shared_ptr<FanOut> fan_out, TransportContext context, std::int64_t now_us)
    : plan_ (std::move (plan)), fan_out_ (std::move (fan_out)),
      transport_ (std::move (plan_.transport), std::move (context), *this, now_us)
{
  fan_out_->add (*this);
}

Viewer::~Viewer ()
{
  fan_out_->remove (*this);
}

void
Viewer::on_connected (std::int64_t now_us)
{
  next_report_us_ = now_us;
  tracks_.reserve (plan_.tracks.size ());
  for (const auto &plan : plan_.tracks) {
    // With the upper half of the sequence numbers ahead the first rollover is far away, so that a
    // receiver that misses the first packets can't get the rollover counter wrong (RFC 3711 3.3.1).
    auto &track = tracks_.emplace_back (
        plan, static_cast<std::uint16_t> (random_u32 () & 0x7fff), random_u32 ());
    if (plan.codec == Codec::opus)
      continue;
    auto frames = fan_out_->history (plan.track).since_keyframe ();
    if (frames.empty ())
      fan_out_->request_keyframe (plan.track, now_us);
    track.start (std::move (frames), now_us);
  }
  fan_out_->watch (*this);
}

bool
Viewer::watches (std::size_t track) const
{
  return std::ranges::find (plan_.tracks, track, &TrackPlan::track) != plan_.tracks.end ();
}

void
Viewer::deliver (std::size_t track, const SharedFrame &frame)
{
  if (ended ())
    return;
  for (auto &out : tracks_)
    if (out.plan ().track == track)
      out.offer (frame, outlet ());
}

bool
Viewer::catch_up ()
{
  bool more = false;
  for (auto &track : tracks_)
    more = (!ended () && track.catch_up (outlet ())) || more;
  return more;
}

OutgoingTrack *
Viewer::track_of (std::uint32_t ssrc)
{
  const auto found =
      std::ranges::find_if (tracks_, [&] (auto &t) { return t.plan ().ssrc == ssrc; });
  return found != tracks_.end () ? &*found : nullptr;
}

void
Viewer::on_rtcp (ByteView compound, std::int64_t now_us)
{
  // Not on_event (Goodbye): a receiver may change its SSRC; who leaves closes DTLS or falls silent.
  for (const auto &event : parse_rtcp (compound))
    std::visit ([&] (const auto &e) { on_event (e, now_us); }, event);
}

void
Viewer::on_event (const Nack &nack, std::int64_t now_us)
{
  if (auto *track = track_of (nack.media_ssrc))
    fan_out_->counters.retransmitted +=
        track->retransmit (nack, fan_out_->history (track->plan ().track), outlet (), now_us);
}

void
Viewer::on_event (const KeyframeRequest &request, std::int64_t now_us)
{
  const auto *track = track_of (request.media_ssrc);
  if (track != nullptr && track->plan ().codec != Codec::opus)
    fan_out_->request_keyframe (track->plan ().track, now_us);
}

void
Viewer::on_event (const ReceptionReport &report, std::int64_t)
{
  if (auto *track = track_of (report.media_ssrc))
    fan_out_->counters.lost += track->lost_since (report);
}

/** Every compound begins with a report and the CNAME (RFC 3550 section 6.1). */
void
Viewer::start_compound (const OutgoingTrack &track, std::uint64_t ntp, std::int64_t now_us)
{
  const auto rtp = fan_out_->rtp_at (now_us, clock_rate (track.plan ().codec));
  rtcp_.clear ();
  write_sender_report (track.sender_info (ntp, rtp), plan_.cname, rtcp_);
}

void
Viewer::account ()
{
  for (auto &track : tracks_) {
    const auto sent = track.take_sent ();
    fan_out_->counters.packets += sent.packets;
    fan_out_->counters.bytes += sent.octets;
    fan_out_->counters.unsent += sent.unsent;
  }
}

void
Viewer::send_reports (std::int64_t now_us)
{
  account ();
  // The same instant for all tracks: a receiver plays them in step by it.
  const auto ntp = ntp_now ();
  for (auto &track : tracks_) {
    if (!track.has_sent ())
      continue;
    start_compound (track, ntp, now_us);
    transport_.send_rtcp (rtcp_);
  }
}

void
Viewer::send_goodbyes (std::int64_t now_us)
{
  const auto ntp = ntp_now ();
  for (auto &track : tracks_) {
    start_compound (track, ntp, now_us);
    write_goodbye (track.plan ().ssrc, rtcp_);
    transport_.send_rtcp (rtcp_);
  }
}

void
Viewer::on_time (std::int64_t now_us)
{
  if (now_us < next_report_us_)
    return;
  next_report_us_ = now_us + (reports_++ == 0 ? second_report_us : report_interval_us);
  send_reports (now_us);
}

void
Viewer::on_end (const char *)
{
  if (!transport_.connected ())
    return;
  account ();
  send_goodbyes (g_get_monotonic_time ());
}

} // namespace stagedoor::webrtc
