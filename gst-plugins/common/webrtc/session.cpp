// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/session.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "gst-plugins/common/webrtc/fan_out.hpp"
#include "gst-plugins/common/webrtc/log.hpp"

namespace stagedoor::webrtc {

// An id allows to end its session, so only its start is logged.

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t connect_time_us = 10 * second_us;
/** Browsers check every 2.5 to 6 s (RFC 7675 section 5.1). */
constexpr std::int64_t silence_us = 10 * second_us;
constexpr std::int64_t report_interval_us = second_us;
/** Receivers can relate the tracks' clocks from the second report on. */
constexpr std::int64_t second_report_us = second_us / 4;
constexpr const char *place_lost = "too many others are connecting";

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

Session::Session (
    SessionPlan plan, std::shared_ptr<FanOut> fan_out, SessionContext context, std::int64_t now_us)
    : plan_ (std::move (plan)), fan_out_ (std::move (fan_out)), context_ (std::move (context)),
      created_us_ (now_us),
      ice_ (plan_.local_ice, plan_.remote_ice.ufrag, plan_.remote_ice.password)
{
}

Session::~Session () = default;

/** A check says nothing about where it came from: sent again by somebody else from elsewhere it
 * would move the media there. */
bool
Session::is_replayed (ByteView packet, const Path &path)
{
  const SeenCheck check{
      std::hash<std::string_view> () (text (packet.subspan (8, 12))), PathHash () (path)};
  const auto known = std::ranges::find (seen_, check.transaction, &SeenCheck::transaction);
  if (known != seen_.end ())
    return known->path != check.path;
  seen_[seen_next_] = check;
  seen_next_ = (seen_next_ + 1) % seen_.size ();
  return false;
}

bool
Session::on_check (ByteView packet, const Path &path, std::int64_t now_us)
{
  if (ended_)
    return false;
  const auto check = ice_.on_packet (packet, path.remote);
  if (!check.valid || is_replayed (packet, path))
    return false;
  last_heard_us_ = now_us;
  send_plain (check.response, Destination (path));
  if (check.nominated && path_ != path && (path_ || proof_))
    prove (path);
  return true;
}

void
Session::send_plain (ByteView datagram, const Destination &to)
{
  std::ranges::copy (datagram, context_.sender.reserve (datagram.size ()));
  context_.sender.commit (to, datagram.size (), nullptr);
}

/** Media goes nowhere that hasn't answered: its volume is a hundred times that of the checks by
 * which a viewer could ask for it on somebody else's behalf. */
void
Session::prove (const Path &path)
{
  if (!proof_ || proof_->path != path) {
    proof_ = {path, {}};
    RAND_bytes (proof_->transaction.data (), static_cast<int> (proof_->transaction.size ()));
  }
  send_plain (ice_.own_check (proof_->transaction), Destination (path));
}

void
Session::on_check_answer (ByteView packet, const Path &path, std::int64_t now_us)
{
  if (ended_ || !proof_ || proof_->path != path || !ice_.is_answer (packet, proof_->transaction))
    return;
  proof_.reset ();
  path_ = path;
  destination_ = Destination (path);
  if (!srtp_)
    on_connected (now_us);
}

/** A handshake shows that its peer receives where it sends from, if all of it is from one place. */
void
Session::on_handshake_done (std::int64_t now_us)
{
  if (dtls_moved_)
    return prove (*dtls_path_);
  path_ = dtls_path_;
  destination_ = dtls_destination_;
  on_connected (now_us);
}

void
Session::on_dtls (ByteView packet, const Path &path, std::int64_t now_us)
{
  if (ended_)
    return;
  dtls_moved_ = dtls_moved_ || (dtls_path_ && *dtls_path_ != path);
  dtls_path_ = path;
  dtls_destination_ = Destination (path);
  if (dtls_ == nullptr)
    dtls_ = std::make_unique<DtlsServer> (context_.identity, plan_.remote_fingerprint,
        [this] (ByteView datagram) { send_plain (datagram, dtls_destination_); });
  switch (dtls_->feed (packet, now_us)) {
    case DtlsServer::State::handshaking:
      break;
    case DtlsServer::State::connected:
      if (!srtp_)
        on_handshake_done (now_us);
      break;
    case DtlsServer::State::failed:
      GST_INFO ("viewer %.6s: %.*s", id ().c_str (), static_cast<int> (dtls_->failure ().size ()),
          dtls_->failure ().data ());
      end ("the DTLS handshake failed");
      break;
    case DtlsServer::State::closed:
      end ("closed by the viewer");
      break;
  }
}

void
Session::on_connected (std::int64_t now_us)
{
  if (!plan_.ticket->connect ())
    return end (place_lost);
  srtp_.emplace (dtls_->keys ());
  srtcp_.emplace (dtls_->keys ());
  last_heard_us_ = now_us;
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
  GST_DEBUG ("viewer %.6s connected", id ().c_str ());
}

bool
Session::watches (std::size_t track) const
{
  return std::ranges::find (plan_.tracks, track, &TrackPlan::track) != plan_.tracks.end ();
}

void
Session::deliver (std::size_t track, const SharedFrame &frame)
{
  if (ended_)
    return;
  for (auto &out : tracks_)
    if (out.plan ().track == track)
      out.offer (frame, outlet ());
}

bool
Session::catch_up ()
{
  bool more = false;
  for (auto &track : tracks_)
    more = (!ended_ && track.catch_up (outlet ())) || more;
  return more;
}

OutgoingTrack *
Session::track_of (std::uint32_t ssrc)
{
  const auto found =
      std::ranges::find_if (tracks_, [&] (auto &t) { return t.plan ().ssrc == ssrc; });
  return found != tracks_.end () ? &*found : nullptr;
}

void
Session::on_rtcp (std::span<std::uint8_t> packet, std::int64_t now_us)
{
  if (ended_ || !srtcp_)
    return;
  const auto plain = srtcp_->unprotect (packet);
  if (!plain)
    return;
  last_heard_us_ = now_us;
  // Not on_event (Goodbye): a receiver may change its SSRC; who leaves closes DTLS or falls silent.
  for (const auto &event : parse_rtcp (*plain))
    std::visit ([&] (const auto &e) { on_event (e, now_us); }, event);
}

void
Session::on_event (const Nack &nack, std::int64_t now_us)
{
  if (auto *track = track_of (nack.media_ssrc))
    fan_out_->counters.retransmitted +=
        track->retransmit (nack, fan_out_->history (track->plan ().track), outlet (), now_us);
}

void
Session::on_event (const KeyframeRequest &request, std::int64_t now_us)
{
  const auto *track = track_of (request.media_ssrc);
  if (track != nullptr && track->plan ().codec != Codec::opus)
    fan_out_->request_keyframe (track->plan ().track, now_us);
}

void
Session::on_event (const ReceptionReport &report, std::int64_t)
{
  if (auto *track = track_of (report.media_ssrc))
    fan_out_->counters.lost += track->lost_since (report);
}

void
Session::send_rtcp ()
{
  auto *at = context_.sender.reserve (rtcp_.size () + srtcp_overhead);
  std::ranges::copy (rtcp_, at);
  if (const auto size = srtp_->protect_rtcp (at, rtcp_.size ()); size > 0)
    context_.sender.commit (destination_, size, nullptr);
}

/** Every compound begins with a report and the CNAME (RFC 3550 section 6.1). */
void
Session::start_compound (const OutgoingTrack &track, std::uint64_t ntp, std::int64_t now_us)
{
  const auto rtp = fan_out_->rtp_at (now_us, clock_rate (track.plan ().codec));
  rtcp_.clear ();
  write_sender_report (track.sender_info (ntp, rtp), plan_.cname, rtcp_);
}

void
Session::account ()
{
  for (auto &track : tracks_) {
    const auto sent = track.take_sent ();
    fan_out_->counters.packets += sent.packets;
    fan_out_->counters.bytes += sent.octets;
    fan_out_->counters.unsent += sent.unsent;
  }
}

void
Session::send_reports (std::int64_t now_us)
{
  account ();
  // The same instant for all tracks: a receiver plays them in step by it.
  const auto ntp = ntp_now ();
  for (auto &track : tracks_) {
    if (!track.has_sent ())
      continue;
    start_compound (track, ntp, now_us);
    send_rtcp ();
  }
}

void
Session::send_goodbyes (std::int64_t now_us)
{
  const auto ntp = ntp_now ();
  for (auto &track : tracks_) {
    start_compound (track, ntp, now_us);
    write_goodbye (track.plan ().ssrc, rtcp_);
    send_rtcp ();
  }
}

void
Session::on_time (std::int64_t now_us)
{
  if (ended_)
    return;
  if (!srtp_) {
    if (dtls_ != nullptr && dtls_->on_time (now_us) == DtlsServer::State::failed)
      end ("the DTLS handshake failed");
    else if (now_us - created_us_ > connect_time_us)
      end ("never connected");
    else if (plan_.ticket->is_lost ())
      end (place_lost);
    return;
  }
  if (now_us - last_heard_us_ > silence_us)
    return end ("silent");
  if (now_us >= next_report_us_) {
    next_report_us_ = now_us + (reports_++ == 0 ? second_report_us : report_interval_us);
    send_reports (now_us);
  }
}

void
Session::end (const char *why)
{
  if (ended_)
    return;
  GST_DEBUG ("viewer %.6s ends: %s", id ().c_str (), why);
  if (srtp_) {
    rtcp_.clear ();
    account ();
    send_goodbyes (g_get_monotonic_time ());
  }
  ended_ = true;
  context_.some_ended = true;
  if (dtls_ != nullptr)
    dtls_->close ();
}

} // namespace stagedoor::webrtc
