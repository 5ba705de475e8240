// SPDX-License-Identifier: LGPL-2.1-or-later
// When a source is passed on, when only repacked, and when its key frames are too far apart.
#include "libs/codecs/nal.hpp"
#include "tests/check/transcode/scenery.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *passed = "passed through";

std::string
x264 (const char *form, const char *settings = "bframes=0", const char *profile = "high")
{
  return std::string ("x264enc speed-preset=ultrafast key-int-max=10 ") + settings
         + " ! video/x-h264,profile=" + profile
         + " ! h264parse ! video/x-h264,alignment=au,stream-format=" + form;
}

std::string
x265 (const char *form)
{
  return std::string (
             "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=10 ! h265parse ! "
             "video/x-h265,alignment=au,stream-format=")
         + form;
}

const Scenery &
scenery ()
{
  static const Scenery small (160, 90);
  return small;
}

/** One source and one peer. */
struct Pair
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video", false};
  Ref<GstPad> pad = transcoder.request ("video_%u");
  Peer peer;

  explicit Pair (const std::string &caps) : peer (caps) { peer.link (pad.get ()); }
  ~Pair ()
  {
    peer.unlink ();
    gst_pad_set_active (peer.pad (), FALSE);
  }
  Pair (const Pair &) = delete;
  Pair &operator= (const Pair &) = delete;

  void play (const Track &track)
  {
    ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
    feed.push (gst_event_new_eos ());
    peer.wait_for_eos ();
    ck_assert_uint_eq (transcoder.errors (), 0);
  }
  std::string decision () const { return decision_of (pad.get ()); }
  Ref<GstCaps> caps () const { return adopt (gst_pad_get_current_caps (peer.pad ())); }
};

void
assert_all_shown (const Pair &pair, std::size_t count)
{
  const auto seen = decode (pair.caps (), pair.peer.buffers ());
  ck_assert_uint_eq (seen.size (), count);
  for (std::size_t i = 0; i < count; ++i)
    ck_assert_int_eq (seen[i].number, static_cast<int> (i));
}

/** Types of the NAL units of a byte stream. */
std::vector<int>
units_of (const Ref<GstBuffer> &buffer, bool h264 = true)
{
  GstMapInfo map;
  std::vector<int> out;
  ck_assert (gst_buffer_map (buffer.get (), &map, GST_MAP_READ));
  codecs::ByteStreamReader stream (ByteView (map.data, map.size));
  for (auto nal = stream.next (); !nal.empty (); nal = stream.next ())
    out.push_back (h264 ? nal[0] & 31 : nal[0] >> 1 & 63);
  gst_buffer_unmap (buffer.get (), &map);
  return out;
}

bool
has (const std::vector<int> &units, int type)
{
  return std::find (units.begin (), units.end (), type) != units.end ();
}

START_TEST (lengths_become_start_codes)
{
  const auto track = encode (scenery (), 0, 25, 30, x264 ("avc", "bframes=2 b-adapt=false"));
  Pair pair ("video/x-h264,stream-format=byte-stream");
  pair.play (track);
  assert_text (pair.decision (),
      "repacked, because the peer does not take video/x-h264 (stream-format avc)");
  ck_assert_uint_eq (pair.transcoder.children (), 0);
  assert_all_shown (pair, 25);
  for (const auto &buffer : pair.peer.buffers ()) {
    const auto units = units_of (buffer);
    const bool key = !GST_BUFFER_FLAG_IS_SET (buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
    ck_assert (has (units, 7) == key && has (units, 8) == key);
    ck_assert (!has (units, 9));
  }
  ck_assert (
      !gst_structure_has_field (gst_caps_get_structure (pair.caps ().get (), 0), "codec_data"));
}
END_TEST

START_TEST (start_codes_become_lengths)
{
  const auto track = encode (scenery (), 0, 25, 30, x264 ("byte-stream", "bframes=0 aud=true"));
  ck_assert (has (units_of (track.buffers[3]), 9));
  Pair pair ("video/x-h264,stream-format=avc");
  pair.play (track);
  assert_text (pair.decision (),
      "repacked, because the peer does not take video/x-h264 (stream-format byte-stream)");
  const auto *fields = gst_caps_get_structure (pair.caps ().get (), 0);
  ck_assert (gst_structure_has_field (fields, "codec_data"));
  assert_all_shown (pair, 25);
  const auto delta = pair.peer.buffers ()[3];
  std::array<guint8, 5> first{};
  ck_assert_uint_eq (gst_buffer_extract (delta.get (), 0, first.data (), 5), 5);
  ck_assert_int_ne (first[4] & 31, 9);
}
END_TEST

/** Nothing is sent before the peer can be told what comes. */
START_TEST (start_codes_from_the_middle)
{
  auto track = encode (scenery (), 0, 25, 30, x264 ("byte-stream"));
  track.buffers.erase (track.buffers.begin (), track.buffers.begin () + 4);
  Pair pair ("video/x-h264,stream-format=avc");
  pair.play (track);
  ck_assert_uint_eq (pair.peer.count (), 15); // from picture 10 on
  ck_assert (!GST_BUFFER_FLAG_IS_SET (pair.peer.buffers ()[0].get (), GST_BUFFER_FLAG_DELTA_UNIT));
}
END_TEST

START_TEST (hevc_both_ways)
{
  for (const auto &[from, to] :
      {std::pair ("hvc1", "byte-stream"), {"byte-stream", "hvc1"}, {"hev1", "hvc1"}}) {
    const auto track = encode (scenery (), 0, 15, 30, x265 (from));
    Pair pair (std::string ("video/x-h265,stream-format=") + to);
    pair.play (track);
    assert_text (pair.decision (),
        std::string ("repacked, because the peer does not take video/x-h265 (stream-format ") + from
            + ")");
    assert_all_shown (pair, 15);
  }
}
END_TEST

START_TEST (key_frames_without_parameter_sets)
{
  auto track = encode (scenery (), 0, 35, 30, x264 ("byte-stream"));
  for (std::size_t i = 1; i < track.buffers.size (); ++i) {
    if (GST_BUFFER_FLAG_IS_SET (track.buffers[i].get (), GST_BUFFER_FLAG_DELTA_UNIT))
      continue;
    GstMapInfo map;
    ck_assert (gst_buffer_map (track.buffers[i].get (), &map, GST_MAP_READ));
    codecs::ByteStreamReader stream (ByteView (map.data, map.size));
    std::string bare;
    for (auto nal = stream.next (); !nal.empty (); nal = stream.next ())
      if ((nal[0] & 31) == 5)
        bare += std::string ("\0\0\0\1", 4) + std::string (nal.begin (), nal.end ());
    gst_buffer_unmap (track.buffers[i].get (), &map);
    auto fresh = adopt (gst_buffer_new_memdup (bare.data (), bare.size ()));
    gst_buffer_copy_into (fresh.get (), track.buffers[i].get (), GST_BUFFER_COPY_METADATA, 0, -1);
    track.buffers[i] = std::move (fresh);
  }
  Pair pair ("video/x-h264,stream-format=byte-stream");
  pair.play (track);
  assert_text (
      pair.decision (), "repacked, because the source's key frames lack their parameter sets");
  ck_assert_uint_eq (pair.peer.count (), 35);
  ck_assert (has (units_of (pair.peer.buffers ()[30]), 7));
  ck_assert (!has (units_of (pair.peer.buffers ()[31]), 7));
}
END_TEST

START_TEST (no_more_than_needed)
{
  const auto track = encode (scenery (), 0, 25, 30, x264 ("avc", "bframes=2 b-adapt=false"));
  Pair both ("video/x-h264,stream-format={avc,byte-stream}"),
      neither ("video/x-h264,stream-format="
               "byte-stream,b-frames=(boolean)false");
  both.play (track);
  assert_text (both.decision (), passed);
  ck_assert_ptr_eq (both.peer.buffers ()[7].get (), track.buffers[7].get ());
  neither.play (track);
  assert_text (neither.decision (),
      "transcoding, because the source has B-frames (composition offset 66 ms)");
  assert_all_shown (neither, 25);
}
END_TEST

/** Caps of a byte stream needn't say what is in it. */
START_TEST (a_profile_that_only_the_stream_tells)
{
  for (const auto &[profile, format, expected] :
      {std::tuple ("high-10", "I420_10LE",
           "transcoding, because the peer does not take video/x-h264 (profile high-10)"),
          {"high-4:2:2", "Y42B",
              "transcoding, because the peer does not take video/x-h264 (profile high-4:2:2)"},
          {"high-4:4:4", "Y444",
              "transcoding, because the peer does not take video/x-h264 (profile high-4:4:4)"},
          {"high", "I420", passed}}) {
    auto track = encode (scenery (), 0, 12, 30,
        std::string ("videoconvert ! video/x-raw,format=") + format + " ! "
            + x264 ("byte-stream", "bframes=0", profile));
    track.caps = adopt (gst_caps_from_string (
        "video/x-h264,stream-format=byte-stream,alignment=au,width=160,height=90,framerate=30/1"));
    Pair pair ("video/x-h264,profile=(string){constrained-baseline,main,high}");
    pair.play (track);
    assert_text (pair.decision (), expected);
    assert_all_shown (pair, 12);
  }
}
END_TEST

/** Plays @p track's group of ten pictures again and again, as if they were @p apart. */
struct Endless
{
  Feed &feed;
  const Track &track;
  GstClockTime time = GST_SECOND;

  void group (GstClockTime apart)
  {
    for (std::size_t i = 0; i < 10; ++i) {
      auto copy = adopt (gst_buffer_copy (track.buffers[i].get ()));
      GST_BUFFER_PTS (copy.get ()) = GST_BUFFER_DTS (copy.get ()) = time;
      ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
      time += apart;
    }
  }
};

constexpr const char *too_far =
    "transcoding, because the source's key frames are further apart than 3 s";

START_TEST (key_frames_too_far_apart)
{
  const auto track = encode (scenery (), 0, 10, 30, x264 ("avc"));
  for (const bool by_caps : {true, false}) {
    Pair pair (by_caps ? "video/x-h264,max-key-frame-distance=(int)3000" : "video/x-h264");
    if (!by_caps)
      g_object_set (pair.pad.get (), "max-key-frame-distance", 3000, nullptr);
    pair.feed.start (track.caps.get ());
    Endless source{pair.feed, track};
    for (int i = 0; i < 5; ++i)
      source.group (300 * GST_MSECOND);
    assert_text (pair.decision (), passed);
    source.group (GST_SECOND);
    assert_text (pair.decision (), too_far);
    for (int i = 0; i < 5; ++i)
      source.group (100 * GST_MSECOND);
    assert_text (pair.decision (), too_far); // not yet believed
    for (int i = 0; i < 100; ++i)
      source.group (100 * GST_MSECOND);
    assert_text (pair.decision (), passed);
  }
}
END_TEST

START_TEST (key_frames_are_nobody_s_business)
{
  const auto track = encode (scenery (), 0, 10, 30, x264 ("avc"));
  Pair pair ("video/x-h264,max-key-frame-distance=(int)3000;video/x-h264");
  pair.feed.start (track.caps.get ());
  Endless source{pair.feed, track};
  for (int i = 0; i < 5; ++i)
    source.group (GST_SECOND);
  assert_text (pair.decision (), passed);
  g_object_set (pair.pad.get (), "rendition", "key=3000", nullptr);
  source.group (GST_SECOND);
  assert_text (pair.decision (), too_far);
}
END_TEST

START_TEST (broken_units)
{
  const auto track = encode (scenery (), 0, 20, 30, x264 ("avc"));
  for (const guint8 fill : {0x00, 0xff, 0x01}) {
    Pair pair ("video/x-h264,stream-format=byte-stream");
    pair.feed.start (track.caps.get ());
    for (std::size_t i = 0; i < track.buffers.size (); ++i) {
      auto copy = adopt (gst_buffer_copy_deep (track.buffers[i].get ()));
      if (i % 3 == 0)
        gst_buffer_memset (copy.get (), i % 2 * 4, fill, 6);
      if (i % 7 == 0)
        gst_buffer_set_size (copy.get (), static_cast<gssize> (i % 5));
      ck_assert_int_eq (pair.feed.push (copy), GST_FLOW_OK);
    }
    ck_assert_uint_eq (pair.transcoder.errors (), 0);
  }
  for (const char *caps : {"video/x-h264,stream-format=avc,alignment=au",
           "video/x-h264,stream-format=avc,alignment=au,codec_data=(buffer)01",
           "video/x-h265,stream-format=hvc1,alignment=au,codec_data=(buffer)ffffffff"}) {
    Pair pair ("video/x-h264,stream-format=byte-stream");
    pair.feed.start (adopt (gst_caps_from_string (caps)).get ());
    for (const auto &buffer : track.buffers)
      ck_assert_int_eq (pair.feed.push (buffer), GST_FLOW_OK);
    ck_assert_uint_eq (pair.transcoder.errors (), 0);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-decide",
      {lengths_become_start_codes, start_codes_become_lengths, start_codes_from_the_middle,
          hevc_both_ways, key_frames_without_parameter_sets, no_more_than_needed,
          a_profile_that_only_the_stream_tells, key_frames_too_far_apart,
          key_frames_are_nobody_s_business, broken_units});
}
