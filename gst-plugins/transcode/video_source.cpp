// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/video_source.hpp"

#include <algorithm>

#include <gst/pbutils/codec-utils.h>

#include "libs/codecs/av1.hpp"
#include "libs/codecs/nal_setup.hpp"
#include "libs/codecs/sps.hpp"
#include "libs/codecs/vpx.hpp"

namespace stagedoor::transcode {

namespace {

/** Enough for a key frame every 10 s. */
constexpr std::size_t max_group_bytes = 8 * 1024 * 1024, max_group_frames = 900;

constexpr struct
{
  const char *media_type, *name;
} codecs[]{{"video/x-h264", "h264"}, {"video/x-h265", "h265"}, {"video/x-av1", "av1"},
    {"video/x-vp8", "vp8"}, {"video/x-vp9", "vp9"}};

struct Told
{
  std::optional<unsigned> reordered;
  std::optional<codecs::Picture> picture;
};

Told
told_by (ByteView record, bool h264)
{
  const auto setup = h264 ? codecs::read_avcc (record) : codecs::read_hvcc (record);
  if (!setup)
    return {};
  for (const auto nal : setup->parameter_sets)
    if (h264) {
      if (const auto sps = codecs::read_h264_sps (nal))
        return {sps->reordered, sps->picture};
    } else if (const auto sps = codecs::read_h265_sps (nal)) {
      return {sps->reordered, sps->picture};
    }
  return {};
}

} // namespace

void
VideoSource::set_caps (GstCaps *caps)
{
  reset ();
  caps_ = share (caps);
  const auto *fields = gst_caps_get_structure (caps, 0);
  for (const auto &[media_type, name] : codecs)
    if (gst_structure_has_name (fields, media_type))
      picture_.codec = name;
  gst_structure_get_int (fields, "width", &picture_.width);
  gst_structure_get_int (fields, "height", &picture_.height);
  gst_structure_get_fraction (fields, "framerate", &picture_.rate.num, &picture_.rate.den);
  repacker_.set_caps (caps);
  reorders_ = picture_.codec == "h264" || picture_.codec == "h265";
  read_setup (fields);
}

void
VideoSource::read_setup (const GstStructure *fields)
{
  const GValue *value = gst_structure_get_value (fields, "codec_data");
  if (!reorders_ || value == nullptr || !GST_VALUE_HOLDS_BUFFER (value))
    return;
  GstMapInfo map;
  if (!gst_buffer_map (gst_value_get_buffer (value), &map, GST_MAP_READ))
    return;
  const auto told = told_by ({map.data, map.size}, picture_.codec == "h264");
  watch_.declare (told.reordered);
  if (told.picture)
    set_size (*told.picture);
  gst_buffer_unmap (gst_value_get_buffer (value), &map);
  has_b_frames_ = watch_.is_reordered ();
}

/** A byte stream's caps may say nothing of what its parameter sets say. */
bool
VideoSource::read_sps ()
{
  const auto &latest = repacker_.sps ();
  if (latest.size () < 4 || latest == sps_)
    return false;
  sps_ = latest;
  const bool h264 = picture_.codec == "h264";
  if (h264) {
    const auto sps = codecs::read_h264_sps (sps_);
    watch_.declare (sps ? sps->reordered : std::nullopt);
    if (sps)
      set_size (sps->picture);
  } else if (const auto sps = codecs::read_h265_sps (sps_)) {
    watch_.declare (sps->reordered);
    set_size (sps->picture);
  }
  has_b_frames_ = watch_.is_reordered ();
  if (h264 && !gst_structure_has_field (gst_caps_get_structure (caps_.get (), 0), "profile")) {
    full_caps_ = adopt (gst_caps_copy (caps_.get ()));
    gst_codec_utils_h264_caps_set_level_and_profile (
        full_caps_.get (), sps_.data () + 1, static_cast<guint> (sps_.size () - 1));
  }
  return true;
}

/** Caps of what comes straight from a network need not tell. True when it is known from here on. */
bool
VideoSource::read_size (GstBuffer *key_frame)
{
  GstMapInfo map;
  if (picture_.width > 0 || !gst_buffer_map (key_frame, &map, GST_MAP_READ))
    return false;
  const ByteView frame (map.data, map.size);
  std::optional<codecs::Picture> found;
  if (picture_.codec == "vp8")
    found = codecs::read_vp8_key_frame (frame);
  else if (picture_.codec == "av1")
    found = codecs::read_av1_sequence_header (frame);
  else if (const auto vp9 = codecs::read_vp9_key_frame (frame); vp9 && picture_.codec == "vp9")
    found = vp9->picture;
  gst_buffer_unmap (key_frame, &map);
  if (found)
    set_size (*found);
  return found.has_value ();
}

void
VideoSource::set_size (const codecs::Picture &picture)
{
  if (picture_.width > 0)
    return;
  picture_.width = picture.width;
  picture_.height = picture.height;
}

bool
VideoSource::observe (GstBuffer *buffer)
{
  shown_until_ = latest_;
  const bool repacks = repacker_.observe (buffer);
  const bool keyframe = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (keyframe)
    forget_group ();
  const bool setup = keyframe && (read_sps () || read_size (buffer));
  if (const auto time = GST_BUFFER_DTS_OR_PTS (buffer); GST_CLOCK_TIME_IS_VALID (time))
    key_distance_.on_frame (static_cast<std::int64_t> (time), keyframe);
  const bool order = GST_BUFFER_PTS_IS_VALID (buffer) && watch_order (buffer);
  return repacks || setup || order;
}

bool
VideoSource::watch_order (GstBuffer *buffer)
{
  const bool keyframe = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  const auto pts = GST_BUFFER_PTS (buffer);
  if (!GST_CLOCK_TIME_IS_VALID (latest_) || pts > latest_)
    latest_ = pts;
  if (!reorders_)
    return false;
  std::optional<std::int64_t> decoding;
  if (GST_BUFFER_DTS_IS_VALID (buffer))
    decoding = static_cast<std::int64_t> (GST_BUFFER_DTS (buffer));
  const bool before = has_b_frames_, told = watch_.offset () > 0;
  has_b_frames_ = watch_.on_frame (static_cast<std::int64_t> (pts), keyframe, decoding);
  return has_b_frames_ != before || (has_b_frames_ && !told && watch_.offset () > 0);
}

void
VideoSource::keep (GstBuffer *buffer)
{
  const bool delta = GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (delta && group_.empty ())
    return;
  group_.push_back (share (buffer));
  group_bytes_ += gst_buffer_get_size (buffer);
  if (group_bytes_ > max_group_bytes || group_.size () > max_group_frames)
    forget_group ();
}

void
VideoSource::forget_group ()
{
  group_.clear ();
  group_bytes_ = 0;
}

void
VideoSource::forget_times ()
{
  shown_until_ = latest_ = GST_CLOCK_TIME_NONE;
  forget_group ();
}

void
VideoSource::reset ()
{
  *this = {};
}

std::string
VideoSource::b_frames_text () const
{
  std::string out = "the source has B-frames";
  if (watch_.offset () > 0)
    out += " (composition offset " + std::to_string (watch_.offset () / 1'000'000) + " ms)";
  return out;
}

} // namespace stagedoor::transcode
