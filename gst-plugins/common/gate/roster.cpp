// SPDX-License-Identifier: LGPL-2.1-or-later
// Claims on publications.
#include "gst-plugins/common/gate/roster.hpp"

#include <algorithm>

namespace stagedoor::gate {

void
Roster::add (Pointer publication)
{
  const std::lock_guard lock (mutex_);
  forget_over_unclaimed (publication->name ());
  entries_.push_back ({std::move (publication)});
  changed_.notify_all ();
}

void
Roster::forget_over_unclaimed (const std::string &name)
{
  std::erase_if (entries_,
      [&] (const Entry &e) { return e.over && !e.claimed && e.publication->name () == name; });
}

void
Roster::ended (const Pointer &publication)
{
  const std::lock_guard lock (mutex_);
  forget_over_unclaimed (publication->name ());
  for (auto &entry : entries_)
    if (entry.publication == publication) {
      entry.over = true;
      entry.over_since = std::chrono::steady_clock::now ();
    }
}

void
Roster::forget_ended_before (std::chrono::steady_clock::time_point then)
{
  const std::lock_guard lock (mutex_);
  std::erase_if (
      entries_, [&] (const Entry &e) { return e.over && !e.claimed && e.over_since <= then; });
}

Roster::Pointer
Roster::live (const std::string &name) const
{
  const std::lock_guard lock (mutex_);
  for (const auto &entry : entries_)
    if (!entry.over && entry.publication->name () == name)
      return entry.publication;
  return nullptr;
}

Roster::Entry *
Roster::find_unclaimed (const std::string &name)
{
  const auto found = std::find_if (entries_.begin (), entries_.end (),
      [&] (const Entry &e) { return !e.claimed && e.publication->name () == name; });
  return found != entries_.end () ? &*found : nullptr;
}

std::shared_ptr<Publication>
Roster::wait_for (const std::string &name, Interrupt &interrupt, Deadline deadline)
{
  const Interrupt::Attached attached (interrupt, mutex_, changed_);
  std::unique_lock lock (mutex_);
  Entry *entry = nullptr;
  changed_.wait_until (lock, deadline,
      [&] { return interrupt.is_set () || (entry = find_unclaimed (name)) != nullptr; });
  if (interrupt.is_set () || entry == nullptr)
    return nullptr;
  entry->claimed = true;
  entry->publication->claim ();
  return {entry->publication.get (),
      [self = shared_from_this (), publication = entry->publication] (Publication *) {
        self->give_back (publication);
      }};
}

void
Roster::give_back (const Pointer &publication)
{
  const std::lock_guard lock (mutex_);
  const auto entry = std::find_if (entries_.begin (), entries_.end (),
      [&] (const Entry &e) { return e.publication == publication; });
  if (entry->over) {
    entries_.erase (entry);
    return;
  }
  entry->claimed = false;
  publication->release ();
  changed_.notify_all ();
}

} // namespace stagedoor::gate
