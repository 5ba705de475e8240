// SPDX-License-Identifier: LGPL-2.1-or-later
// Which renditions failed, why, and when each may be tried again.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <glib.h>

#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

/** One thread. */
class VideoFailures
{
public:
  void add (const RenditionSpec &spec, const char *why)
  {
    remove (spec);
    all_.push_back ({spec, why, g_get_monotonic_time () + G_USEC_PER_SEC});
    changed_ = true;
  }
  void remove (const RenditionSpec &spec)
  {
    keep ([&] (const auto &other) { return !(other == spec); });
  }
  template <class Wanted>
  void keep (Wanted wanted)
  {
    changed_ |= std::erase_if (all_, [&] (const auto &entry) { return !wanted (entry.spec); }) > 0;
  }
  void clear ()
  {
    all_.clear ();
    changed_ = false;
  }

  /** Why there is nothing of @p spec; empty: it is well, as far as is known. */
  std::string text (const RenditionSpec &spec) const
  {
    const auto found = find (spec);
    return found != all_.end () ? found->why : "";
  }
  bool may_try (const RenditionSpec &spec) const
  {
    const auto found = find (spec);
    return found == all_.end () || g_get_monotonic_time () >= found->retry_at;
  }
  /** Since it was asked last. */
  bool changed () { return std::exchange (changed_, false); }

private:
  struct Entry
  {
    RenditionSpec spec;
    const char *why;
    gint64 retry_at; ///< monotonic microseconds
  };
  std::vector<Entry>::const_iterator find (const RenditionSpec &spec) const
  {
    return std::ranges::find (all_, spec, &Entry::spec);
  }

  std::vector<Entry> all_;
  bool changed_ = false;
};

} // namespace stagedoor::transcode
