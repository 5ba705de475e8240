// SPDX-License-Identifier: LGPL-2.1-or-later
// Which renditions failed, why, when each may be tried again, and which encoders are to blame.
#pragma once

#include <string>
#include <vector>

#include <glib.h>

#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

/** One thread. */
class VideoFailures
{
public:
  /** The decoder's: whatever is made of it has to wait for a second. */
  void add (const RenditionSpec &spec, const std::string &why);
  /** @p factory's, which is a strike against it here. One that had done well is replaced at once;
   * the more fail in a row, the longer it takes. */
  void add_strike (const RenditionSpec &spec, const std::string &factory, const std::string &what,
      bool had_done_well);
  /** There are pictures of @p spec; @p done_well: and have been for a while. */
  void mend (const RenditionSpec &spec, bool done_well);
  template <class Wanted>
  void keep (Wanted wanted)
  {
    changed_ |= std::erase_if (all_, [&] (const auto &entry) { return !wanted (entry.spec); }) > 0;
  }
  void clear ();

  /** Why there is nothing of @p spec; empty: it is well, as far as is known. */
  std::string text (const RenditionSpec &spec) const;
  bool may_try (const RenditionSpec &spec) const;
  /** How often @p factory was given a second chance and failed, of late. */
  int defeats (const RenditionSpec &spec, const std::string &factory) const;
  /** What it did, the last time; empty: nothing of late. */
  std::string what (const RenditionSpec &spec, const std::string &factory) const;
  /** Since it was asked last. */
  bool changed ();

private:
  struct Strikes
  {
    std::string factory, what;
    int count;
    gint64 last; ///< monotonic microseconds
  };
  struct Entry
  {
    RenditionSpec spec;
    std::string why; ///< empty: it is well again
    gint64 retry_at; ///< monotonic microseconds
    int in_a_row = 0;
    std::vector<Strikes> strikes;
  };
  const Entry *find (const RenditionSpec &spec) const;
  const Strikes *find (const RenditionSpec &spec, const std::string &factory) const;
  Entry &entry_of (const RenditionSpec &spec);
  void fail (Entry &entry, const std::string &why, gint64 delay);

  std::vector<Entry> all_;
  bool changed_ = false;
};

} // namespace stagedoor::transcode
