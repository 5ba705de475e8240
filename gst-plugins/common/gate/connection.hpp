// SPDX-License-Identifier: LGPL-2.1-or-later
// One RTMP connection of a gate: the socket around an rtmp::ServerSession, with TLS in between or
// not.
#pragma once

#include "gst-plugins/common/gate/loop.hpp"
#include "gst-plugins/common/gate/tag_reader.hpp"
#include "gst-plugins/common/listen_address.hpp"
#include "libs/tls/session.hpp"

namespace stagedoor::gate {

class Core;
class RtmpDoor;
struct Denial;

/** Lives and works on the gate thread. RtmpDoor::bury() ends it, and keeps it until it is off the
 * stack. */
class Connection
{
public:
  Connection (RtmpDoor &door, std::uint64_t id, Socket socket, Endpoint peer);
  ~Connection ();

  std::uint64_t id () const { return id_; }
  const Endpoint &peer () const { return peer_; }

  /** Closes a connection that has shown no key; the reason is Refused::reason. */
  void turn_away (const std::string &reason, const std::string &text);
  /** Ends the publication, tells the publisher why, and closes once it has been told. */
  void close_publisher (const std::string &code, const std::string &why);
  /** Ends the publication and closes at once. */
  void drop (const std::string &why);

private:
  /** While asking, nothing is read. */
  enum class State { knocking, asking, publishing, leaving, gone };
  bool is_over () const { return state_ == State::leaving || state_ == State::gone; }
  /** Who closes first once all is said. */
  enum class Closing { ours, theirs };

  void start_reading ();
  void on_readable ();
  bool shakes_hands () const;
  void begin (std::uint8_t first);
  void receive (ByteView bytes);
  void receive_sealed (ByteView bytes);
  void feed (ByteView bytes);
  void handle (const rtmp::PublishRequest &request);
  void handle (const rtmp::MediaTag &tag);
  void handle (const rtmp::Metadata &metadata);
  void handle (const rtmp::Unpublished &);
  void protocol_error (const std::string &text);
  void wait_for_decision ();
  void decided (tl::expected<Admission, Denial> verdict);
  void publish (Admission admission);
  void leave (const std::string &why, Closing closing = Closing::ours);
  void end_publication (const std::string &why);
  void flush ();
  void take_output ();
  bool write_some ();
  void watch ();
  void on_deadline ();
  Core &core () const;

  RtmpDoor &door_;
  const std::uint64_t id_;
  const Socket socket_;
  const Endpoint peer_;
  bool begun_ = false; // the first byte came
  std::unique_ptr<tls::ServerSession> tls_;
  rtmp::ServerSession session_;
  State state_ = State::knocking;
  Closing closing_ = Closing::ours;
  Bytes output_; // not sent yet
  std::size_t sent_ = 0;
  Readiness::Watch readable_;
  Source writable_;
  Loop::Timer deadline_;
  Clock::time_point opened_, last_read_;
  std::uint64_t inquiry_ = 0;
  std::shared_ptr<LivePublication> publication_;
  std::unique_ptr<TagReader> tags_;
};

} // namespace stagedoor::gate
