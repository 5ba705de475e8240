// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/whep/demand.hpp"

#include <algorithm>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::whep {

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
    if (!next ())
      return;
  }
  tell ();
}

void
Demand::renew (TrackIndex track)
{
  {
    std::lock_guard lock (mutex_);
    pads_[track] = {true, std::nullopt};
  }
  tell ();
}

void
Demand::forget (TrackIndex track)
{
  std::lock_guard lock (mutex_);
  pads_[track] = {};
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
std::optional<std::size_t>
Demand::next () const
{
  const auto found = std::ranges::find_if (
      pads_, [this] (const Pad &pad) { return pad.has_caps && pad.said != watched_; });
  if (found == pads_.end ())
    return std::nullopt;
  return static_cast<std::size_t> (found - pads_.begin ());
}

/** One thread at a time, which looks again after each event: the last one said is what is true. */
void
Demand::send ()
{
  std::unique_lock lock (mutex_);
  if (sending_)
    return;
  sending_ = true;
  while (const auto track = next ()) {
    const bool wanted = watched_;
    pads_[*track].said = wanted;
    lock.unlock ();
    const auto pad = adopt (
        gst_element_get_static_pad (element_, *track == video_track ? "video_0" : "audio_0"));
    if (pad)
      gst_pad_push_event (pad.get (),
          gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
              gst_structure_new ("stagedoor-demand", "wanted", G_TYPE_BOOLEAN, wanted, nullptr)));
    lock.lock ();
  }
  sending_ = false;
}

} // namespace stagedoor::whep
