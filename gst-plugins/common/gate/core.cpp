// SPDX-License-Identifier: LGPL-2.1-or-later
// Accepting, judging and telling others.
#include "gst-plugins/common/gate/core.hpp"

#include "gst-plugins/common/listen_address.hpp"
#include "libs/base/text.hpp"
#include "libs/keys/ome.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

constexpr int accepts_per_wakeup = 64;
/** Until accepting is tried again when the process has no descriptors left. */
constexpr std::chrono::milliseconds accept_pause{100};

Endpoint
peer_of (GSocket *socket)
{
  const Owned<GSocketAddress, g_object_unref> address (
      g_socket_get_remote_address (socket, nullptr));
  sockaddr_storage native{};
  if (address == nullptr
      || !g_socket_address_to_native (address.get (), &native, sizeof native, nullptr))
    return {};
  return from_sockaddr (native);
}

Denial
denial_of (keys::Refusal refusal)
{
  return {"NetStream.Publish.Denied", std::string (keys::name (refusal)),
      std::string (keys::explain (refusal))};
}

/** Whether the same publisher comes back. In a public stream everybody has the same credential. */
bool
is_same_publisher (const Publication &live, const Admission &admission)
{
  const auto &id = admission.grant.credential_id;
  return live.grant ().credential_id == id
         && (id != "public" || live.peer ().ip == admission.peer.ip);
}

template <class Calls, class... Args>
void
call_all (const Calls &calls, const Args &...args)
{
  const auto copy = calls; // a callback may drop its own token, or another's
  for (const auto &[id, call] : copy)
    if (calls.contains (id))
      (*call) (args...);
}

} // namespace

std::string
to_text (const Endpoint &endpoint)
{
  const auto ip = endpoint.ip.to_string ();
  return (endpoint.ip.is_v4 () ? ip : "[" + ip + "]") + ":" + std::to_string (endpoint.port);
}

Core::Core (Socket listening, const Endpoint &at, const Limits &limits)
    : listening_ (std::move (listening)), at_ (at), limits_ (limits), doorkeeper_ (limits)
{
  g_socket_set_blocking (listening_.get (), FALSE);
}

void
Core::run ()
{
  pthread_setname_np (pthread_self (), "gate");
  loop_.post ([this] { listen (); });
  loop_.run ();
}

void
Core::quit ()
{
  loop_.post ([this] {
    close_all ();
    loop_.quit ();
  });
}

void
Core::close_all ()
{
  acceptable_.reset ();
  accept_again_ = {};
  forget_.clear ();
  const std::string why = "the server closes this stream's door";
  close_where ([] (const Publication &) { return true; }, why);
  for (auto &[id, connection] : connections_)
    graveyard_.push_back (std::move (connection));
  connections_.clear ();
  graveyard_.clear ();
  g_socket_close (listening_.get (), nullptr);
}

void
Core::listen ()
{
  acceptable_.reset (g_socket_create_source (listening_.get (), G_IO_IN, nullptr));
  const GSocketSourceFunc call = [] (GSocket *, GIOCondition, gpointer self) -> gboolean {
    static_cast<Core *> (self)->accept_some ();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback (acceptable_.get (), G_SOURCE_FUNC (call), this, nullptr);
  loop_.attach (acceptable_.get ());
}

void
Core::accept_some ()
{
  for (int i = 0; i < accepts_per_wakeup; ++i) {
    GError *error = nullptr;
    Socket socket (g_socket_accept (listening_.get (), nullptr, &error));
    const Error owned (error);
    if (socket != nullptr)
      let_in (std::move (socket));
    else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return;
    else
      return pause_accepting ();
  }
}

/** Descriptors or memory are short: whoever has shown no key makes room, and the waiting connection
 * isn't polled for in the meantime. */
void
Core::pause_accepting ()
{
  GST_WARNING ("can't accept a connection; trying again soon");
  acceptable_.reset ();
  accept_again_ = loop_.at (Clock::now () + accept_pause, [this] { listen (); });
  const auto oldest = doorkeeper_.oldest_unauthenticated ();
  if (auto *connection = oldest ? find (*oldest) : nullptr)
    connection->turn_away ("limit", "this server has no room for more connections");
}

void
Core::let_in (Socket socket)
{
  ++counters_.connections;
  const auto peer = peer_of (socket.get ());
  if (const auto objection = doorkeeper_.objection (peer.ip); !objection.empty ())
    return refused ({"", peer, "limit", objection});
  const auto id = ++last_id_;
  connections_[id] = std::make_unique<Connection> (*this, id, std::move (socket), peer);
  if (const auto surplus = doorkeeper_.enter (id, peer.ip))
    find (*surplus)->turn_away ("limit", "too many connections that show no key");
}

Connection *
Core::find (std::uint64_t id)
{
  const auto found = connections_.find (id);
  return found != connections_.end () ? found->second.get () : nullptr;
}

void
Core::bury (std::uint64_t id)
{
  auto node = connections_.extract (id);
  if (node.empty ())
    return;
  doorkeeper_.leave (id);
  if (graveyard_.empty ())
    loop_.post ([this] { graveyard_.clear (); });
  graveyard_.push_back (std::move (node.mapped ()));
}

tl::expected<Admission, Denial>
Core::judge (const rtmp::PublishRequest &request, const Endpoint &peer)
{
  if (!is_valid_name (request.app) || !is_valid_name (request.stream))
    return tl::unexpected (Denial{"NetStream.Publish.BadName", "bad-name",
        "the app and the stream name may have letters, digits, '_', '.' and '-' only"});
  const auto name = request.app + "/" + request.stream;
  const auto *verifier = verifier_of (name);
  if (verifier == nullptr)
    return tl::unexpected (denial_of (keys::Refusal::wrong_stream));
  const auto url = keys::fill_port (request.url, port ());
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds> (
      std::chrono::system_clock::now ().time_since_epoch ());
  auto grant = verifier->verify ({.role = keys::Role::publish,
      .app = request.app,
      .stream = request.stream,
      .query = request.query,
      .bearer = {},
      .url = url,
      .peer = peer.ip,
      .now_ms = now.count ()});
  if (!grant)
    return tl::unexpected (denial_of (grant.error ()));
  Admission admission{name, std::move (*grant), peer};
  if (!take_over (name, admission))
    return tl::unexpected (Denial{"NetStream.Publish.BadName", "busy",
        "somebody else publishes on this stream at the moment"});
  return admission;
}

/** Makes room under @p name; false when another publisher is there. */
bool
Core::take_over (const std::string &name, const Admission &admission)
{
  const auto live = roster_->live (name);
  if (live == nullptr)
    return true;
  if (!is_same_publisher (*live, admission))
    return false;
  close_where ([&] (const Publication &p) { return &p == live.get (); },
      "the same key publishes from another connection now");
  return true;
}

std::shared_ptr<LivePublication>
Core::admitted (Connection &connection, Admission admission)
{
  doorkeeper_.authenticated (connection.id ());
  ++counters_.admitted;
  GST_INFO ("%s: admitted %s with credential %s", admission.name.c_str (),
      to_text (admission.peer).c_str (), admission.grant.credential_id.c_str ());
  auto publication = std::make_shared<LivePublication> (
      std::move (admission), [weak = weak_from_this (), id = connection.id ()] (std::string why) {
        if (const auto core = weak.lock ())
          core->loop_.post ([core = core.get (), id, why = std::move (why)] {
            if (auto *still = core->find (id))
              still->close_publisher ("NetStream.Publish.Rejected", why);
          });
      });
  roster_->add (publication);
  call_all (published_calls_, std::shared_ptr<Publication> (publication));
  return publication;
}

void
Core::publication_ended (const std::shared_ptr<LivePublication> &publication)
{
  roster_->ended (publication);
  const auto number = ++last_id_;
  forget_[number] = loop_.at (Clock::now () + queue_time, [this, number] {
    roster_->forget_ended_before (Clock::now () - queue_time);
    forget_.erase (number);
  });
}

void
Core::refused (const Refused &refused)
{
  if (refused.reason == "protocol")
    ++counters_.protocol_errors;
  else if (refused.reason == "limit" || refused.reason == "timeout")
    ++counters_.refused_limits;
  else
    ++counters_.refused;
  tell (refused);
}

/** Wrong keys and noise have an allowance each, so that a scan doesn't hide what a publisher needs
 * to know. */
void
Core::tell (Refused refused)
{
  const auto untold = (refused.name.empty () ? nameless_ : named_).take (Clock::now ());
  if (!untold)
    return;
  refused.untold = *untold;
  GST_CAT_LEVEL_LOG (GST_CAT_DEFAULT, refused.name.empty () ? GST_LEVEL_INFO : GST_LEVEL_WARNING,
      nullptr, "%s: refused %s: %s: %s (%" G_GUINT64_FORMAT " more before it)",
      refused.name.empty () ? "-" : refused.name.c_str (), to_text (refused.peer).c_str (),
      refused.reason.c_str (), refused.text.c_str (), refused.untold);
  call_all (refused_calls_, refused);
}

std::uint64_t
Core::admit (const std::string &name, std::shared_ptr<const keys::Verifier> verifier)
{
  entries_[name] = {++last_id_, std::move (verifier)};
  return last_id_;
}

void
Core::stop_admitting (const std::string &name, std::uint64_t id)
{
  const auto entry = entries_.find (name);
  if (entry != entries_.end () && entry->second.id == id)
    entries_.erase (entry);
}

const keys::Verifier *
Core::verifier_of (const std::string &name) const
{
  auto entry = entries_.find (name);
  if (entry == entries_.end ())
    entry = entries_.find ("*");
  return entry != entries_.end () ? entry->second.verifier.get () : nullptr;
}

std::uint64_t
Core::on_published (Published call)
{
  published_calls_[++last_id_] = std::make_shared<Published> (std::move (call));
  return last_id_;
}

std::uint64_t
Core::on_refused (Denied call)
{
  refused_calls_[++last_id_] = std::make_shared<Denied> (std::move (call));
  return last_id_;
}

void
Core::forget_callback (std::uint64_t id)
{
  published_calls_.erase (id);
  refused_calls_.erase (id);
}

void
Core::close_where (const std::function<bool (const Publication &)> &match, const std::string &why)
{
  std::vector<Connection *> closing;
  for (const auto &[id, connection] : connections_)
    if (connection->publication () != nullptr && match (*connection->publication ()))
      closing.push_back (connection.get ());
  for (auto *connection : closing)
    connection->close_publisher ("NetStream.Publish.Rejected", why);
}

Counters
Core::counters () const
{
  auto out = counters_;
  out.open = doorkeeper_.size ();
  return out;
}

} // namespace stagedoor::gate
