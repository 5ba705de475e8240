// SPDX-License-Identifier: LGPL-2.1-or-later
// What the gate thread owns: the listener, its connections, who may publish, who wants to know.
#pragma once

#include <array>
#include <map>

#include "gst-plugins/common/gate/allowance.hpp"
#include "gst-plugins/common/gate/connection.hpp"
#include "gst-plugins/common/gate/doorkeeper.hpp"
#include "gst-plugins/common/gate/roster.hpp"

GST_DEBUG_CATEGORY_EXTERN (stage_gate_debug);

namespace stagedoor::gate {

/** "192.0.2.1:4711" or "[2001:db8::1]:4711". */
std::string to_text (const Endpoint &endpoint);

/** A refused request: what the publisher is told, and what it is called. */
struct Denial
{
  const char *code; ///< of the RTMP answer
  std::string reason, text;
};

/** Gate thread only, but for what is marked. Kept alive by that thread, so that the last Gate may
 * be dropped inside a callback. */
class Core : public std::enable_shared_from_this<Core>
{
public:
  using Published = std::function<void (std::shared_ptr<Publication>)>;
  using Denied = std::function<void (const Refused &)>;

  Core (Socket listening, const Endpoint &at, const Limits &limits);

  void run ();                                                       ///< the gate thread
  void quit ();                                                      ///< any thread
  Loop &loop () { return loop_; }                                    ///< any thread
  const std::shared_ptr<Roster> &roster () { return roster_; }       ///< any thread
  std::uint16_t port () const { return at_.port; }                   ///< any thread
  std::string address () const { return listen_address_text (at_); } ///< any thread
  const Limits &limits () const { return limits_; }

  // For Connection.
  tl::expected<Admission, Denial> judge (const rtmp::PublishRequest &request, const Endpoint &peer);
  /** The publication of an admitted publisher, known to all who want to know. */
  std::shared_ptr<LivePublication> admitted (Connection &connection, Admission admission);
  void publication_ended (const std::shared_ptr<LivePublication> &publication);
  void refused (const Refused &refused);
  void count_protocol_error () { ++counters_.protocol_errors; }
  void bury (std::uint64_t id);
  std::span<std::uint8_t> scratch () { return scratch_; } ///< for one read

  // For the Gate.
  std::uint64_t admit (const std::string &name, std::shared_ptr<const keys::Verifier> verifier);
  void stop_admitting (const std::string &name, std::uint64_t id);
  const keys::Verifier *verifier_of (const std::string &name) const;
  std::uint64_t on_published (Published call);
  std::uint64_t on_refused (Denied call);
  void forget_callback (std::uint64_t id);
  void close_where (const std::function<bool (const Publication &)> &match, const std::string &why);
  Counters counters () const;

private:
  struct Entry
  {
    std::uint64_t id;
    std::shared_ptr<const keys::Verifier> verifier;
  };

  void listen ();
  void accept_some ();
  void let_in (Socket socket);
  void pause_accepting ();
  void tell (Refused refused);
  bool take_over (const std::string &name, const Admission &admission);
  Connection *find (std::uint64_t id);
  void close_all ();

  Loop loop_;
  const Socket listening_;
  const Endpoint at_; // with the port really bound
  const Limits limits_;
  const std::shared_ptr<Roster> roster_ = std::make_shared<Roster> ();
  Source acceptable_;
  Loop::Timer accept_again_;
  std::map<std::uint64_t, Loop::Timer> forget_; // by a number of their own
  Doorkeeper doorkeeper_;
  Counters counters_;
  Allowance named_{50, std::chrono::milliseconds (100)}; // for refusals that are told
  Allowance nameless_ = named_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> graveyard_;
  std::map<std::string, Entry> entries_; // by name
  std::map<std::uint64_t, std::shared_ptr<Published>> published_calls_;
  std::map<std::uint64_t, std::shared_ptr<Denied>> refused_calls_;
  std::array<std::uint8_t, 64 * 1024> scratch_;
};

} // namespace stagedoor::gate
