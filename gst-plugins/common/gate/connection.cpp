// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading, writing, deadlines and the life of one connection.
#include "gst-plugins/common/gate/connection.hpp"

#include <random>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "gst-plugins/common/certificate.hpp"
#include "gst-plugins/common/gate/core.hpp"
#include "gst-plugins/common/gate/rtmp_door.hpp"
#include "libs/keys/ome.hpp"

#define GST_CAT_DEFAULT stage_gate_debug

namespace stagedoor::gate {
namespace {

/** Per wakeup, so that one fast publisher can't starve the others. */
constexpr int reads_per_wakeup = 2;
/** What a peer may leave unread. Answers and acknowledgements are small. */
constexpr std::size_t max_output = 64 * 1024;
/** How long a peer may take to read its farewell. */
constexpr std::chrono::seconds farewell_time{2};

std::uint64_t
random_seed ()
{
  std::random_device device;
  return static_cast<std::uint64_t> (device ()) << 32 | device ();
}

} // namespace

Connection::Connection (RtmpDoor &door, std::uint64_t id, Socket socket, Endpoint peer)
    : door_ (door), id_ (id), socket_ (std::move (socket)), peer_ (peer), session_ (random_seed ()),
      opened_ (Clock::now ()), last_read_ (opened_)
{
  g_socket_set_blocking (socket_.get (), FALSE);
  g_socket_set_keepalive (socket_.get (), TRUE);
  g_socket_set_option (socket_.get (), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
  start_reading ();
  watch ();
}

Connection::~Connection ()
{
  core ().withdraw (inquiry_);
}

void
Connection::start_reading ()
{
  readable_ = core ().loop ().readiness ().watch (
      g_socket_get_fd (socket_.get ()), [this] { on_readable (); });
}

Core &
Connection::core () const
{
  return door_.core ();
}

/** Whether what comes next may cost a signature. */
bool
Connection::shakes_hands () const
{
  return door_.certificate () != nullptr && !(tls_ ? tls_->is_open () : begun_);
}

void
Connection::on_readable ()
{
  if (shakes_hands () && !door_.may_shake_hands ())
    return;
  for (int i = 0; i < reads_per_wakeup; ++i) {
    const auto room = door_.scratch ();
    GError *error = nullptr;
    const auto n = g_socket_receive_with_blocking (socket_.get (),
        reinterpret_cast<char *> (room.data ()), room.size (), FALSE, nullptr, &error);
    const Error owned (error);
    if (n < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      return;
    if (n <= 0)
      return drop (n == 0 ? "the publisher closed the connection" : "the connection broke");
    last_read_ = Clock::now ();
    receive (room.first (static_cast<std::size_t> (n)));
    if (!readable_ || static_cast<std::size_t> (n) < room.size ())
      return;
  }
}

/** TLS begins with a record of a handshake (RFC 8446 section 5.1), RTMP with its version. */
void
Connection::begin (std::uint8_t first)
{
  constexpr std::uint8_t handshake_record = 0x16;
  begun_ = true;
  const auto &certificate = door_.certificate ();
  if (first != handshake_record) {
    if (door_.takes () == RtmpDoor::Takes::tls_only)
      turn_away ("protocol", "no TLS, at a port for RTMPS only");
  } else if (certificate != nullptr) {
    tls_ = std::make_unique<tls::ServerSession> (*certificate->current ());
  } else {
    turn_away ("protocol", "TLS, but this server has no certificate");
  }
}

void
Connection::receive (ByteView bytes)
{
  if (!begun_)
    begin (bytes.front ());
  if (!readable_)
    return;
  if (tls_)
    receive_sealed (bytes);
  else if (state_ != State::leaving) // what comes after a farewell is read, so that it isn't reset
    feed (bytes);
}

void
Connection::receive_sealed (ByteView bytes)
{
  Bytes plain;
  const auto read = tls_->feed (bytes, plain);
  if (!plain.empty () && state_ != State::leaving)
    feed (plain);
  if (tls_->is_over ())
    tls_->close ();
  flush (); // handshakes and alerts
  if (!readable_)
    return;
  if (tls_->is_over ())
    return drop ("the publisher closed the connection");
  if (read)
    return;
  if (state_ == State::leaving)
    return drop ("the connection broke");
  protocol_error (read.error ());
}

void
Connection::feed (ByteView bytes)
{
  std::vector<rtmp::Event> events;
  auto result = session_.feed (bytes, events);
  // What follows a request is held back by the session until the request is answered.
  while (true) {
    bool answered = false;
    for (const auto &event : events)
      if (!is_over ()) {
        answered = answered || std::holds_alternative<rtmp::PublishRequest> (event);
        std::visit ([this] (const auto &e) { handle (e); }, event);
      }
    if (!result && !is_over ())
      return protocol_error (result.error ().text);
    if (!answered || state_ != State::publishing)
      break;
    events.clear ();
    result = session_.feed ({}, events);
  }
  flush ();
}

void
Connection::handle (const rtmp::PublishRequest &request)
{
  const Knock knock{tls_ ? "rtmps" : "rtmp", request.app, request.stream, request.query,
      keys::fill_port (request.url, door_.port ()), peer_};
  state_ = State::asking;
  inquiry_ = core ().knock (
      knock, [this] (tl::expected<Admission, Denial> verdict) { decided (std::move (verdict)); });
  if (state_ == State::asking)
    wait_for_decision ();
}

/** The key holds, so that no stranger's flood may push this one out. */
void
Connection::wait_for_decision ()
{
  core ().doorkeeper ().authenticated (id_);
  readable_.reset ();
  deadline_ = {};
}

void
Connection::decided (tl::expected<Admission, Denial> verdict)
{
  if (state_ != State::asking)
    return;
  const bool has_waited = !readable_;
  if (has_waited)
    start_reading ();
  if (!verdict) {
    const auto &denial = verdict.error ();
    const bool bad_name = denial.reason == "bad-name" || denial.reason == "busy";
    session_.refuse_publish (
        bad_name ? "NetStream.Publish.BadName" : "NetStream.Publish.Denied", denial.text);
    return leave ("refused");
  }
  last_read_ = Clock::now ();
  publish (std::move (*verdict));
  if (has_waited)
    feed ({}); // what came behind the request
}

void
Connection::publish (Admission admission)
{
  session_.accept_publish ();
  state_ = State::publishing;
  core ().doorkeeper ().authenticated (id_);
  publication_ =
      core ().admitted (std::move (admission), [this] (const Core::Live &, const std::string &why) {
        close_publisher ("NetStream.Publish.Rejected", why);
      });
  tags_ = std::make_unique<TagReader> (*publication_);
  watch ();
  core ().announce (Core::Live (publication_));
}

void
Connection::handle (const rtmp::MediaTag &tag)
{
  if (!tags_)
    return;
  const auto taken = tags_->take (tag, last_read_);
  if (!taken)
    protocol_error (taken.error ());
}

void
Connection::handle (const rtmp::Metadata &metadata)
{
  if (publication_)
    publication_->push (metadata);
}

void
Connection::handle (const rtmp::Unpublished &)
{
  // It closes when it has done what else it wants to; rtmp2sink calls a closed connection an error.
  if (publication_)
    leave ("the publisher stopped publishing", Closing::theirs);
}

void
Connection::protocol_error (const std::string &text)
{
  if (!publication_)
    return turn_away ("protocol", text);
  core ().count_protocol_error ();
  GST_WARNING (
      "%s from %s: %s", publication_->name ().c_str (), to_text (peer_).c_str (), text.c_str ());
  close_publisher ("NetStream.Publish.Rejected", text);
}

void
Connection::turn_away (const std::string &reason, const std::string &text)
{
  core ().refused ({"", peer_, reason, text});
  drop (text);
}

void
Connection::close_publisher (const std::string &code, const std::string &why)
{
  if (state_ != State::publishing)
    return;
  session_.close_publish (code, why);
  leave (why);
}

void
Connection::leave (const std::string &why, Closing closing)
{
  closing_ = closing;
  end_publication (why);
  state_ = State::leaving;
  deadline_ = core ().loop ().at (Clock::now () + farewell_time, [this] { door_.bury (id_); });
  flush ();
}

void
Connection::drop (const std::string &why)
{
  end_publication (why);
  state_ = State::gone;
  deadline_ = {};
  readable_.reset ();
  writable_.reset ();
  door_.bury (id_);
}

void
Connection::end_publication (const std::string &why)
{
  if (!publication_)
    return;
  core ().end (publication_, why);
  tags_.reset ();
  publication_.reset ();
}

void
Connection::flush ()
{
  if (state_ == State::gone)
    return;
  take_output ();
  if (!write_some ())
    return drop ("the connection broke");
  if (output_.size () - sent_ > max_output)
    return drop ("the publisher doesn't read the answers");
  if (sent_ < output_.size ()) {
    if (writable_)
      return;
    writable_.reset (g_socket_create_source (socket_.get (), G_IO_OUT, nullptr));
    const GSocketSourceFunc call = [] (GSocket *, GIOCondition, gpointer self) -> gboolean {
      static_cast<Connection *> (self)->flush ();
      return G_SOURCE_CONTINUE;
    };
    g_source_set_callback (writable_.get (), G_SOURCE_FUNC (call), this, nullptr);
    core ().loop ().attach (writable_.get ());
    return;
  }
  output_ = {};
  sent_ = 0;
  writable_.reset ();
  if (state_ == State::leaving && closing_ == Closing::ours)
    g_socket_shutdown (socket_.get (), FALSE, TRUE, nullptr);
}

void
Connection::take_output ()
{
  auto more = session_.take_output ();
  if (tls_) {
    tls_->send (more);
    if (state_ == State::leaving && closing_ == Closing::ours)
      tls_->close ();
    more = tls_->take_output ();
  }
  output_.insert (output_.end (), more.begin (), more.end ());
}

/** False when the connection is broken. */
bool
Connection::write_some ()
{
  while (sent_ < output_.size ()) {
    GError *error = nullptr;
    const auto n = g_socket_send_with_blocking (socket_.get (),
        reinterpret_cast<const char *> (output_.data () + sent_), output_.size () - sent_, FALSE,
        nullptr, &error);
    const Error owned (error);
    if (n < 0)
      return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
    sent_ += static_cast<std::size_t> (n);
  }
  return true;
}

void
Connection::watch ()
{
  const auto &limits = core ().limits ();
  const auto when = state_ == State::knocking ? opened_ + limits.authentication_time
                                              : std::min (last_read_ + limits.silence,
                                                  Clock::now () + left_of (publication_->grant ()));
  deadline_ = core ().loop ().at (when, [this] { on_deadline (); });
}

void
Connection::on_deadline ()
{
  const auto now = Clock::now ();
  if (state_ == State::knocking)
    return turn_away ("timeout", "no key was shown in time");
  if (left_of (publication_->grant ()).count () == 0)
    return close_publisher ("NetStream.Publish.Denied", publication_->why_it_ends ());
  if (now >= last_read_ + core ().limits ().silence)
    return close_publisher ("NetStream.Publish.Idle", "the publisher sent nothing for too long");
  watch ();
}

} // namespace stagedoor::gate
