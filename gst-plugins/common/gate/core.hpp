// SPDX-License-Identifier: LGPL-2.1-or-later
// What the gate thread owns, whatever the protocol: who publishes, who may, who wants to know.
#pragma once

#include <map>

#include "gst-plugins/common/gate/allowance.hpp"
#include "gst-plugins/common/gate/door.hpp"
#include "gst-plugins/common/gate/doorkeeper.hpp"
#include "gst-plugins/common/gate/loop.hpp"
#include "gst-plugins/common/gate/roster.hpp"

GST_DEBUG_CATEGORY_EXTERN (stage_gate_debug);

namespace stagedoor::gate {

/** "192.0.2.1:4711" or "[2001:db8::1]:4711". */
std::string to_text (const Endpoint &endpoint);

/** How long a grant still holds, at most a day; by the system's clock, which may be set: look again
 * now and then. */
std::chrono::milliseconds left_of (const keys::Grant &grant);

/** Somebody who wants to publish, and what was shown. */
struct Knock
{
  std::string protocol; ///< Publication::protocol()
  std::string app, stream, query;
  std::string url; ///< for OME policies
  Endpoint peer;
};

/** "live/demo"; empty when it isn't a name that others should see. */
std::string name_of (const Knock &knock);

struct Denial
{
  std::string reason, text; ///< as in Refused
};

/** Gate thread only, but for what is marked. Kept alive by that thread, so that the last Gate may
 * be dropped inside a callback. */
class Core : public std::enable_shared_from_this<Core>
{
public:
  using Published = std::function<void (std::shared_ptr<Publication>)>;
  using Denied = std::function<void (const Refused &)>;
  using Live = std::shared_ptr<LivePublication>;
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

  // For doors.
  /** Whether a knock would be answered with yes. Changes nothing. Any thread. */
  tl::expected<Admission, Denial> judge (const Knock &knock) const;
  /** The publication of a knock that was just judged, in the place of the one that had the name. */
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
  std::uint64_t admit (const std::string &name, std::shared_ptr<const keys::Verifier> verifier);
  void stop_admitting (const std::string &name, std::uint64_t id);
  std::shared_ptr<const keys::Verifier> verifier_of (const std::string &name) const; ///< any thread
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
  struct Publisher
  {
    Live publication;
    Closer close;
  };

  void tell (Refused refused);
  void close (std::uint64_t id, const std::string &why);

  Loop loop_;
  const Limits limits_;
  const std::shared_ptr<Roster> roster_ = std::make_shared<Roster> ();
  std::map<std::uint64_t, Loop::Timer> forget_; // by a number of their own
  Doorkeeper doorkeeper_;
  Counters counters_;
  Allowance named_{50, std::chrono::milliseconds (100)}; // for refusals that are told
  Allowance nameless_ = named_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, Publisher> publishers_;
  std::map<std::uint64_t, std::shared_ptr<Published>> published_calls_;
  std::map<std::uint64_t, std::shared_ptr<Denied>> refused_calls_;
  mutable std::mutex entries_mutex_;     // innermost; libsrt's threads take it, too
  std::map<std::string, Entry> entries_; // by name; protected by entries_mutex_
};

} // namespace stagedoor::gate
