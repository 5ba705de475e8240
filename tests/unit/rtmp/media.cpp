// SPDX-License-Identifier: LGPL-2.1-or-later
// What a live publisher sends: media, aggregates, metadata, pings and acknowledgement windows.
#include <limits>

#include "libs/rtmp/ack_window.hpp"
#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

const MediaTag &
tag (const Live &live, std::size_t i)
{
  ck_assert_uint_lt (i, live.events.size ());
  const auto *found = std::get_if<MediaTag> (&live.events[i]);
  ck_assert (found);
  return *found;
}

Bytes
flv_tag (std::uint8_t type, std::uint32_t stamp, const Bytes &body)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (type);
  writer.u24 (static_cast<std::uint32_t> (body.size ()));
  writer.u24 (stamp & 0xffffff);
  writer.u8 (static_cast<std::uint8_t> (stamp >> 24));
  writer.u24 (0);
  writer.bytes (body);
  writer.u32 (static_cast<std::uint32_t> (body.size () + 11));
  return out;
}

Bytes
metadata_body (bool set_data_frame)
{
  Bytes body;
  AmfWriter amf (body);
  if (set_data_frame)
    amf.string ("@setDataFrame");
  amf.string ("onMetaData").begin_object ();
  amf.name ("width").number (1280).name ("height").number (720).name ("framerate").number (30);
  amf.name ("videodatarate").number (2500).name ("audiodatarate").number (160);
  amf.name ("encoder").string ("obs\n\x1b[31m " + std::string (200, 'x')).end_object ();
  return body;
}

void
check_metadata (const Event &event)
{
  const auto *metadata = std::get_if<Metadata> (&event);
  ck_assert (metadata);
  ck_assert_double_eq (metadata->width, 1280);
  ck_assert_double_eq (metadata->height, 720);
  ck_assert_double_eq (metadata->framerate, 30);
  ck_assert_double_eq (metadata->video_kbps, 2500);
  ck_assert_double_eq (metadata->audio_kbps, 160);
  ck_assert_uint_le (metadata->encoder.size (), 128);
  ck_assert (metadata->encoder.starts_with ("obs[31m xxx"));
}

} // namespace

START_TEST (test_tags)
{
  Live live;
  live.publish ();
  ck_assert (live.feed (message (type::video, {0x17, 1}, 40)));
  ck_assert (live.feed (message (type::audio, {0xaf, 1}, 0xfffffff0)));
  ck_assert (live.feed (message (type::video, {}, 50))); // says nothing
  ck_assert_uint_eq (live.events.size (), 2);
  ck_assert (tag (live, 0).kind == MediaTag::Kind::video);
  ck_assert_uint_eq (tag (live, 0).timestamp, 40);
  ck_assert (*tag (live, 0).body == (Bytes{0x17, 1}));
  ck_assert (tag (live, 1).kind == MediaTag::Kind::audio);
  ck_assert_uint_eq (tag (live, 1).timestamp, 0xfffffff0);
}
END_TEST

START_TEST (test_aggregate)
{
  Live live;
  live.publish ();
  auto body = flv_tag (8, 0xffffff, {1});
  body += flv_tag (9, 0x1000014, {2, 2});
  body += flv_tag (18, 0x1000014, metadata_body (false));
  body += flv_tag (77, 0x1000014, {3});
  body += flv_tag (9, 0x1000000, {3});
  ck_assert (live.feed (message (type::aggregate, body, 5000)));
  ck_assert_uint_eq (live.events.size (), 4);
  ck_assert (tag (live, 0).kind == MediaTag::Kind::audio);
  ck_assert_uint_eq (tag (live, 0).timestamp, 5000);
  ck_assert_uint_eq (tag (live, 1).timestamp, 5021);
  ck_assert (*tag (live, 1).body == (Bytes{2, 2}));
  check_metadata (live.events[2]);
  ck_assert_uint_eq (tag (live, 3).timestamp, 5001);
}
END_TEST

START_TEST (test_broken_aggregates)
{
  auto body = flv_tag (9, 0, {1, 2, 3});
  body += flv_tag (8, 1, {4});
  const std::size_t without_last_pointer = body.size () - 4;
  for (std::size_t size = 1; size < body.size (); ++size) {
    Live live;
    live.publish ();
    const Bytes cut (body.begin (), body.begin () + size);
    const bool ok = live.feed (message (type::aggregate, cut));
    ck_assert_int_eq (ok, size == 14 || size == 18 || size == without_last_pointer);
    if (!ok)
      ck_assert (mentions (live.error, "aggregate"));
  }
  Bytes many;
  for (int i = 0; i < 4097; ++i)
    many += flv_tag (9, 0, {});
  Live live;
  live.publish ();
  ck_assert (!live.feed (message (type::aggregate, many)));
  ck_assert (mentions (live.error, "bound of 4096"));
}
END_TEST

START_TEST (test_metadata)
{
  for (const bool set_data_frame : {true, false}) {
    Live live;
    live.publish ();
    ck_assert (live.feed (message (type::data_amf0, metadata_body (set_data_frame))));
    auto wrapped = Bytes{0};
    wrapped += metadata_body (set_data_frame);
    ck_assert (live.feed (message (type::data_amf3, wrapped)));
    ck_assert_uint_eq (live.events.size (), 2);
    check_metadata (live.events[0]);
    check_metadata (live.events[1]);
  }
}
END_TEST

START_TEST (test_metadata_that_make_no_sense)
{
  Live live;
  live.publish ();
  Bytes body;
  AmfWriter amf (body);
  amf.string ("onMetaData").begin_object ();
  amf.name ("width").number (std::numeric_limits<double>::quiet_NaN ());
  amf.name ("height").number (std::numeric_limits<double>::infinity ());
  amf.name ("framerate").string ("30").name ("encoder").number (4).end_object ();
  ck_assert (live.feed (message (type::data_amf0, body)));
  const auto &metadata = std::get<Metadata> (live.events.at (0));
  ck_assert_double_eq (metadata.width, 0);
  ck_assert_double_eq (metadata.height, 0);
  ck_assert_double_eq (metadata.framerate, 0);
  ck_assert_str_eq (metadata.encoder.c_str (), "");
}
END_TEST

START_TEST (test_other_data)
{
  Live live;
  live.publish ();
  for (const auto *name : {"onTextData", "@clearDataFrame", "@setDataFrame", "onMetaData"}) {
    Bytes body;
    AmfWriter (body).string (name);
    ck_assert (live.feed (message (type::data_amf0, body)));
  }
  auto cut = metadata_body (true);
  cut.resize (40);
  ck_assert (live.feed (message (type::data_amf0, cut))); // no reason to end a stream
  ck_assert (live.feed (message (type::data_amf0, {})));
  ck_assert (live.events.empty ());
}
END_TEST

START_TEST (test_ping)
{
  Live live;
  live.publish ();
  ck_assert (live.feed (message (type::user_control, {0, 6, 1, 2, 3, 4})));
  ck_assert (live.feed (message (type::user_control, {0, 3, 0, 0, 0, 1, 0, 0, 1, 0})));
  const auto answers = live.output ();
  ck_assert_uint_eq (answers.size (), 1);
  ck_assert_uint_eq (answers[0].type, type::user_control);
  ck_assert (answers[0].body == (Bytes{0, 7, 1, 2, 3, 4}));
}
END_TEST

START_TEST (test_abort)
{
  Live live;
  live.publish ();
  auto begun = message (type::video, Bytes (200, 1));
  begun.resize (12 + 128);
  ck_assert (live.feed (begun));
  ck_assert (live.feed (message (type::abort, u32_body (4), 0, 128, 2)));
  ck_assert (live.feed (message (type::video, {7})));
  ck_assert_uint_eq (live.events.size (), 1);
  ck_assert (*tag (live, 0).body == Bytes{7});
}
END_TEST

START_TEST (test_acknowledgements)
{
  Live live;
  live.publish ();
  ck_assert (live.feed (message (type::window_size, u32_body (10'000))));
  ck_assert (live.feed (message (type::set_chunk_size, u32_body (65536))));
  std::uint32_t last = 0;
  int count = 0;
  for (int i = 0; i < 100; ++i) {
    ck_assert (live.feed (message (type::video, Bytes (1000, 1), 0, 65536)));
    for (const auto &answer : live.output ()) {
      ck_assert_uint_eq (answer.type, type::acknowledgement);
      const auto received = Reader (answer.body).u32 ();
      ck_assert_uint_ge (received - last, 10'000);
      ck_assert_uint_lt (received - last, 10'000 + 1100);
      last = received;
      ++count;
    }
  }
  ck_assert_int_ge (count, 9);
}
END_TEST

START_TEST (test_tiny_window)
{
  Live live;
  live.publish ();
  ck_assert (live.feed (message (type::window_size, u32_body (0))));
  for (int i = 0; i < 100; ++i)
    ck_assert (live.feed (message (type::video, {1})));
  ck_assert_uint_le (live.output ().size (), 1);
}
END_TEST

START_TEST (test_window_wraps)
{
  AckWindow window;
  std::uint32_t last = 0;
  for (std::uint64_t total = 0; total < 9'000'000'000; total += 60'000) {
    window.receive (60'000);
    const auto received = window.due ();
    ck_assert (!received || *received == static_cast<std::uint32_t> (total + 60'000));
    if (received) {
      ck_assert_uint_ge (*received - last, default_window);
      last = *received;
    }
    ck_assert_uint_lt (static_cast<std::uint32_t> (total + 60'000) - last, default_window);
  }
}
END_TEST

int
main ()
{
  return test::run (
      "rtmp-media", {test_tags, test_aggregate, test_broken_aggregates, test_metadata,
                        test_metadata_that_make_no_sense, test_other_data, test_ping, test_abort,
                        test_acknowledgements, test_tiny_window, test_window_wraps});
}
