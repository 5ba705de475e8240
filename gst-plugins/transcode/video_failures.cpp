// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/video_failures.hpp"

#include <algorithm>
#include <utility>

namespace stagedoor::transcode {

namespace {

constexpr gint64 decoder_delay = G_USEC_PER_SEC;
/** After the first one of an encoder that had not done well yet; then twice as long each time, up
 * to 32 times. */
constexpr gint64 first_delay = G_USEC_PER_SEC / 20;
constexpr int most_doublings = 5;
/** An encoder that has done well for so long has its strikes forgotten. */
constexpr gint64 memory = 60 * gint64{G_USEC_PER_SEC};
/** As many strikes make a defeat. */
constexpr int strikes_per_defeat = 2;

} // namespace

const VideoFailures::Entry *
VideoFailures::find (const RenditionSpec &spec) const
{
  const auto found = std::ranges::find (all_, spec, &Entry::spec);
  return found != all_.end () ? &*found : nullptr;
}

const VideoFailures::Strikes *
VideoFailures::find (const RenditionSpec &spec, const std::string &factory) const
{
  const auto *entry = find (spec);
  if (entry == nullptr)
    return nullptr;
  const auto found = std::ranges::find (entry->strikes, factory, &Strikes::factory);
  const bool late =
      found != entry->strikes.end () && g_get_monotonic_time () - found->last < memory;
  return late ? &*found : nullptr;
}

VideoFailures::Entry &
VideoFailures::entry_of (const RenditionSpec &spec)
{
  const auto found = std::ranges::find (all_, spec, &Entry::spec);
  return found != all_.end () ? *found : all_.emplace_back (Entry{spec, {}, 0});
}

void
VideoFailures::fail (Entry &entry, const std::string &why, gint64 delay)
{
  entry.why = why;
  entry.retry_at = g_get_monotonic_time () + delay;
  changed_ = true;
}

void
VideoFailures::add (const RenditionSpec &spec, const std::string &why)
{
  fail (entry_of (spec), why, decoder_delay);
}

void
VideoFailures::add_strike (const RenditionSpec &spec, const std::string &factory,
    const std::string &what, bool had_done_well)
{
  const int count = find (spec, factory) != nullptr ? find (spec, factory)->count + 1 : 1;
  auto &entry = entry_of (spec);
  std::erase_if (entry.strikes, [&] (const auto &other) { return other.factory == factory; });
  entry.strikes.push_back ({factory, what, count, g_get_monotonic_time ()});
  entry.in_a_row = had_done_well ? 0 : entry.in_a_row + 1;
  const auto doublings = std::min (entry.in_a_row - 1, most_doublings);
  fail (entry, factory + " " + what + ", and is replaced",
      entry.in_a_row > 0 ? first_delay << doublings : 0);
}

void
VideoFailures::mend (const RenditionSpec &spec, bool done_well)
{
  const auto found = std::ranges::find (all_, spec, &Entry::spec);
  if (found == all_.end ())
    return;
  changed_ |= !std::exchange (found->why, {}).empty ();
  if (done_well)
    found->in_a_row = 0;
}

void
VideoFailures::clear ()
{
  all_.clear ();
  changed_ = false;
}

std::string
VideoFailures::text (const RenditionSpec &spec) const
{
  const auto *entry = find (spec);
  return entry != nullptr ? entry->why : "";
}

bool
VideoFailures::may_try (const RenditionSpec &spec) const
{
  const auto *entry = find (spec);
  return entry == nullptr || g_get_monotonic_time () >= entry->retry_at;
}

int
VideoFailures::defeats (const RenditionSpec &spec, const std::string &factory) const
{
  const auto *strikes = find (spec, factory);
  return strikes != nullptr ? strikes->count / strikes_per_defeat : 0;
}

std::string
VideoFailures::what (const RenditionSpec &spec, const std::string &factory) const
{
  const auto *strikes = find (spec, factory);
  return strikes != nullptr ? strikes->what : "";
}

bool
VideoFailures::changed ()
{
  return std::exchange (changed_, false);
}

} // namespace stagedoor::transcode
