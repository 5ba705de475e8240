// SPDX-License-Identifier: LGPL-2.1-or-later
// Requests, and what the gate makes of them.
#include "gst-plugins/common/gate/whip/whip_door.hpp"

#include <array>

#include "gst-plugins/common/gate/whip/whip_denial.hpp"
#include "gst-plugins/common/http_sdp.hpp"
#include "gst-plugins/common/listen_address.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

constexpr std::chrono::seconds sweep_interval{1};

/** "/APP/STREAM", "/APP/STREAM/whip" or "/APP/STREAM/whip/ID". */
struct Place
{
  std::string app, stream, endpoint, id;
};

Place
place_of (std::string_view path)
{
  std::array<std::string_view, 4> parts;
  for (auto &part : parts) {
    path.remove_prefix (std::min<std::size_t> (1, path.size ()));
    part = path.substr (0, path.find ('/'));
    path.remove_prefix (part.size ());
  }
  return {std::string (parts[0]), std::string (parts[1]), std::string (parts[2]),
      std::string (parts[3]) + std::string (path)};
}

/** OvenMediaEngine's address of its WHIP endpoint: /APP/STREAM?direction=whip. */
bool
has_ome_direction (std::string_view query)
{
  for (bool more = true; more;) {
    const auto item = query.substr (0, query.find ('&'));
    if (item == "direction=whip")
      return true;
    more = item.size () < query.size ();
    query.remove_prefix (item.size () + (more ? 1 : 0));
  }
  return false;
}

/** Hands what arrives to a WhipMedia, which comes about after the connection. */
class Relay
{
public:
  void connect (const std::shared_ptr<WhipMedia> &media)
  {
    const std::lock_guard lock (mutex_);
    media_ = media;
  }
  std::shared_ptr<WhipMedia> media () const
  {
    const std::lock_guard lock (mutex_);
    return media_.lock ();
  }

private:
  mutable std::mutex mutex_; // innermost
  std::weak_ptr<WhipMedia> media_;
};

webrtc::IngestCalls
calls_of (const std::shared_ptr<Relay> &relay, std::function<void (std::string)> ended)
{
  return {.connected =
              [relay] {
                if (const auto media = relay->media ())
                  media->request_key_frame ();
              },
      .rtp =
          [relay] (std::span<const ByteView> packets) {
            if (const auto media = relay->media ())
              media->take (packets);
          },
      .rtcp =
          [relay] (ByteView compound) {
            if (const auto media = relay->media ())
              media->take_rtcp (compound);
          },
      .ended = std::move (ended)};
}

} // namespace

/** An offer, waiting for its answer. */
struct WhipDoor::Visit
{
  http::Deferred answer;
  Knock knock;
  std::string offer;
  bool is_offer; ///< by what its type says

  std::string session_path (const std::string &id) const
  {
    return "/" + knock.app + "/" + knock.stream + "/whip/" + id;
  }
  bool shows_nothing () const { return knock.bearer.empty () && knock.query.empty (); }
};

OpenedDoor
WhipDoor::open (std::shared_ptr<Core> core, const Endpoint &at, const WhipSettings &settings)
{
  for (const auto *name : {"rtpbin", "appsrc", "identity"})
    if (!adopt (gst_element_factory_find (name)))
      return tl::unexpected (std::string ("GStreamer's ") + name + " isn't installed");
  auto server = http::Server::open (listen_address_text (at));
  if (!server)
    return tl::unexpected (server.error ());
  auto port = webrtc::Port::open (settings.webrtc_address, settings.public_address);
  if (!port)
    return tl::unexpected (port.error ());
  auto door = std::make_shared<WhipDoor> (
      std::move (core), std::move (*server), std::move (*port), settings.latency);
  const auto handle = [weak = door->weak_from_this ()] (const http::Request &request) {
    auto self = weak.lock ();
    if (self == nullptr)
      return http::respond_no_session (request);
    self->on_request (request);
    const auto core = self->core_;
    core->loop ().post ([self = std::move (self)] {}); // its timer may only go over there
  };
  door->route_ = door->server_->route ("/*/*/whip", http::max_sdp, handle);
  door->ome_route_ = door->server_->route ("/*/*", http::max_sdp, handle, has_ome_direction);
  return door;
}

WhipDoor::WhipDoor (std::shared_ptr<Core> core, std::shared_ptr<http::Server> server,
    std::shared_ptr<webrtc::Port> port, std::chrono::milliseconds latency)
    : core_ (std::move (core)), server_ (std::move (server)), port_ (std::move (port)),
      latency_ (latency)
{
}

WhipDoor::~WhipDoor ()
{
  route_.reset ();
  ome_route_.reset ();
}

void
WhipDoor::on_request (const http::Request &request)
{
  auto place = place_of (request.path);
  if (!place.endpoint.empty () && place.endpoint != "whip")
    http::respond_problem (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this address");
  else if (!place.id.empty ())
    on_session (request, place.id);
  else if (!http::answer_without_offer (request))
    on_offer (request, std::move (place.app), std::move (place.stream));
}

void
WhipDoor::on_offer (const http::Request &request, std::string app, std::string stream)
{
  const auto ip = IpAddress::parse (request.peer);
  Knock knock{"whip", std::move (app), std::move (stream), request.query,
      http::url_of (request, request.path, server_->port ()), {ip.value_or (IpAddress{}), 0},
      keys::Role::publish, request.bearer};
  const Visitor visitor (new Visit{
      http::Deferred (request), std::move (knock), request.body, http::is_offer (request)});
  core_->loop ().post ([weak = weak_from_this (), visitor] {
    if (const auto self = weak.lock ())
      self->knock (visitor);
  });
}

void
WhipDoor::on_session (const http::Request &request, const std::string &id)
{
  if (http::answer_options (request))
    return;
  const auto wanted = http::read_session_call (request);
  if (!wanted)
    return;
  const auto ask = [this, id, wanted = *wanted, body = request.body,
                       if_match = http::header (request, "If-Match")] (
                       WhipSession &session) -> http::Handler {
    if (wanted == http::SessionCall::look)
      return http::respond_to_look;
    if (wanted == http::SessionCall::end) {
      end (id, "the publisher stopped publishing");
      return http::respond_to_end;
    }
    return [done = session.connection ().patch (body, if_match)] (const http::Request &r) {
      http::respond_to_patch (r, done);
    };
  };
  const auto answer = std::make_shared<http::Deferred> (request);
  core_->loop ().post (
      [weak = weak_from_this (), answer, id, ask, token = ShownToken (request.bearer)] {
        if (const auto self = weak.lock ())
          self->call (answer, id, ask, token);
      });
}

/** Who has opened a session by a key in the query knows the session's address, which nobody can
 * guess; that is enough then. */
void
WhipDoor::call (const std::shared_ptr<http::Deferred> &answer, const std::string &id,
    const std::function<http::Handler (WhipSession &)> &ask, const ShownToken &token)
{
  const auto found = sessions_.find (id);
  if (found == sessions_.end ())
    return answer->answer (http::respond_no_session);
  const auto &opened_with = found->second->token ();
  if (opened_with.empty () || opened_with == token)
    return answer->answer (ask (*found->second));
  const unsigned status = token.empty () ? SOUP_STATUS_UNAUTHORIZED : SOUP_STATUS_FORBIDDEN;
  answer->answer ([status] (const http::Request &request) {
    respond_denied (request, status, "this isn't the token that the session was opened with");
  });
}

void
WhipDoor::knock (const Visitor &visitor)
{
  auto &core = *core_;
  const auto &peer = visitor->knock.peer;
  core.count_connection ();
  if (const auto objection = core.doorkeeper ().objection (peer.ip); !objection.empty ()) {
    core.refused ({name_of (visitor->knock), peer, "limit", objection});
    return answer_denied (visitor->answer, {"limit", objection, {}}, false);
  }
  const auto guest = core.new_id ();
  core.doorkeeper ().enter_authenticated (guest, peer.ip);
  core.knock (visitor->knock, [weak = weak_from_this (), core = core_.get (), visitor, guest] (
                                  tl::expected<Admission, Denial> verdict) {
    const auto self = weak.lock ();
    if (verdict && self)
      return self->receive (visitor, guest, std::move (*verdict));
    core->doorkeeper ().leave (guest);
    if (!verdict)
      answer_denied (visitor->answer, verdict.error (), visitor->shows_nothing ());
  });
}

/** The key holds; now the offer is looked at. */
void
WhipDoor::receive (const Visitor &visitor, std::uint64_t guest, Admission admission)
{
  if (!visitor->is_offer) {
    core_->doorkeeper ().leave (guest);
    return visitor->answer.answer (http::respond_no_offer);
  }
  const auto relay = std::make_shared<Relay> ();
  const auto id = std::make_shared<std::string> (); // known when there is something to end
  auto received =
      port_->receive (visitor->offer, visitor->knock.peer.ip.to_string (), readable_codecs (),
          calls_of (relay, [weak = weak_from_this (), core = core_.get (), id] (std::string why) {
            core->loop ().post ([weak, id, why = std::move (why)] {
              if (const auto self = weak.lock ())
                self->end (*id, why);
            });
          }));
  if (received) {
    *id = received->id;
    return publish (visitor, guest, std::move (admission), std::move (*received),
        [relay] (const std::shared_ptr<WhipMedia> &media) { relay->connect (media); });
  }
  core_->doorkeeper ().leave (guest);
  core_->refused ({admission.name, visitor->knock.peer,
      received.error ().status == SOUP_STATUS_SERVICE_UNAVAILABLE ? "limit" : "protocol",
      received.error ().text});
  visitor->answer.answer ([rejection = received.error ()] (const http::Request &request) {
    http::respond_rejection (request, rejection);
  });
}

void
WhipDoor::publish (const Visitor &visitor, std::uint64_t guest, Admission admission,
    webrtc::Received received, const std::function<void (std::shared_ptr<WhipMedia>)> &connect)
{
  const auto id = received.id;
  const auto live = core_->admitted (
      std::move (admission), [weak = weak_from_this (), core = core_.get (), id] (
                                 const Core::Live &publication, const std::string &why) {
        if (const auto self = weak.lock ())
          self->end (id, why);
        core->end (publication, why);
      });
  auto session = std::make_unique<WhipSession> (live, std::move (received.ingest),
      ShownToken (visitor->knock.bearer), guest, ender (id, true));
  const auto error = session->media ()->start (latency_);
  if (error.empty ())
    connect (session->media ());
  sessions_[id] = std::move (session);
  plan_sweep ();
  if (!error.empty ()) {
    end (id, error);
    return visitor->answer.answer ([error] (const http::Request &request) {
      http::respond_rejection (request, {SOUP_STATUS_SERVICE_UNAVAILABLE, error});
    });
  }
  visitor->answer.answer (
      [path = visitor->session_path (id), etag = received.etag, answer = received.answer] (
          const http::Request &request) { http::respond_created (request, path, etag, answer); });
  core_->announce (live);
}

std::function<void (std::string)>
WhipDoor::ender (const std::string &id, bool is_to_blame)
{
  return [weak = weak_from_this (), core = core_.get (), id, is_to_blame] (std::string why) {
    core->loop ().post ([weak, id, why = std::move (why), is_to_blame] {
      if (const auto self = weak.lock ())
        self->end (id, why, is_to_blame);
    });
  };
}

void
WhipDoor::end (const std::string &id, const std::string &why, bool is_to_blame)
{
  const auto node = sessions_.extract (id);
  if (node.empty ())
    return;
  auto &session = *node.mapped ();
  session.say_goodbye (why);
  if (core_->end (session.publication (), why) && is_to_blame)
    core_->count_protocol_error ();
  core_->doorkeeper ().leave (session.guest ());
}

void
WhipDoor::sweep ()
{
  const auto now = Clock::now ();
  std::vector<std::pair<std::string, std::string>> over;
  for (const auto &[id, session] : sessions_)
    if (auto why = session->check (now, core_->limits ().silence))
      over.emplace_back (id, std::move (*why));
  for (const auto &[id, why] : over)
    end (id, why);
  plan_sweep ();
}

/** Not later than the first grant ends, for silent publishers, too. */
void
WhipDoor::plan_sweep ()
{
  if (sessions_.empty ())
    return;
  std::chrono::milliseconds wait = sweep_interval;
  for (const auto &[id, session] : sessions_)
    wait = std::min (wait, left_of (session->publication ()->grant ()));
  constexpr std::chrono::milliseconds least{1}; // the system's clock is another one
  sweep_ = core_->loop ().at (Clock::now () + std::max (wait, least), [this] { sweep (); });
}

} // namespace stagedoor::gate
