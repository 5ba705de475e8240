// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/transcode/scenery.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/audio/audio.h>
#include <gst/video/video.h>

namespace stagedoor::test {

namespace {

/** Octaves of smooth noise, each of half the amplitude of the one before. */
std::vector<std::uint8_t>
make_clouds (int width, int height, int coarsest, double contrast, unsigned seed)
{
  std::vector<float> sum (static_cast<std::size_t> (width) * static_cast<std::size_t> (height), 0);
  std::mt19937 random (seed);
  std::uniform_real_distribution<float> value (-1, 1);
  float amplitude = 1;
  for (int cell = coarsest; cell >= 4; cell /= 2, amplitude /= 2) {
    const int columns = width / cell + 2, rows = height / cell + 2;
    std::vector<float> grid (static_cast<std::size_t> (columns * rows));
    for (auto &g : grid)
      g = value (random);
    const auto at = [&] (int x, int y) {
      return grid[static_cast<std::size_t> (y * columns + x)];
    };
    const auto ease = [cell] (int x) {
      const auto t = static_cast<float> (x % cell) / static_cast<float> (cell);
      return t * t * (3 - 2 * t);
    };
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const int i = x / cell, j = y / cell;
        const auto u = ease (x), v = ease (y);
        sum[static_cast<std::size_t> (y * width + x)] +=
            amplitude
            * ((at (i, j) * (1 - u) + at (i + 1, j) * u) * (1 - v)
                + (at (i, j + 1) * (1 - u) + at (i + 1, j + 1) * u) * v);
      }
  }
  std::vector<std::uint8_t> out;
  out.reserve (sum.size ());
  for (const auto s : sum)
    out.push_back (static_cast<std::uint8_t> (
        std::clamp (128 + contrast * static_cast<double> (s), 20., 230.)));
  return out;
}

int
square_of (int height)
{
  return std::max (height / 15 / 4 * 4, 8);
}

/** A piece of a larger plane. */
void
copy_window (const std::vector<std::uint8_t> &from, int stride, int x, int y, std::uint8_t *to,
    int width, int height)
{
  for (int row = 0; row < height; ++row)
    std::copy_n (from.data () + (y + row) * stride + x, width, to + row * width);
}

Ref<GstElement>
parse (const std::string &launch)
{
  GError *raw = nullptr;
  auto pipeline = Ref<GstElement>::sink (gst_parse_launch (launch.c_str (), &raw));
  const Error error (raw);
  ck_assert_msg (pipeline && !error, "%s: %s", launch.c_str (), error ? error->message : "");
  return pipeline;
}

Ref<GstElement>
child (const Ref<GstElement> &bin, const char *name)
{
  return adopt (gst_bin_get_by_name (GST_BIN (bin.get ()), name));
}

std::string
decoder_of (const GstCaps *caps)
{
  const std::string name = gst_structure_get_name (gst_caps_get_structure (caps, 0));
  for (const auto &[type, decoder] :
      {std::pair ("video/x-h264", "h264parse ! avdec_h264 max-threads=1"),
          {"video/x-h265", "h265parse ! avdec_h265 max-threads=1"}, {"video/x-vp8", "vp8dec"},
          {"video/x-vp9", "vp9dec"}, {"video/x-av1", "av1parse ! av1dec"},
          {"audio/x-opus", "opusdec"}})
    if (name == type)
      return decoder;
  return gst_structure_has_field (gst_caps_get_structure (caps, 0), "layer")
             ? "mpegaudioparse ! avdec_mp3float"
             : "aacparse ! avdec_aac";
}

/** Pushes all of @p buffers through @p middle; gives what comes out to @p take. */
void
run_through (const Ref<GstCaps> &caps, const std::vector<Ref<GstBuffer>> &buffers,
    const std::string &middle, const std::function<void (GstSample *)> &take)
{
  const auto pipeline = parse ("appsrc name=in format=time max-bytes=0 ! " + middle
                               + " ! appsink name=out sync=false max-buffers=4 wait-on-eos=false");
  const auto source = child (pipeline, "in"), sink = child (pipeline, "out");
  auto *in = GST_APP_SRC (source.get ());
  auto *out = GST_APP_SINK (sink.get ());
  gst_app_src_set_caps (in, caps.get ());
  gst_element_set_state (pipeline.get (), GST_STATE_PLAYING);
  for (const auto &buffer : buffers)
    gst_app_src_push_buffer (in, gst_buffer_ref (buffer.get ()));
  gst_app_src_end_of_stream (in);
  while (const auto sample = adopt (gst_app_sink_pull_sample (out)))
    take (sample.get ());
  const auto bus = adopt (gst_element_get_bus (pipeline.get ()));
  const auto error = adopt (gst_bus_pop_filtered (bus.get (), GST_MESSAGE_ERROR));
  ck_assert_msg (!error, "%s failed", middle.c_str ());
  gst_element_set_state (pipeline.get (), GST_STATE_NULL);
}

int
read_number (const std::uint8_t *luma, int stride, int height)
{
  const auto square = square_of (height);
  int out = 0;
  for (int bit = -2; bit < number_bits; ++bit) {
    const auto *at = luma + square / 2 * stride + (bit + 2) * square + square / 2;
    const bool white = *at > 180;
    if (!white && *at > 75)
      return -1;
    if (bit < 0 ? white != (bit == -2) : false)
      return -1;
    if (bit >= 0)
      out = out << 1 | (white ? 1 : 0);
  }
  return out;
}

Seen
look (GstSample *sample, bool with_luma)
{
  GstVideoInfo info;
  GstVideoFrame frame;
  ck_assert (gst_video_info_from_caps (&info, gst_sample_get_caps (sample)));
  auto *buffer = gst_sample_get_buffer (sample);
  ck_assert (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  const auto *luma = static_cast<const std::uint8_t *> (GST_VIDEO_FRAME_PLANE_DATA (&frame, 0));
  const auto stride = GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);
  Seen out{read_number (luma, stride, info.height), GST_BUFFER_PTS (buffer), info.width,
      info.height, {}};
  for (int y = 0; with_luma && y < info.height; ++y)
    out.luma.insert (out.luma.end (), luma + y * stride, luma + y * stride + info.width);
  gst_video_frame_unmap (&frame);
  return out;
}

} // namespace

Scenery::Scenery (int width, int height)
    : width_ (width), height_ (height),
      clouds_ (make_clouds (2 * width, 2 * height, height / 3 / 4 * 4, 60, 1)),
      tint_ (make_clouds (width, height, height / 3 / 4 * 4, 30, 2))
{
}

void
Scenery::put_balls (std::uint8_t *luma, int number) const
{
  for (int ball = 0; ball < 3; ++ball) {
    const auto t = number * (0.03 + 0.02 * ball) + ball;
    const auto radius = height_ / 8.0;
    const auto cx = width_ * (0.5 + 0.4 * std::sin (t)),
               cy = height_ * (0.55 + 0.3 * std::cos (1.3 * t));
    const auto top = std::max (0, static_cast<int> (cy - radius)),
               bottom = std::min (height_, static_cast<int> (cy + radius));
    for (int y = top; y < bottom; ++y) {
      const auto half = std::sqrt (std::max (0.0, radius * radius - (y - cy) * (y - cy)));
      for (int x = std::max (0, static_cast<int> (cx - half));
           x < std::min (width_, static_cast<int> (cx + half)); ++x) {
        const auto r = std::hypot (x - cx + radius / 3, y - cy + radius / 3) / radius;
        luma[y * width_ + x] =
            static_cast<std::uint8_t> (std::clamp (210 - 60 * ball - 90 * r, 20., 230.));
      }
    }
  }
}

void
Scenery::put_number (std::uint8_t *luma, int number) const
{
  const auto square = square_of (height_);
  for (int bit = -2; bit < number_bits; ++bit) {
    const bool white = bit < 0 ? bit == -2 : (number >> (number_bits - 1 - bit) & 1) != 0;
    for (int y = 0; y < square; ++y)
      std::fill_n (luma + y * width_ + (bit + 2) * square, square, white ? 235 : 16);
  }
}

Ref<GstBuffer>
Scenery::frame (int number) const
{
  const auto pixels = static_cast<std::size_t> (width_) * static_cast<std::size_t> (height_);
  auto buffer = adopt (gst_buffer_new_allocate (nullptr, pixels * 3 / 2, nullptr));
  GstMapInfo map;
  ck_assert (gst_buffer_map (buffer.get (), &map, GST_MAP_WRITE));
  const auto x = number * 2 % (width_ / 2) * 2, y = number % (height_ / 2) * 2;
  copy_window (clouds_, 2 * width_, x, y, map.data, width_, height_);
  put_balls (map.data, number);
  put_number (map.data, number);
  for (int plane = 0; plane < 2; ++plane)
    copy_window (tint_, width_, x / 2, plane == 0 ? y / 2 : height_ / 2 - y / 2,
        map.data + pixels + static_cast<std::size_t> (plane) * pixels / 4, width_ / 2, height_ / 2);
  gst_buffer_unmap (buffer.get (), &map);
  return buffer;
}

Track
encode (const Scenery &scenery, int first, int count, int rate, const std::string &launch)
{
  const auto caps = adopt (gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "I420",
      "width", G_TYPE_INT, scenery.width (), "height", G_TYPE_INT, scenery.height (), "framerate",
      GST_TYPE_FRACTION, rate, 1, nullptr));
  std::vector<Ref<GstBuffer>> frames;
  for (int i = 0; i < count; ++i) {
    auto frame = scenery.frame (first + i);
    GST_BUFFER_PTS (frame.get ()) = gst_util_uint64_scale_int (GST_SECOND, i, rate);
    GST_BUFFER_DURATION (frame.get ()) = GST_SECOND / static_cast<guint> (rate);
    frames.push_back (std::move (frame));
  }
  Track out;
  GstClockTime start = GST_CLOCK_TIME_NONE;
  run_through (caps, frames, launch, [&] (GstSample *sample) {
    if (!out.caps)
      out.caps = share (gst_sample_get_caps (sample));
    auto *buffer = gst_sample_get_buffer (sample);
    start = MIN (start, GST_BUFFER_PTS (buffer));
    out.buffers.push_back (adopt (gst_buffer_copy (buffer)));
  });
  ck_assert_uint_eq (out.buffers.size (), static_cast<std::size_t> (count));
  // x264enc begins at a thousand hours; room for B-frames is kept.
  for (auto &buffer : out.buffers) {
    auto dts = GST_BUFFER_DTS_IS_VALID (buffer.get ()) ? GST_BUFFER_DTS (buffer.get ())
                                                       : GST_BUFFER_PTS (buffer.get ());
    GST_BUFFER_DTS (buffer.get ()) = dts + 200 * GST_MSECOND - start;
    GST_BUFFER_PTS (buffer.get ()) += 200 * GST_MSECOND - start;
  }
  return out;
}

std::vector<Seen>
decode (const Ref<GstCaps> &caps, const std::vector<Ref<GstBuffer>> &buffers, bool with_luma)
{
  std::vector<Seen> out;
  run_through (caps, buffers,
      decoder_of (caps.get ())
          + " ! videoconvert dither=none n-threads=1 ! video/x-raw,format=I420",
      [&] (GstSample *sample) { out.push_back (look (sample, with_luma)); });
  return out;
}

double
psnr (const Seen &a, const Seen &b)
{
  ck_assert_uint_eq (a.luma.size (), b.luma.size ());
  ck_assert (!a.luma.empty ());
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < a.luma.size (); ++i) {
    const auto d = a.luma[i] - b.luma[i];
    sum += static_cast<std::uint64_t> (d * d);
  }
  if (sum == 0)
    return 99;
  return 10
         * std::log10 (
             255.0 * 255 * static_cast<double> (a.luma.size ()) / static_cast<double> (sum));
}

Heard
decode_sound (const Ref<GstCaps> &caps, const std::vector<Ref<GstBuffer>> &buffers)
{
  Heard out;
  run_through (caps, buffers,
      decoder_of (caps.get ()) + " ! audioconvert ! audio/x-raw,format=F32LE,layout=interleaved",
      [&] (GstSample *sample) {
        GstAudioInfo info;
        GstMapInfo map;
        auto *buffer = gst_sample_get_buffer (sample);
        ck_assert (gst_audio_info_from_caps (&info, gst_sample_get_caps (sample)));
        if (!GST_CLOCK_TIME_IS_VALID (out.begin))
          out.begin = GST_BUFFER_PTS (buffer);
        out.channels = info.channels;
        out.rate = info.rate;
        const auto due = out.begin
                         + gst_util_uint64_scale_int (GST_SECOND,
                             static_cast<int> (out.samples.size ()) / info.channels, info.rate);
        out.gapless =
            out.gapless && distance (due, GST_BUFFER_PTS (buffer)) < GST_SECOND / info.rate;
        ck_assert (gst_buffer_map (buffer, &map, GST_MAP_READ));
        const auto *first = reinterpret_cast<const float *> (map.data);
        out.samples.insert (out.samples.end (), first, first + map.size / sizeof (float));
        gst_buffer_unmap (buffer, &map);
      });
  return out;
}

} // namespace stagedoor::test
