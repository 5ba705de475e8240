// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/thumbnail/fixture.hpp"

#include <gst/app/app.h>
#include <gst/video/video.h>

namespace stagedoor::test {

Thumbnails::Thumbnails ()
    : http_ (*http::Server::open ("127.0.0.1:0")),
      element_ (Ref<GstElement>::sink (gst_element_factory_make ("stagethumbnailsink", nullptr))),
      pad_ (Ref<GstPad>::sink (gst_pad_new ("src", GST_PAD_SRC)))
{
  ck_assert (element_);
  g_object_set (element (), "http-address", http_->address ().c_str (), "path", "/t", nullptr);
  const auto sink = adopt (gst_element_get_static_pad (element (), "sink"));
  ck_assert_int_eq (gst_pad_link (pad_.get (), sink.get ()), GST_PAD_LINK_OK);
  set_state (GST_STATE_PLAYING);
  gst_pad_set_active (pad_.get (), TRUE);
}

Thumbnails::~Thumbnails ()
{
  gst_pad_set_active (pad_.get (), FALSE);
  set_state (GST_STATE_NULL);
}

void
Thumbnails::set_state (GstState state)
{
  ck_assert_int_eq (gst_element_set_state (element (), state), GST_STATE_CHANGE_SUCCESS);
}

void
Thumbnails::start (GstCaps *caps)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  ck_assert (push (gst_event_new_stream_start ("test")));
  ck_assert (push (gst_event_new_caps (caps)));
  ck_assert (push (gst_event_new_segment (&segment)));
}

void
Thumbnails::show (const Track &track)
{
  start (track.caps.get ());
  for (const auto &buffer : track.buffers)
    ck_assert_int_eq (gst_pad_push (pad_.get (), gst_buffer_ref (buffer.get ())), GST_FLOW_OK);
}

void
Thumbnails::show (const Ref<GstCaps> &caps, const Bytes &bytes)
{
  start (caps.get ());
  auto *buffer = gst_buffer_new_allocate (nullptr, bytes.size (), nullptr);
  gst_buffer_fill (buffer, 0, bytes.data (), bytes.size ());
  GST_BUFFER_PTS (buffer) = 0;
  ck_assert_int_eq (gst_pad_push (pad_.get (), buffer), GST_FLOW_OK);
}

std::uint64_t
Thumbnails::stat (const char *name) const
{
  GstStructure *raw = nullptr;
  g_object_get (element (), "stats", &raw, nullptr);
  const Structure stats (raw);
  guint64 out = 0;
  ck_assert (gst_structure_get_uint64 (stats.get (), name, &out));
  return out;
}

ByteView
Image::at (double x, double y) const
{
  const auto column = static_cast<std::size_t> (x * width),
             row = static_cast<std::size_t> (y * height);
  return ByteView (pixels).subspan (4 * (row * static_cast<std::size_t> (width) + column), 3);
}

Image
read_image (const std::string &file)
{
  const bool webp = file.starts_with ("RIFF");
  const auto pipeline = Ref<GstElement>::sink (gst_parse_launch (
      (std::string ("appsrc name=in ! ") + (webp ? "webpdec" : "jpegdec")
          + " ! videoconvert ! video/x-raw,format=RGBx ! appsink name=out sync=false")
          .c_str (),
      nullptr));
  ck_assert (pipeline);
  const auto in = adopt (gst_bin_get_by_name (GST_BIN (pipeline.get ()), "in"));
  const auto out = adopt (gst_bin_get_by_name (GST_BIN (pipeline.get ()), "out"));
  const auto caps = adopt (gst_caps_from_string (webp ? "image/webp" : "image/jpeg,framerate=0/1"));
  g_object_set (in.get (), "caps", caps.get (), "format", GST_FORMAT_TIME, nullptr);
  gst_element_set_state (pipeline.get (), GST_STATE_PLAYING);
  gst_app_src_push_buffer (
      GST_APP_SRC (in.get ()), gst_buffer_new_memdup (file.data (), file.size ()));
  gst_app_src_end_of_stream (GST_APP_SRC (in.get ()));
  const auto sample =
      adopt (gst_app_sink_try_pull_sample (GST_APP_SINK (out.get ()), 20 * GST_SECOND));
  ck_assert_msg (bool (sample), "no image");
  GstVideoInfo info;
  GstVideoFrame frame;
  ck_assert (gst_video_info_from_caps (&info, gst_sample_get_caps (sample.get ())));
  ck_assert (
      gst_video_frame_map (&frame, &info, gst_sample_get_buffer (sample.get ()), GST_MAP_READ));
  Image image{info.width, info.height, {}};
  for (int row = 0; row < info.height; ++row) {
    const auto *line = static_cast<const std::uint8_t *> (GST_VIDEO_FRAME_PLANE_DATA (&frame, 0))
                       + row * GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);
    image.pixels.insert (image.pixels.end (), line, line + 4 * info.width);
  }
  gst_video_frame_unmap (&frame);
  gst_element_set_state (pipeline.get (), GST_STATE_NULL);
  return image;
}

void
wait_for (const std::function<bool ()> &condition)
{
  const auto end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  while (!condition ()) {
    ck_assert_msg (g_get_monotonic_time () < end, "not within 20 s");
    g_usleep (5000);
  }
}

} // namespace stagedoor::test
