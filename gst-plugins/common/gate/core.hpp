// SPDX-License-Identifier: LGPL-2.1-or-later
// What the gate thread owns, whatever the protocol: who publishes, who may, who wants to know.
#pragma once

#include <map>

#include "gst-plugins/common/gate/allowance.hpp"
#include "gst-plugins/common/gate/audience.hpp"
#include "gst-plugins/common/gate/door.hpp"
#include "gst-plugins/common/gate/doorkeeper.hpp"
#include "gst-plugins/common/gate/loop.hpp"
#include "gst-plugins/common/gate/roster.hpp"

GST_DEBUG_CATEGORY_EXTERN (stage_gate_debug);

namespace stagedoor::gate {

/** By the system's clock. */
std::int64_t unix_ms ();

/** "192.0.2.1:4711" or "[2001:db8::1]:4711". */
std::string to_text (const Endpoint &endpoint);

/** How long a grant still holds, at most a day; by the system's clock, which may be set: look again
 * now and then. */
std::chrono::milliseconds left_of (const keys::Grant &grant);

/** Somebody who wants to publish, or to watch, and what was shown. */
struct Knock
{
  std::string protocol; ///< Publication::protocol()
  std::string app, stream, query;
  std::string url; ///< for OME policies
  Endpoint peer;
  keys::Role role = keys::Role::publish;
  std::string bearer = {}; ///< HTTP bearer token
};

/** "live/demo"; empty when it isn't a name that others should see. */
std::string name_of (const Knock &knock);

struct Denial
{
  std::string reason, text;             ///< as in Refused
  std::chrono::seconds try_again_in{0}; ///< for a back-off
};

/** Whether the same publisher comes back. In a public stream everybody has the same credential. */
bool is_same_publisher (const Publication &live, const Admission &admission);

/** Gate thread only, but for what is marked. Kept alive by that thread, so that the last Gate may
 * be dropped inside a callback. */
class Core : public std::enable_shared_from_this<Core>
{
public:
  using Published = std::function<void (std::shared_ptr<Publication>)>;
  using Denied = std::function<void (const Refused &)>;
  using Live = std::shared_ptr<LivePublication>;
  /** Closes a connection; the reason is Refused::reason. */
  using TurnAway = std::function<void (const std::string &reason, const std::string &text)>;
  using Decided = std::function<void (tl::expected<Admission, Denial>)>;
  /** Tells a publisher why and closes it; calls end(). */
  using Closer = std::function<void (const Live &publication, const std::string &why)>;

  explicit Core (const Limits &limits) : limits_ (limits), doorkeeper_ (limits) {}

  void run (); ///< the gate thread
  /** Ends all publications, tells their publishers, drops the doors and then the loop. Any thread.
   */
  void quit (std::vector<std::shared_ptr<Door>> doors);
  Loop &loop () { return loop_; }                              ///< any thread
  const std::shared_ptr<Roster> &roster () { return roster_; } ///< any thread
  const Limits &limits () const { return limits_; }            ///< any thread
  Doorkeeper &doorkeeper () { return doorkeeper_; }            ///< any thread
  Audience &audience () { return audience_; }                  ///< as it says itself

  // For doors.
  /** Lets in a connection that has shown no key yet, and turns away the oldest of those, whichever
   * door it came through, when they are too many. Until leave(). */
  void enter (std::uint64_t id, const IpAddress &ip, TurnAway turn_away);
  void leave (std::uint64_t id);
  void turn_away_oldest (const std::string &text);
  /** Whether the key holds and the name is free, or may be taken over. Changes nothing but what the
   * doorkeeper remembers of wrong keys, and asks no authority. Any thread. */
  tl::expected<Admission, Denial> judge (const Knock &knock) const;
  /** Likewise for somebody who wants to watch. */
  tl::expected<Seat, Denial> judge_viewer (const Knock &knock) const;
  /** Why the one that concerns the knock says no, if it does. Any thread. */
  std::optional<Denial> objection (const Knock &knock) const;
  /** The one way in. Judges @p knock, then asks the authority of the name's terms, if any, and
   * judges what that has allowed: the name may be another, taken meanwhile, or the key revoked.
   * @p decided is called once: within the call when nobody need be asked, else later, at most
   * authority_patience. It passes the admission to admitted() at once, or drops it. Tells of
   * refusals itself. Returns what withdraw() takes. */
  std::uint64_t knock (const Knock &knock, Decided decided);
  /** The knocker has gone: its Decided is dropped and not called. */
  void withdraw (std::uint64_t inquiry) { inquiries_.erase (inquiry); }
  /** The publication of an admission, in the place of the one that had the name. */
  Live admitted (Admission admission, Closer close);
  /** Tells all who want to know; one of them may close it. */
  void announce (const Live &publication);
  /** True the first time. */
  bool end (const Live &publication, const std::string &why);
  void refused (const Refused &refused);
  void count_connection () { ++counters_.connections; }
  void count_protocol_error () { ++counters_.protocol_errors; }
  std::uint64_t new_id () { return ++last_id_; }

  // For the Gate.
  std::uint64_t admit (const std::string &name, Terms terms);
  void stop_admitting (const std::string &name, std::uint64_t id);
  std::optional<Terms> terms_of (const std::string &name) const; ///< any thread
  std::uint64_t on_published (Published call);
  std::uint64_t on_refused (Denied call);
  void forget_callback (std::uint64_t id);
  void close_where (const std::function<bool (const Publication &)> &match, const std::string &why);
  Counters counters () const;

private:
  struct Entry
  {
    std::uint64_t id;
    Terms terms;
  };
  struct Publisher
  {
    Live publication;
    Closer close;
    std::shared_ptr<void> visit; // Admission::visit
  };
  /** An authority has been asked. */
  struct Inquiry
  {
    Knock knock;
    Decided decided;
    Loop::Timer patience;
  };

  tl::expected<keys::Grant, Denial> verify (
      const Knock &knock, const keys::Verifier &verifier) const;
  tl::expected<keys::Grant, Denial> check_grant (
      const Knock &knock, const keys::Verifier *verifier) const;
  tl::expected<Admission, Denial> check_key (const Knock &knock) const;
  tl::expected<Admission, Denial> check_name (Admission admission, Takeover takeover) const;
  std::optional<Terms> terms_of_other (const std::string &name, const std::string &app) const;
  std::uint64_t ask (const Knock &knock, const Admission &admission,
      std::shared_ptr<Authority> authority, Decided decided);
  void answered (std::uint64_t inquiry, const Answer &answer, std::shared_ptr<void> visit);
  tl::expected<Admission, Denial> follow (const Knock &knock, const Answer &answer) const;
  void decide (const Knock &knock, tl::expected<Admission, Denial> verdict, const Decided &decided);

  void turn_away (std::uint64_t id, const std::string &text);
  void tell (Refused refused);
  void close (std::uint64_t id, const std::string &why);

  Loop loop_;
  const Limits limits_;
  const std::shared_ptr<Roster> roster_ = std::make_shared<Roster> ();
  std::map<std::uint64_t, Loop::Timer> forget_; // by a number of their own
  mutable Doorkeeper doorkeeper_;               // any thread
  std::map<std::uint64_t, TurnAway> strangers_; // by the doorkeeper's number
  Audience audience_;
  Counters counters_;
  Allowance named_{50, std::chrono::milliseconds (100)}; // for refusals that are told
  Allowance nameless_ = named_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Publisher> publishers_;
  std::map<std::uint64_t, Inquiry> inquiries_;
  std::map<std::uint64_t, std::shared_ptr<Published>> published_calls_;
  std::map<std::uint64_t, std::shared_ptr<Denied>> refused_calls_;
  mutable std::mutex entries_mutex_;     // innermost; libsrt's threads take it, too
  std::map<std::string, Entry> entries_; // by name; protected by entries_mutex_
};

} // namespace stagedoor::gate
