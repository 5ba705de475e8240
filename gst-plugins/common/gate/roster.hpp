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

  /** One of the same name that ended unclaimed goes: nobody wants the old one any more. */
  void add (Pointer publication);
  /** It ended; when nobody has claimed it, it stays for whoever waits for it next. */
  void ended (const Pointer &publication);
  /** Drops what ended unclaimed before @p then. */
  void forget_ended_before (std::chrono::steady_clock::time_point then);

  Pointer live (const std::string &name) const;

  /** Gate::wait_for(). The returned pointer's last copy gives the claim back. */
  std::shared_ptr<Publication> wait_for (
      const std::string &name, Interrupt &interrupt, Deadline deadline);

private:
  struct Entry
  {
    Pointer publication;
    bool claimed = false;
    bool over = false;
    std::chrono::steady_clock::time_point over_since{};
  };

  Entry *find_unclaimed (const std::string &name);
  void forget_over_unclaimed (const std::string &name);
  void give_back (const Pointer &publication);

  mutable std::mutex mutex_; // before a publication's
  std::condition_variable changed_;
  /** Protected by mutex_. Of a name: one that is live, one that is over and unclaimed, which is the
   * last that was, and any that are over and whose consumer hasn't let go yet. */
  std::list<Entry> entries_;
};

} // namespace stagedoor::gate
