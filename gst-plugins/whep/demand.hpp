// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells what is upstream of the pads whether anybody watches, so that nothing is made for nobody.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include <gst/gst.h>

#include "gst-plugins/whep/reception.hpp"

namespace stagedoor::whep {

/** Any thread. The events go out on a thread of their own, without locks: elements upstream may
 * take their time. */
class Demand
{
public:
  explicit Demand (GstElement *element);
  ~Demand ();
  Demand (const Demand &) = delete;
  Demand &operator= (const Demand &) = delete;

  void set_watched (bool watched);
  /** The pad got caps, maybe from somebody who has not been told yet. */
  void renew (TrackIndex track);
  /** Nothing more is said on this pad until it has caps. */
  void forget (TrackIndex track);

private:
  struct Pad
  {
    bool has_caps = false;
    std::optional<bool> said;
  };

  void tell ();
  void send ();
  std::optional<std::size_t> next () const;

  GstElement *const element_;         ///< borrowed; owns the owner of this
  std::mutex mutex_;                  // innermost; nothing is called under it
  bool watched_ = false;              // protected by mutex_
  bool sending_ = false;              // protected by mutex_; some thread is in send()
  std::array<Pad, track_count> pads_; // protected by mutex_
};

} // namespace stagedoor::whep
