// SPDX-License-Identifier: LGPL-2.1-or-later
// Which streams a gate serves, and who watches them.
#pragma once

#include <map>

#include "gst-plugins/common/gate/broadcast.hpp"

namespace stagedoor::gate {

/** What the gate thread has let a caller watch. */
struct Seat
{
  std::uint64_t guest = 0; ///< the doorkeeper's number of it
  keys::Grant grant;
  std::shared_ptr<Broadcast> broadcast;
};

class Audience
{
public:
  struct Served
  {
    std::uint64_t id;
    std::shared_ptr<const keys::Verifier> verifier; ///< null: whoever decides about publishers
    std::shared_ptr<Broadcast> broadcast;
  };

  // Any thread; libsrt's, too.
  std::optional<Served> find (const std::string &name) const;
  /** In the place of what was served under the name. Returns what stop_serving() takes. */
  std::uint64_t serve (const std::string &name, std::shared_ptr<const keys::Verifier> verifier,
      std::shared_ptr<Broadcast> broadcast);
  void stop_serving (const std::string &name, std::uint64_t id);

  // The gate thread.
  using Closer = std::function<void (const std::string &why)>;
  void enter (std::uint64_t id, Viewer viewer, Closer close);
  /** False when it had left already. */
  bool leave (std::uint64_t id);
  void close_where (const std::function<bool (const Viewer &)> &match, const std::string &why);
  std::size_t size () const { return watching_.size (); }

private:
  struct Watching
  {
    Viewer viewer;
    Closer close;
  };

  std::map<std::uint64_t, Watching> watching_; // the gate thread's
  mutable std::mutex mutex_;                   // innermost
  std::map<std::string, Served> served_;       // by name; protected by mutex_
  std::uint64_t last_id_ = 0;                  // protected by mutex_
};

} // namespace stagedoor::gate
