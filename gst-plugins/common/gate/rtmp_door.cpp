// SPDX-License-Identifier: LGPL-2.1-or-later
// Accepting RTMP connections.
#include "gst-plugins/common/gate/rtmp_door.hpp"

#include "gst-plugins/common/gate/core.hpp"
#include "gst-plugins/common/listen_address.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

constexpr int accepts_per_wakeup = 64;
/** A signature takes up to a few milliseconds. */
constexpr int handshakes_per_turn = 8;
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

} // namespace

RtmpDoor::RtmpDoor (
    Core &core, Socket listening, Takes takes, const std::shared_ptr<Certificate> &certificate)
    : core_ (core), listening_ (std::move (listening)), port_ (bound_port (listening_.get ())),
      takes_ (takes), certificate_ (certificate)
{
  g_socket_set_blocking (listening_.get (), FALSE);
}

RtmpDoor::~RtmpDoor ()
{
  acceptable_.reset ();
  g_socket_close (listening_.get (), nullptr); // the main context may hold it for a moment yet
}

OpenedDoor
RtmpDoor::open (
    Core &core, const Endpoint &at, Takes takes, const std::shared_ptr<Certificate> &certificate)
{
  if (takes == Takes::tls_only && certificate == nullptr)
    return tl::unexpected (std::string ("RTMPS needs a certificate"));
  auto socket = listen_tcp (at);
  if (!socket)
    return tl::unexpected (socket.error ());
  const std::shared_ptr<RtmpDoor> door (
      new RtmpDoor (core, std::move (*socket), takes, certificate));
  core.loop ().post ([weak = std::weak_ptr (door)] {
    if (const auto door = weak.lock ())
      door->listen ();
  });
  return door;
}

void
RtmpDoor::listen ()
{
  acceptable_.reset (g_socket_create_source (listening_.get (), G_IO_IN, nullptr));
  const GSocketSourceFunc call = [] (GSocket *, GIOCondition, gpointer self) -> gboolean {
    static_cast<RtmpDoor *> (self)->accept_some ();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback (acceptable_.get (), G_SOURCE_FUNC (call), this, nullptr);
  core_.loop ().attach (acceptable_.get ());
}

void
RtmpDoor::accept_some ()
{
  for (int i = 0; i < accepts_per_wakeup; ++i) {
    // Without descriptors accept() fails even when nobody waits, for whom nobody has to make room.
    if (g_socket_condition_check (listening_.get (), G_IO_IN) == 0)
      return;
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
RtmpDoor::pause_accepting ()
{
  GST_WARNING ("can't accept a connection; trying again soon");
  acceptable_.reset ();
  accept_again_ = core_.loop ().at (Clock::now () + accept_pause, [this] { listen (); });
  core_.turn_away_oldest ("this server has no room for more connections");
}

void
RtmpDoor::let_in (Socket socket)
{
  core_.count_connection ();
  const auto peer = peer_of (socket.get ());
  if (const auto objection = core_.doorkeeper ().objection (peer.ip); !objection.empty ())
    return core_.refused ({"", peer, "limit", objection});
  const auto id = core_.new_id ();
  auto &connection =
      *(connections_[id] = std::make_unique<Connection> (*this, id, std::move (socket), peer));
  core_.enter (id, peer.ip, [&connection] (const std::string &reason, const std::string &text) {
    connection.turn_away (reason, text);
  });
}

bool
RtmpDoor::may_shake_hands ()
{
  if (handshakes_ == 0)
    core_.loop ().post ([weak = weak_from_this ()] {
      if (const auto door = weak.lock ())
        door->handshakes_ = 0;
    });
  return handshakes_++ < handshakes_per_turn;
}

void
RtmpDoor::bury (std::uint64_t id)
{
  auto node = connections_.extract (id);
  if (node.empty ())
    return;
  core_.leave (id);
  if (graveyard_.empty ())
    core_.loop ().post ([weak = weak_from_this ()] {
      if (const auto door = weak.lock ())
        door->graveyard_.clear ();
    });
  graveyard_.push_back (std::move (node.mapped ()));
}

} // namespace stagedoor::gate
