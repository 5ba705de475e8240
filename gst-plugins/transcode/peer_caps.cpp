// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/peer_caps.hpp"

#include <algorithm>
#include <functional>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::transcode {

namespace {

bool
any_format (const GstCaps *taken, const char *media_type,
    const std::function<bool (const GstStructure *)> &condition)
{
  for (guint i = 0; i < gst_caps_get_size (taken); ++i) {
    const auto *fields = gst_caps_get_structure (taken, i);
    if (gst_structure_has_name (fields, media_type) && condition (fields))
      return true;
  }
  return false;
}

std::string
named (const GstStructure *format, const char *field)
{
  const char *value = gst_structure_get_string (format, field);
  return value != nullptr ? std::string (" (") + field + " " + value + ")" : "";
}

/** What it is called by people: "audio/mpeg" is too much in one. */
std::string
name_of (const GstStructure *format)
{
  std::string out = gst_structure_get_name (format);
  int version = 0, layer = 3;
  gst_structure_get_int (format, "layer", &layer);
  if (out == "audio/mpeg" && gst_structure_get_int (format, "mpegversion", &version))
    out += version != 1 ? " (AAC)" : layer == 3 ? " (MP3)" : " (MP2)";
  return out;
}

/** Whether @p taken would have @p format, were it not for @p field. */
bool
is_only (const char *field, const GstStructure *format, const GstCaps *taken)
{
  auto other = adopt (gst_caps_new_full (gst_structure_copy (format), nullptr));
  gst_structure_remove_field (gst_caps_get_structure (other.get (), 0), field);
  return gst_caps_can_intersect (other.get (), taken);
}

} // namespace

bool
takes_b_frames (const GstCaps *taken, const char *media_type)
{
  return any_format (taken, media_type, [] (const GstStructure *fields) {
    gboolean b_frames = TRUE;
    gst_structure_get_boolean (fields, "b-frames", &b_frames);
    return b_frames;
  });
}

int
key_distance_taken (const GstCaps *taken, const char *media_type)
{
  int most = 0;
  const bool any = any_format (taken, media_type, [&most] (const GstStructure *fields) {
    int distance = 0;
    gst_structure_get_int (fields, "max-key-frame-distance", &distance);
    most = std::max (most, distance);
    return distance <= 0;
  });
  return any ? 0 : most;
}

std::string
refusal (const GstCaps *input, const GstCaps *taken)
{
  const auto *format = gst_caps_get_structure (input, 0);
  std::string out = "the peer does not take " + name_of (format);
  if (!any_format (taken, gst_structure_get_name (format), [] (auto *) { return true; }))
    return out;
  for (const auto *field : {"stream-format", "profile", "level"})
    if (is_only (field, format, taken))
      return out + named (format, field);
  return out + named (format, "profile");
}

} // namespace stagedoor::transcode
