// SPDX-License-Identifier: LGPL-2.1-or-later
// What ffmpeg 5.1, librtmp and GStreamer's rtmp2sink really sent, cut at every byte: the events and
// the answers are the same.
#include <fstream>
#include <functional>
#include <iterator>

#include "libs/media/timeline.hpp"
#include "libs/rtmp/flv.hpp"
#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using media::Timeline;
using namespace stagedoor::test;

namespace {

const Bytes &
recording ()
{
  static const Bytes bytes = [] {
    std::ifstream file (getenv ("RTMP_FIXTURE"), std::ios::binary);
    return Bytes (std::istreambuf_iterator<char> (file), {});
  }();
  ck_assert_uint_gt (bytes.size (), handshake_size);
  return bytes;
}

/** A line for each event. */
struct Describe
{
  std::string operator() (const PublishRequest &request) const
  {
    return "publish " + request.app + " " + request.stream + " " + request.query + " "
           + request.url;
  }
  std::string operator() (const MediaTag &tag) const
  {
    return std::to_string (static_cast<int> (tag.kind)) + " " + std::to_string (tag.timestamp) + " "
           + std::to_string (std::hash<std::string_view>{}(text (*tag.body)));
  }
  std::string operator() (const Metadata &metadata) const { return "metadata " + metadata.encoder; }
  std::string operator() (const Unpublished &) const { return "unpublished"; }
};

struct Outcome
{
  std::vector<std::string> events;
  Bytes output;
  bool operator== (const Outcome &) const = default;
};

class Replay
{
public:
  void feed (ByteView bytes)
  {
    std::vector<Event> events;
    ck_assert (session_.feed (bytes, events).has_value ());
    if (!events.empty () && std::holds_alternative<PublishRequest> (events.back ())) {
      session_.accept_publish ();
      ck_assert (session_.feed ({}, events).has_value ());
    }
    for (const auto &event : events)
      outcome_.events.push_back (std::visit (Describe{}, event));
    outcome_.output += session_.take_output ();
    std::ranges::move (events, std::back_inserter (events_));
  }
  const Outcome &outcome () const { return outcome_; }
  const std::vector<Event> &events () const { return events_; }

private:
  ServerSession session_{7};
  Outcome outcome_;
  std::vector<Event> events_;
};

Outcome
whole ()
{
  Replay replay;
  replay.feed (recording ());
  return replay.outcome ();
}

} // namespace

START_TEST (test_every_split)
{
  const auto expected = whole ();
  const auto bytes = ByteView (recording ());
  for (std::size_t at = 1; at < bytes.size (); ++at) {
    Replay replay;
    replay.feed (bytes.first (at));
    replay.feed (bytes.subspan (at));
    ck_assert_msg (replay.outcome () == expected, "split at %zu", at);
  }
}
END_TEST

START_TEST (test_byte_by_byte)
{
  Replay replay;
  for (const auto &byte : recording ())
    replay.feed ({&byte, 1});
  ck_assert (replay.outcome () == whole ());
}
END_TEST

START_TEST (test_every_prefix_ends_quietly)
{
  const auto bytes = ByteView (recording ());
  const auto expected = whole ().events;
  for (std::size_t size = 0; size < bytes.size (); size += 97) {
    Replay replay;
    replay.feed (bytes.first (size));
    const auto &events = replay.outcome ().events;
    ck_assert (std::equal (events.begin (), events.end (), expected.begin ()));
  }
}
END_TEST

START_TEST (test_what_was_sent)
{
  Replay replay;
  replay.feed (recording ());
  const auto &events = replay.events ();
  const auto *request = std::get_if<PublishRequest> (&events.at (0));
  ck_assert (request);
  ck_assert_str_eq (request->app.c_str (), "live");
  ck_assert_str_eq (request->stream.c_str (), "demo");
  ck_assert (mentions (request->query, "key=made-up"));
  ck_assert (request->url.starts_with ("rtmp://127.0.0.1:"));
  ck_assert (request->url.ends_with ("/live/demo?" + request->query));
  const auto *metadata = std::get_if<Metadata> (&events.at (1));
  ck_assert (metadata);
  ck_assert_double_eq (metadata->width, 64);
  ck_assert_double_eq (metadata->height, 48);
  ck_assert_double_eq (metadata->framerate, 10);
  ck_assert (std::holds_alternative<Unpublished> (events.back ()));
}
END_TEST

START_TEST (test_media_parse)
{
  Replay replay;
  replay.feed (recording ());
  int setups = 0, frames[2] = {};
  std::int64_t last[2] = {};
  Timeline timeline (media::rtmp_clock);
  for (const auto &event : replay.events ()) {
    const auto *tag = std::get_if<MediaTag> (&event);
    if (!tag)
      continue;
    const bool video = tag->kind == MediaTag::Kind::video;
    const auto track = video ? Timeline::Track::video : Timeline::Track::audio;
    const auto stamp = timeline.map (track, tag->timestamp);
    ck_assert_int_ge (stamp.dts_ns, last[video]);
    last[video] = stamp.dts_ns;
    if (video) {
      const auto parsed = parse_video_tag (*tag->body).value ();
      ck_assert (parsed.codec == VideoCodec::h264);
      setups += parsed.type == VideoTag::Type::sequence_start;
      frames[video] += parsed.type == VideoTag::Type::coded_frames;
    } else {
      const auto parsed = parse_audio_tag (*tag->body).value ();
      ck_assert (parsed.codec == AudioCodec::aac);
      setups += parsed.type == AudioTag::Type::sequence_start;
      frames[video] += parsed.type == AudioTag::Type::coded_frames;
    }
  }
  ck_assert_int_ge (setups, 2);
  ck_assert_int_gt (frames[0], 10);
  ck_assert_int_gt (frames[1], 5);
  ck_assert_int_lt (last[1], 2'000'000'000);
}
END_TEST

int
main ()
{
  return test::run (
      "rtmp-replay", {test_every_split, test_byte_by_byte, test_every_prefix_ends_quietly,
                         test_what_was_sent, test_media_parse});
}
