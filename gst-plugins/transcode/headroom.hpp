// SPDX-License-Identifier: LGPL-2.1-or-later
// What is to be cut of renditions that this machine can't keep up with, and when it is given back.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gst-plugins/transcode/rendition_spec.hpp"

namespace stagedoor::transcode {

/** What an encoder did in some time. */
struct Work
{
  RenditionSpec spec;
  std::uint64_t taken = 0, lost = 0; ///< frames that it encoded, and that it had no time for
  std::uint64_t busy = 0;            ///< nanoseconds that it spent on them
};

/**
 * A rendition is late when it lost frames though its encoder was at work all the time. One that was
 * late for two looks in a row is cut by a step, one rendition at each look: first those that are
 * cut least, and of these the largest, which saves most and leaves most viewers something smaller.
 * A step is taken back in the reverse order, after a while without losses in which the encoder had
 * time to spare for it. Who falls back soon after that has to wait twice as long the next time. No
 * clock of its own, one thread.
 */
class Headroom
{
public:
  /** Once a second or so. @p elapsed: nanoseconds since the last look. @p decoder_late: frames come
   * too late to the encoders already, which is for the largest one to mend. True when a cut has
   * changed. */
  bool look (std::span<const Work> works, std::uint64_t elapsed, bool decoder_late);

  /** Of what is wanted. */
  Cut cut (const RenditionSpec &wanted) const;

  /** Forgets those of which @p wanted isn't true. */
  template <class Wanted>
  void keep (Wanted wanted)
  {
    std::erase_if (entries_, [&] (const auto &entry) { return !wanted (entry.wanted); });
  }
  void clear () { *this = {}; }

  /** Looks without a loss before a step is taken back. */
  static constexpr int first_patience = 5, most_patience = 160;

private:
  struct Entry
  {
    RenditionSpec wanted;
    Cut cut = Cut::none;
    int late = 0;              ///< looks in a row
    int calm = 0;              ///< likewise
    bool roomy = false;        ///< there was time for more
    int since_eased = 1 << 20; ///< looks
    int patience = first_patience;
  };
  Entry &entry_for (const RenditionSpec &spec);
  bool note (std::span<const Work> works, std::uint64_t elapsed);
  Entry *next_to_cut (bool late_only);
  Entry *next_to_ease ();
  void change (Entry &entry, int by);

  std::vector<Entry> entries_;
  int decoder_late_ = 0;
};

/** For people, to be read after what is done to the picture; empty: nothing is cut. */
std::string remark_on (Cut cut);

} // namespace stagedoor::transcode
