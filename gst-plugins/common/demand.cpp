// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/demand.hpp"

#include <algorithm>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor {

// Both take the lock for TSan, which does not see that GLib's thread pool and reference counts put
// them before and after everything else.
Demand::Demand (GstElement *element) : element_ (element)
{
  std::lock_guard lock (mutex_);
}

Demand::~Demand ()
{
  std::lock_guard lock (mutex_);
}

void
Demand::set_watched (bool watched)
{
  {
    std::lock_guard lock (mutex_);
    watched_ = watched;
    if (next () == pads_.end ())
      return;
  }
  tell ();
}

void
Demand::renew (const std::string &pad)
{
  {
    std::lock_guard lock (mutex_);
    pads_[pad] = {};
  }
  tell ();
}

void
Demand::forget (const std::string &pad)
{
  std::lock_guard lock (mutex_);
  pads_.erase (pad);
}

void
Demand::tell ()
{
  // Keeps a reference to the element, and so this, until it is done.
  gst_element_call_async (
      element_, [] (GstElement *, gpointer self) { static_cast<Demand *> (self)->send (); }, this,
      nullptr);
}

/** A pad whose upstream does not know how things are now. Under mutex_. */
std::map<std::string, Demand::Pad>::iterator
Demand::next ()
{
  return std::ranges::find_if (
      pads_, [this] (const auto &pad) { return pad.second.said != watched_; });
}

/** One thread at a time, which looks again after each event: the last one said is what is true. */
void
Demand::send ()
{
  std::unique_lock lock (mutex_);
  if (sending_)
    return;
  sending_ = true;
  for (auto entry = next (); entry != pads_.end (); entry = next ()) {
    const bool wanted = watched_;
    entry->second.said = wanted;
    const auto name = entry->first;
    lock.unlock ();
    const auto pad = adopt (gst_element_get_static_pad (element_, name.c_str ()));
    if (pad)
      gst_pad_push_event (pad.get (),
          gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
              gst_structure_new ("stagedoor-demand", "wanted", G_TYPE_BOOLEAN, wanted, nullptr)));
    lock.lock ();
  }
  sending_ = false;
}

} // namespace stagedoor
