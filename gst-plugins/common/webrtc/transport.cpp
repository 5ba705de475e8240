// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/webrtc/transport.hpp"

#include <openssl/rand.h>

#include <algorithm>

#include "gst-plugins/common/webrtc/log.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t connect_time_us = 10 * second_us;
/** Browsers check every 2.5 to 6 s (RFC 7675 section 5.1). */
constexpr std::int64_t silence_us = 10 * second_us;
constexpr const char *place_lost = "too many others are connecting";

} // namespace

Transport::Transport (
    TransportPlan plan, TransportContext context, Session &session, std::int64_t now_us)
    : plan_ (std::move (plan)), context_ (std::move (context)), session_ (session),
      created_us_ (now_us),
      ice_ (plan_.local_ice, plan_.remote_ice.ufrag, plan_.remote_ice.password)
{
}

Transport::~Transport () = default;

/** A check says nothing about where it came from: sent again by somebody else from elsewhere it
 * would move the media there. */
bool
Transport::is_replayed (ByteView packet, const Path &path)
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

/** With whichever credentials it was made. Those of a restart are the only ones from when they
 * nominate; where media goes stays until another path is proven. */
IceLite::Check
Transport::examine (ByteView packet, const Path &path)
{
  auto check = ice_.on_packet (packet, path.remote);
  if (check.valid || !next_ice_)
    return check;
  check = next_ice_->on_packet (packet, path.remote);
  if (check.valid && check.nominated) {
    ice_ = *std::move (next_ice_);
    next_ice_.reset ();
    proof_.reset ();
  }
  return check;
}

bool
Transport::on_check (ByteView packet, const Path &path, std::int64_t now_us)
{
  if (ended_)
    return false;
  const auto check = examine (packet, path);
  if (!check.valid || is_replayed (packet, path))
    return false;
  last_heard_us_ = now_us;
  send_plain (check.response, Destination (path));
  if (check.nominated && path_ != path && (path_ || proof_))
    prove (path);
  return true;
}

void
Transport::restart_ice (IceCredentials local, const IceCredentials &remote)
{
  next_ice_.emplace (std::move (local), remote.ufrag, remote.password);
}

void
Transport::send_plain (ByteView datagram, const Destination &to)
{
  std::ranges::copy (datagram, context_.sender.reserve (datagram.size ()));
  context_.sender.commit (to, datagram.size (), nullptr);
}

/** Media goes nowhere that hasn't answered: its volume is a hundred times that of the checks by
 * which a viewer could ask for it on somebody else's behalf. */
void
Transport::prove (const Path &path)
{
  if (!proof_ || proof_->path != path) {
    proof_ = {path, {}};
    RAND_bytes (proof_->transaction.data (), static_cast<int> (proof_->transaction.size ()));
  }
  send_plain (ice_.own_check (proof_->transaction), Destination (path));
}

void
Transport::on_check_answer (ByteView packet, const Path &path, std::int64_t now_us)
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
Transport::on_handshake_done (std::int64_t now_us)
{
  if (dtls_moved_)
    return prove (*dtls_path_);
  path_ = dtls_path_;
  destination_ = dtls_destination_;
  on_connected (now_us);
}

void
Transport::on_dtls (ByteView packet, const Path &path, std::int64_t now_us)
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
      GST_INFO ("%.6s: %.*s", id ().c_str (), static_cast<int> (dtls_->failure ().size ()),
          dtls_->failure ().data ());
      end ("the DTLS handshake failed");
      break;
    case DtlsServer::State::closed:
      end ("closed by the peer");
      break;
  }
}

void
Transport::on_connected (std::int64_t now_us)
{
  if (!plan_.ticket->connect ())
    return end (place_lost);
  srtp_.emplace (dtls_->keys ());
  srtcp_.emplace (dtls_->keys ());
  last_heard_us_ = now_us;
  GST_DEBUG ("%.6s connected", id ().c_str ());
  session_.on_connected (now_us);
}

void
Transport::on_rtp (std::span<std::uint8_t> packet, std::int64_t now_us)
{
  if (!ended_ && srtp_ && session_.on_rtp (packet))
    last_heard_us_ = now_us;
}

void
Transport::on_rtcp (std::span<std::uint8_t> packet, std::int64_t now_us)
{
  if (ended_ || !srtcp_)
    return;
  const auto plain = srtcp_->unprotect (packet);
  if (!plain)
    return;
  last_heard_us_ = now_us;
  session_.on_rtcp (*plain, now_us);
}

void
Transport::send_rtcp (ByteView compound)
{
  auto *at = context_.sender.reserve (compound.size () + srtcp_overhead);
  std::ranges::copy (compound, at);
  if (const auto size = srtp_->protect_rtcp (at, compound.size ()); size > 0)
    context_.sender.commit (destination_, size, nullptr);
}

void
Transport::on_time (std::int64_t now_us)
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
    return end ("silent for 10 s");
  session_.on_time (now_us);
}

void
Transport::end (const char *why)
{
  if (ended_)
    return;
  GST_DEBUG ("%.6s ends: %s", id ().c_str (), why);
  session_.on_end (why);
  ended_ = true;
  context_.some_ended = true;
  if (dtls_ != nullptr)
    dtls_->close ();
}

} // namespace stagedoor::webrtc
