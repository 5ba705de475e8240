// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether outputs may get the source, and in what packing. Streaming thread.
#include <algorithm>

#include "gst-plugins/transcode/peer_caps.hpp"
#include "gst-plugins/transcode/video_converter.hpp"

namespace stagedoor::transcode {

namespace {

/** Of what is made here, in milliseconds. */
constexpr int own_key_distance = 2000;

std::string
seconds (int milliseconds)
{
  auto out = std::to_string (milliseconds / 1000);
  if (const auto tenths = milliseconds % 1000 / 100; tenths > 0)
    out += "." + std::to_string (tenths);
  return out + " s";
}

} // namespace

bool
VideoConverter::observe (GstBuffer *buffer)
{
  const bool changed = source_.observe (buffer);
  if (changed) {
    const std::lock_guard lock{mutex_};
    picture_ = source_.picture ();
  }
  const bool crossed = std::ranges::any_of (key_distances_, [this] (const auto &asked) {
    return source_.exceeds_key_distance (asked.first) != asked.second;
  });
  if (crossed)
    key_distances_.clear (); // all outputs ask anew
  return changed || crossed;
}

std::optional<Form>
VideoConverter::form_for (const GstCaps *taken, std::string &why) const
{
  if (const auto form = source_.repacker ().form_for (taken, why))
    return form;
  if (gst_caps_can_intersect (source_.caps (), taken))
    return Form::as_it_comes;
  why = refusal (source_.caps (), taken);
  return std::nullopt;
}

bool
VideoConverter::exceeds (GstClockTime key_distance)
{
  return key_distances_[key_distance] = source_.exceeds_key_distance (key_distance);
}

std::string
VideoConverter::objection (GstPad *output, const GstCaps *taken)
{
  const char *name = gst_structure_get_name (gst_caps_get_structure (source_.caps (), 0));
  if (source_.full_caps () != source_.caps ()) {
    const auto *known = gst_caps_get_structure (source_.full_caps (), 0);
    auto only_profile = adopt (gst_caps_new_simple (
        name, "profile", G_TYPE_STRING, gst_structure_get_string (known, "profile"), nullptr));
    if (!gst_caps_can_intersect (only_profile.get (), taken))
      return refusal (source_.full_caps (), taken);
  }
  if (source_.has_b_frames () && !takes_b_frames (taken, name))
    return source_.b_frames_text ();
  const auto wanted = wants (output);
  auto distance = key_distance_taken (taken, name);
  if (wanted.key_distance > 0)
    distance = distance > 0 ? std::min (distance, wanted.key_distance) : wanted.key_distance;
  distance = distance > 0 ? std::max (distance, own_key_distance) : 0;
  if (distance > 0 && exceeds (static_cast<GstClockTime> (distance) * GST_MSECOND))
    return "the source's key frames are further apart than " + seconds (distance);
  return difference (wanted, source_.picture ());
}

} // namespace stagedoor::transcode
