// SPDX-License-Identifier: LGPL-2.1-or-later
// The publications of a gate by name, and who has claimed which.
#pragma once

#include <list>

#include "gst-plugins/common/gate/live_publication.hpp"

namespace stagedoor::gate {

/** Thread safe. */
class Roster : public std::enable_shared_from_this<Roster>
{
public:
  using Pointer = std::shared_ptr<LivePublication>;

  void add (Pointer publication);
  /** It ended; when nobody has claimed it, it stays for whoever waits for it next. */
  void ended (const Pointer &publication);
  /** Drops what ended unclaimed before @p then. */
  void forget_ended_before (std::chrono::steady_clock::time_point then);

  Pointer live (const std::string &name) const;

  /** Gate::wait_for(). The returned pointer's last copy gives the claim back. */
  std::shared_ptr<Publication> wait_for (const std::string &name, Interrupt &interrupt);

private:
  struct Entry
  {
    Pointer publication;
    bool claimed = false;
    bool over = false;
    std::chrono::steady_clock::time_point over_since{};
  };

  Entry *find_unclaimed (const std::string &name);
  void give_back (const Pointer &publication);

  mutable std::mutex mutex_; // before a publication's
  std::condition_variable changed_;
  std::list<Entry> entries_; // protected by mutex_; in the order of arrival
};

} // namespace stagedoor::gate
