// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens ports and answers offers: what is done on callers' threads before the webrtc thread takes
// over.
#include "gst-plugins/common/webrtc/port.hpp"

#include <openssl/rand.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <mutex>

#include "gst-plugins/common/listen_address.hpp"
#include "gst-plugins/common/sdp_offer.hpp"
#include "gst-plugins/common/shared_service.hpp"
#include "gst-plugins/common/webrtc/candidates.hpp"
#include "gst-plugins/common/webrtc/worker.hpp"
#include "libs/base/text.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::int64_t candidates_age_us = 5'000'000;

/** What feeds need of their port; lives as long as any of them. */
class PortCore
{
public:
  PortCore (Fd socket, Fd wake, Endpoint bound, std::optional<IpAddress> public_address,
      std::shared_ptr<const DtlsIdentity> identity)
      : identity (identity), admission (std::make_shared<Admission> ()), bound_ (bound),
        public_address_ (public_address), worker (std::move (socket), std::move (wake), identity)
  {
  }

  std::vector<Endpoint> candidates ()
  {
    const auto now_us = g_get_monotonic_time ();
    std::lock_guard lock (mutex_);
    if (candidates_.empty () || now_us - candidates_at_us_ > candidates_age_us) {
      candidates_ = host_candidates (bound_, public_address_);
      candidates_at_us_ = now_us;
    }
    return candidates_;
  }
  std::uint16_t port () const { return bound_.port; }

  const std::shared_ptr<const DtlsIdentity> identity;
  const std::shared_ptr<Admission> admission;

private:
  const Endpoint bound_;
  const std::optional<IpAddress> public_address_;
  std::mutex mutex_;                  // innermost
  std::vector<Endpoint> candidates_;  // protected by mutex_
  std::int64_t candidates_at_us_ = 0; // protected by mutex_

public:
  Worker worker; // last: its thread ends before the rest goes
};

template <class T>
T
random_value ()
{
  T out{};
  RAND_bytes (reinterpret_cast<unsigned char *> (&out), sizeof out);
  return out;
}

std::string
random_text (std::size_t bytes)
{
  Bytes out (bytes);
  RAND_bytes (out.data (), static_cast<int> (out.size ()));
  return base64url_encode (out);
}

bool
lacks (const Offer &offer, const std::vector<TrackPlan> &tracks, bool video)
{
  const auto wanted = [&] (const OfferedMedia &media) {
    return media.kind == (video ? "video" : "audio") && !media.rejected;
  };
  const auto sent = [&] (const TrackPlan &plan) {
    return (plan.codec != Codec::opus) == video;
  };
  return std::ranges::any_of (offer.media, wanted) && std::ranges::none_of (tracks, sent);
}

class FeedOnPort final : public Feed
{
public:
  FeedOnPort (std::shared_ptr<PortCore> core, std::size_t tracks, KeyframeWanted keyframe_wanted,
      Watched watched)
      : core_ (std::move (core)), fan_out_ (std::make_shared<FanOut> (
                                      tracks, std::move (keyframe_wanted), std::move (watched))),
        sources_ (tracks)
  {
    core_->worker.post ([core = core_.get (), f = fan_out_] { core->worker.add (f); });
  }
  ~FeedOnPort () override
  {
    core_->worker.run ([this] { core_->worker.remove (fan_out_); });
  }

  void set_source (std::size_t track, std::optional<Source> source) override;
  void submit (std::size_t track, std::shared_ptr<PacketizedFrame> frame,
      std::int64_t running_time_ns) override
  {
    fan_out_->submit (track, std::move (frame), running_time_ns);
    core_->worker.wake ();
  }
  tl::expected<Joined, Rejection> join (std::string_view sdp, const std::string &peer) override;
  bool end (const std::string &id) override;
  bool has (const std::string &id) const override { return fan_out_->has (id); }
  void end_all () override
  {
    core_->worker.post ([f = fan_out_] { f->end_all ("ended by request"); });
  }
  FeedStats stats () const override { return fan_out_->stats (); }

private:
  struct Offerable
  {
    std::vector<Source> sources;
    std::vector<std::size_t> tracks; ///< of each source
    std::uint64_t changes;
  };
  Offerable offerable () const;
  Joined answer (
      const Offer &offer, const Offerable &have, const Agreement &agreement, SessionPlan &plan);
  bool expect (SessionPlan &plan, std::uint64_t changes);

  const std::shared_ptr<PortCore> core_;
  const std::shared_ptr<FanOut> fan_out_;
  mutable std::mutex mutex_;                   // before FanOut's and Worker's
  std::vector<std::optional<Source>> sources_; // protected by mutex_; by track
  std::uint64_t changes_ = 0;                  // protected by mutex_; of sources_
};

void
FeedOnPort::set_source (std::size_t track, std::optional<Source> source)
{
  std::lock_guard lock (mutex_);
  if (source)
    core_->worker.post (
        [f = fan_out_, track, codec = source->codec] { f->set_codec (track, codec); });
  sources_[track] = std::move (source);
  ++changes_;
}

bool
FeedOnPort::end (const std::string &id)
{
  if (!fan_out_->has (id))
    return false;
  core_->worker.post ([f = fan_out_, id] { f->end (id); });
  return true;
}

FeedOnPort::Offerable
FeedOnPort::offerable () const
{
  Offerable out;
  std::lock_guard lock (mutex_);
  out.changes = changes_;
  for (std::size_t i = 0; i < sources_.size (); ++i)
    if (sources_[i]) {
      out.sources.push_back (*sources_[i]);
      out.tracks.push_back (i);
    }
  return out;
}

Feed::Joined
FeedOnPort::answer (
    const Offer &offer, const Offerable &have, const Agreement &agreement, SessionPlan &plan)
{
  AnswerDetails details;
  details.local_ice = make_ice_credentials ();
  details.fingerprint = core_->identity->fingerprint ();
  details.candidates = core_->candidates ();
  details.cname = random_text (12);
  details.stream_id = random_text (12);
  details.session_id = random_value<std::uint64_t> () >> 1; // fits a signed 64-bit number

  plan.id = random_text (16);
  plan.local_ice = details.local_ice;
  plan.remote_ice = agreement.remote_ice;
  plan.remote_fingerprint = agreement.remote_fingerprint;
  plan.cname = details.cname;
  plan.tracks.clear ();
  for (const auto &agreed : agreement.tracks)
    plan.tracks.push_back ({have.tracks[agreed.source], have.sources[agreed.source].codec,
        agreed.payload_type, agreed.ssrc, agreed.nack});
  plan.lacks_video = lacks (offer, plan.tracks, true);
  plan.lacks_audio = lacks (offer, plan.tracks, false);

  return {plan.id, write_answer (offer, have.sources, agreement, details)};
}

/** False when the sources are no longer those that were agreed on: the tasks that end the viewers
 * of a former codec would come before this one's. */
bool
FeedOnPort::expect (SessionPlan &plan, std::uint64_t changes)
{
  std::lock_guard lock (mutex_);
  if (changes != changes_)
    return false;
  fan_out_->expect (plan.id);
  core_->worker.post ([core = core_.get (), f = fan_out_, plan = std::move (plan)] () mutable {
    core->worker.add (std::move (plan), f);
  });
  return true;
}

tl::expected<Feed::Joined, Rejection>
FeedOnPort::join (std::string_view sdp, const std::string &peer)
{
  const auto offer = parse_offer (sdp);
  if (!offer)
    return tl::unexpected (offer.error ());
  SessionPlan plan;
  for (;;) {
    const auto have = offerable ();
    if (have.sources.empty ())
      return tl::unexpected (Rejection{409, "this stream is not live at the moment"});
    const auto agreement = negotiate (*offer, have.sources, random_value<std::uint64_t> ());
    if (!agreement)
      return tl::unexpected (agreement.error ());
    if (plan.ticket == nullptr) {
      auto ticket = core_->admission->admit (peer);
      if (!ticket)
        return tl::unexpected (Rejection{503, std::move (ticket.error ())});
      plan.ticket = std::move (*ticket);
    }
    auto out = answer (*offer, have, *agreement, plan);
    if (expect (plan, have.changes))
      return out;
  }
}

class UdpPort final : public Port
{
public:
  UdpPort (std::shared_ptr<PortCore> core, std::string address)
      : core_ (std::move (core)), address_ (std::move (address))
  {
  }
  std::string address () const override { return address_; }
  std::uint16_t port () const override { return core_->port (); }
  std::shared_ptr<Feed> new_feed (
      std::size_t tracks, KeyframeWanted keyframe_wanted, Watched watched) override
  {
    return std::make_shared<FeedOnPort> (
        core_, tracks, std::move (keyframe_wanted), std::move (watched));
  }
  tl::expected<Received, Rejection> receive (
      std::string_view, const std::string &, const std::vector<Codec> &, IngestCalls) override
  {
    return tl::make_unexpected (Rejection{503, "this server doesn't receive yet"});
  }

private:
  const std::shared_ptr<PortCore> core_;
  const std::string address_;
};

tl::expected<OpenedService, std::string>
open_port (const std::string &address, const std::string &public_address)
{
  auto at = parse_listen_address (address);
  if (!at)
    return tl::unexpected (at.error ());
  const auto reachable = IpAddress::parse (public_address);
  if (!public_address.empty () && !reachable)
    return tl::unexpected ("'" + public_address + "' is not an IP address");
  auto socket = open_udp_socket (*at);
  if (!socket)
    return tl::unexpected ("can't listen on udp " + address + ": " + socket.error ());
  auto identity = DtlsIdentity::generate ();
  Fd wake (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (identity == nullptr || wake.get () < 0)
    return tl::unexpected (std::string ("can't make a certificate or an eventfd"));
  at->port = bound_port (*socket);
  const auto real = address.substr (0, address.rfind (':') + 1) + std::to_string (at->port);
  auto core = std::make_shared<PortCore> (
      std::move (*socket), std::move (wake), *at, reachable, std::move (identity));
  std::shared_ptr<Port> port = std::make_shared<UdpPort> (std::move (core), real);
  return OpenedService{port, real};
}

} // namespace

tl::expected<std::shared_ptr<Port>, std::string>
Port::open (const std::string &address, const std::string &public_address)
{
  return find_or_open (webrtc_port_context, address, [&] {
    return open_port (address, public_address);
  }).map ([] (const AnyService &service) { return std::static_pointer_cast<Port> (service); });
}

} // namespace stagedoor::webrtc
