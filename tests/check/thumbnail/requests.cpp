// SPDX-License-Identifier: LGPL-2.1-or-later
// Who asks when, how often and how; and streams that mean no good.
#include <vector>

#include "tests/check/thumbnail/fixture.hpp"
#include "tests/unit/codecs/writer.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

Track
picture (const char *pattern = "smpte")
{
  return record (std::string ("videotestsrc num-buffers=1 pattern=") + pattern
                 + " ! video/x-raw,format=I420,width=320,height=180,framerate=30/1 ! x264enc "
                   "tune=zerolatency ! video/x-h264,stream-format=byte-stream,alignment=au");
}

std::string
header (const Response &response, const std::string &name)
{
  const auto at = response.head.find ("\r\n" + name + ": ");
  ck_assert_msg (at != std::string::npos, "no %s in %s", name.c_str (), response.head.c_str ());
  const auto begin = at + name.size () + 4;
  return response.head.substr (begin, response.head.find ("\r\n", begin) - begin);
}

void
assert_problem (const Response &response, int status, const char *text)
{
  ck_assert_int_eq (response.status, status);
  ck_assert (response.has ("application/problem+json"));
  ck_assert_msg (response.body.find (text) != std::string::npos, "%s", response.body.c_str ());
}

START_TEST (nobody_asks)
{
  Thumbnails thumbnails;
  for (int i = 0; i < 20; ++i)
    thumbnails.show (picture ());
  ck_assert_uint_eq (thumbnails.stat ("decoded"), 0);
}
END_TEST

START_TEST (caching)
{
  Thumbnails thumbnails;
  thumbnails.show (picture ());
  const auto first = thumbnails.ask ();
  ck_assert_int_eq (first.status, 200);
  const auto tag = header (first, "ETag");
  assert_text (header (first, "Cache-Control"), "public, max-age=5");
  const auto again = thumbnails.ask (".jpg", "If-None-Match: \"other\", " + tag + "\r\n");
  ck_assert_int_eq (again.status, 304);
  ck_assert (again.body.empty ());
  assert_text (header (again, "ETag"), tag);
  ck_assert_int_eq (thumbnails.ask (".jpg", "If-None-Match: \"other\"\r\n").status, 200);

  Client client (thumbnails.port ());
  client.send ("HEAD /t.jpg HTTP/1.1\r\nHost: test\r\n\r\n");
  const auto head = client.receive (false);
  ck_assert_int_eq (head.status, 200);
  assert_text (header (head, "Content-Length"), std::to_string (first.body.size ()));
  assert_text (header (head, "ETag"), tag);
}
END_TEST

START_TEST (other_methods_and_addresses)
{
  Thumbnails thumbnails;
  thumbnails.show (picture ());
  Client client (thumbnails.port ());
  const auto posted = client.ask (post ("/t.jpg", ""));
  ck_assert_int_eq (posted.status, 405);
  assert_text (header (posted, "Allow"), "GET, HEAD, OPTIONS");
  ck_assert_int_eq (client.ask ("OPTIONS /t.jpg HTTP/1.1\r\nHost: test\r\n\r\n").status, 204);
  for (const char *path : {"/t", "/t.png", "/t.jpg/", "/t.jpg/x", "/T.jpg", "/t.jpg%2f"})
    ck_assert_int_eq (Client (thumbnails.port ()).ask (get (path)).status, 404);
  ck_assert_uint_eq (thumbnails.stat ("decoded"), 0);
}
END_TEST

START_TEST (a_flood_decodes_once)
{
  constexpr int many = 200;
  Thumbnails thumbnails;
  thumbnails.show (picture ());
  std::vector<Client> clients;
  for (int i = 0; i < many; ++i) {
    clients.emplace_back (thumbnails.port ());
    clients.back ().send (get (i % 2 == 0 ? "/t.jpg" : "/t.webp"));
  }
  for (auto &client : clients)
    ck_assert_int_eq (client.receive ().status, 200);
  thumbnails.show (picture ("ball")); // the interval is not over
  ck_assert_int_eq (thumbnails.ask ().status, 200);
  ck_assert_uint_eq (thumbnails.stat ("decoded"), 1);
  ck_assert_uint_eq (thumbnails.stat ("requests"), many + 1);
}
END_TEST

START_TEST (a_new_picture_after_the_interval)
{
  Thumbnails thumbnails;
  g_object_set (thumbnails.element (), "interval", 1u, nullptr);
  thumbnails.show (picture ());
  const auto begin = g_get_monotonic_time ();
  const auto first = header (thumbnails.ask (), "ETag");
  thumbnails.show (picture ("ball"));
  wait_for ([&] { return header (thumbnails.ask (), "ETag") != first; });
  ck_assert_int_ge (g_get_monotonic_time () - begin, G_USEC_PER_SEC);
  ck_assert_uint_eq (thumbnails.stat ("decoded"), 2);
  // Without a new key frame there is nothing to make, however old it is.
  const auto second = g_get_monotonic_time ();
  wait_for ([&] { return g_get_monotonic_time () > second + 1100 * G_TIME_SPAN_MILLISECOND; });
  ck_assert_int_eq (thumbnails.ask ().status, 200);
  ck_assert_uint_eq (thumbnails.stat ("decoded"), 2);
}
END_TEST

START_TEST (no_stream)
{
  Thumbnails thumbnails;
  assert_problem (thumbnails.ask (), 404, "there is no picture of this stream yet");
  thumbnails.show (picture ());
  ck_assert_int_eq (thumbnails.ask ().status, 200);
  thumbnails.push (gst_event_new_eos ());
  assert_problem (thumbnails.ask (), 404, "no picture");
  thumbnails.set_state (GST_STATE_READY);
  assert_problem (thumbnails.ask (), 404, "no picture");
  thumbnails.set_state (GST_STATE_NULL);
  assert_problem (thumbnails.ask (), 404, "nothing at this address");
}
END_TEST

/** Who joins in the middle of a group of pictures has nothing to show yet. */
START_TEST (only_delta_frames)
{
  Thumbnails thumbnails;
  auto track = picture ();
  track.buffers = {adopt (gst_buffer_copy (track.buffers.front ().get ()))};
  GST_BUFFER_FLAG_SET (track.buffers.front ().get (), GST_BUFFER_FLAG_DELTA_UNIT);
  thumbnails.show (track);
  assert_problem (thumbnails.ask (), 404, "no picture");
}
END_TEST

Bytes
bytes_of (const Track &track)
{
  GstMapInfo map;
  ck_assert (gst_buffer_map (track.buffers.front ().get (), &map, GST_MAP_READ));
  Bytes out (map.data, map.data + map.size);
  gst_buffer_unmap (track.buffers.front ().get (), &map);
  return out;
}

/** Too large a picture, by a parameter set that the caps say nothing of. */
Bytes
huge_h264 ()
{
  Bytes out{0, 0, 0, 1};
  const auto sps = write_h264 ({.width = 1024, .height = 1024});
  out.insert (out.end (), sps.begin (), sps.end ());
  const auto rest = bytes_of (picture ());
  out.insert (out.end (), rest.begin (), rest.end ());
  return out;
}

START_TEST (bad_key_frames)
{
  const auto good = picture ();
  const auto whole = bytes_of (good);
  Bytes garbage (5000);
  for (std::size_t i = 0; i < garbage.size (); ++i)
    garbage[i] = static_cast<std::uint8_t> (i * i * 31 + i);
  auto framed = garbage;
  for (std::size_t i = 0; i < 5; ++i)
    framed[i] = Bytes{0, 0, 0, 1, 0x65}[i];
  for (const auto &bad : {Bytes{}, Bytes{0}, Bytes{0, 0, 1}, garbage, framed, huge_h264 (),
           Bytes (whole.begin (), whole.begin () + 60)}) {
    Thumbnails thumbnails;
    thumbnails.show (good.caps, bad);
    for (int i = 0; i < 20; ++i)
      assert_problem (thumbnails.ask (i % 2 == 0 ? ".jpg" : ".webp"), 503, "detail");
    ck_assert_uint_eq (thumbnails.stat ("failed"), 1);
    ck_assert_uint_eq (thumbnails.stat ("decoded"), 0);
  }
}
END_TEST

START_TEST (bad_key_frames_of_other_codecs)
{
  const auto vp8 = record ("videotestsrc num-buffers=1 ! video/x-raw,width=64,height=64 ! vp8enc");
  const auto vp9 = record ("videotestsrc num-buffers=1 ! video/x-raw,width=64,height=64 ! vp9enc");
  for (const auto &track : {vp8, vp9}) {
    auto huge = bytes_of (track);
    if (&track == &vp8
        || gst_structure_has_name (gst_caps_get_structure (track.caps.get (), 0), "video/x-vp8"))
      for (std::size_t at = 6; at < 10; ++at)
        huge[at] = 0xff;
    else
      huge[5] = huge[6] = huge[7] = huge[8] = 0xff;
    for (const auto &bad : {Bytes{}, Bytes (100, 0xff), huge}) {
      Thumbnails thumbnails;
      thumbnails.show (track.caps, bad);
      ck_assert_int_eq (thumbnails.ask ().status, 503);
    }
  }
}
END_TEST

START_TEST (recovery)
{
  Thumbnails thumbnails;
  g_object_set (thumbnails.element (), "interval", 1u, nullptr);
  const auto good = picture ();
  thumbnails.show (good.caps, {1, 2, 3});
  const auto refused = thumbnails.ask ();
  ck_assert_int_eq (refused.status, 503);
  assert_text (header (refused, "Retry-After"), "1");
  thumbnails.show (good);
  wait_for ([&] { return thumbnails.ask ().status == 200; });
}
END_TEST

START_TEST (settings)
{
  for (const char *bad : {"path=thumbnail", "path=/x/", "http-address=nowhere:x"}) {
    const auto element = Ref<GstElement>::sink (
        gst_parse_launch ((std::string ("stagethumbnailsink ") + bad).c_str (), nullptr));
    ck_assert_msg (
        gst_element_set_state (element.get (), GST_STATE_READY) == GST_STATE_CHANGE_FAILURE, "%s",
        bad);
    gst_element_set_state (element.get (), GST_STATE_NULL);
  }
}
END_TEST

/** Its end comes, with and without a picture in it. */
START_TEST (the_end_of_a_pipeline)
{
  for (const char *launch : {"audiotestsrc num-buffers=5 ! fakesink stagethumbnailsink name=t",
           "videotestsrc num-buffers=5 ! video/x-raw,width=64,height=64 ! x264enc ! "
           "stagethumbnailsink name=t"}) {
    const auto pipeline = Ref<GstElement>::sink (gst_parse_launch (launch, nullptr));
    const auto sink = adopt (gst_bin_get_by_name (GST_BIN (pipeline.get ()), "t"));
    g_object_set (sink.get (), "http-address", "127.0.0.1:0", nullptr);
    const auto bus = adopt (gst_element_get_bus (pipeline.get ()));
    gst_element_set_state (pipeline.get (), GST_STATE_PLAYING);
    const auto message = adopt (gst_bus_timed_pop_filtered (bus.get (), 20 * GST_SECOND,
        static_cast<GstMessageType> (GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
    ck_assert_msg (message && GST_MESSAGE_TYPE (message.get ()) == GST_MESSAGE_EOS, "%s", launch);
    gst_element_set_state (pipeline.get (), GST_STATE_NULL);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("thumbnail-requests",
      {nobody_asks, caching, other_methods_and_addresses, a_flood_decodes_once,
          a_new_picture_after_the_interval, no_stream, only_delta_frames, bad_key_frames,
          bad_key_frames_of_other_codecs, recovery, settings, the_end_of_a_pipeline});
}
