// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells what is upstream of the pads whether anybody watches, so that nothing is made for nobody.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <gst/gst.h>

namespace stagedoor {

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
  void renew (const std::string &pad);
  /** Nothing more is said on this pad until it has caps. */
  void forget (const std::string &pad);

private:
  struct Pad
  {
    std::optional<bool> said;
  };

  void tell ();
  void send ();
  std::map<std::string, Pad>::iterator next ();

  GstElement *const element_;       ///< borrowed; owns the owner of this
  std::mutex mutex_;                // innermost; nothing is called under it
  bool watched_ = false;            // protected by mutex_
  bool sending_ = false;            // protected by mutex_; some thread is in send()
  std::map<std::string, Pad> pads_; // protected by mutex_; those with caps, by name
};

} // namespace stagedoor
