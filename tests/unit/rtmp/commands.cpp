// SPDX-License-Identifier: LGPL-2.1-or-later
// The conversation of a publisher: what is answered, in which words, and what ends it.
#include "tests/unit/rtmp/client.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

/** Connected, with nothing left to read. */
void
connect (Live &live)
{
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (connect_command ("live", "rtmp://h/live")));
  (void)live.output (handshake_size);
}

const Amf &
status_of (const std::vector<Answer> &answers)
{
  const auto *answer = find_command (answers, "onStatus", 0);
  ck_assert (answer);
  ck_assert_uint_eq (answer->stream_id, 1);
  return answer->info ();
}

void
check_status (const Amf &info, const char *level, const char *code)
{
  ck_assert_str_eq (info.member ("level").string.c_str (), level);
  ck_assert_str_eq (info.member ("code").string.c_str (), code);
  ck_assert_uint_gt (info.member ("description").string.size (), 0);
}

Bytes
enhanced_connect ()
{
  Bytes body;
  AmfWriter amf (body);
  amf.string ("connect").number (1).begin_object ().name ("app").string ("live");
  amf.name ("objectEncoding").number (3);
  amf.name ("fourCcList").begin_strict_array (1).string ("hvc1");
  amf.name ("videoFourCcInfoMap").begin_object ().name ("*").number (2).end_object ();
  amf.name ("capsEx").number (7).end_object ();
  return message (type::command_amf0, body);
}

} // namespace

START_TEST (test_connect)
{
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (connect_command ("live", "rtmp://h/live")));
  const auto answers = live.output (handshake_size);
  ck_assert_uint_eq (answers.at (0).type, type::window_size);
  ck_assert_uint_eq (answers.at (1).type, type::peer_bandwidth);
  ck_assert_uint_eq (answers.at (1).body.size (), 5);
  ck_assert_uint_eq (answers.at (2).type, type::set_chunk_size);
  const auto *result = find_command (answers, "_result", 1);
  ck_assert (result);
  check_status (result->info (), "status", "NetConnection.Connect.Success");
  ck_assert (result->info ().member ("fourCcList").type == Amf::Type::undefined);
  ck_assert (live.events.empty ());
}
END_TEST

START_TEST (test_enhanced_connect)
{
  Live live;
  ck_assert (live.feed (simple_handshake ()));
  ck_assert (live.feed (enhanced_connect ()));
  const auto answers = live.output (handshake_size);
  const auto *result = find_command (answers, "_result", 1);
  ck_assert (result);
  const auto &info = result->info ();
  ck_assert_double_eq (info.member ("objectEncoding").number, 0);
  const auto &list = info.member ("fourCcList");
  ck_assert (list.type == Amf::Type::strict_array);
  const auto names = [&list] (std::string_view name) {
    return std::ranges::any_of (
        list.members, [name] (const auto &member) { return member.value.string == name; });
  };
  for (const auto *name : {"avc1", "hvc1", "av01", "vp09", "vp08", "Opus", "mp4a"})
    ck_assert (names (name));
  ck_assert_double_eq (info.member ("videoFourCcInfoMap").member ("hvc1").number, 4);
  ck_assert (info.member ("audioFourCcInfoMap").type == Amf::Type::undefined);
  ck_assert_double_eq (info.member ("capsEx").number, 4);
}
END_TEST

START_TEST (test_what_encoders_call)
{
  Live live;
  connect (live);
  ck_assert (live.feed (command ("releaseStream", 2, "demo")));
  ck_assert (live.feed (command ("FCPublish", 3, "demo")));
  ck_assert (live.feed (command ("createStream", 4)));
  ck_assert (live.feed (command ("_checkbw", 5)));
  ck_assert (live.feed (command ("getStreamLength", 6, "demo")));
  ck_assert (live.feed (command ("somethingNew", 7)));
  ck_assert (live.feed (command ("noAnswerWanted", 0)));
  ck_assert (live.feed (command ("_result", 9)));
  ck_assert (live.feed (command ("deleteStream", 10)));
  const auto answers = live.output ();
  for (const int transaction : {2, 3, 4, 5, 6, 7, 10})
    ck_assert (find_command (answers, "_result", transaction));
  ck_assert (!find_command (answers, "_result", 9));
  ck_assert_double_eq (find_command (answers, "_result", 4)->info ().number, 1);
  const auto *fc = find_command (answers, "onFCPublish", 0);
  ck_assert (fc);
  check_status (fc->info (), "status", "NetStream.Publish.Start");
  ck_assert_uint_eq (answers.size (), 8);
  ck_assert (live.events.empty ());
}
END_TEST

START_TEST (test_publish_accepted)
{
  Live live;
  ck_assert (live.feed (up_to_publish ()));
  ck_assert_uint_eq (live.events.size (), 1);
  const auto &request = std::get<PublishRequest> (live.events[0]);
  ck_assert_str_eq (request.app.c_str (), "live");
  ck_assert_str_eq (request.stream.c_str (), "demo");
  ck_assert_str_eq (request.query.c_str (), "key=made-up");
  ck_assert_str_eq (request.url.c_str (), "rtmp://host:1935/live/demo?key=made-up");
  const auto before = live.output (handshake_size);
  ck_assert (!find_command (before, "onStatus", 0));
  live.session.accept_publish ();
  const auto answers = live.output ();
  ck_assert_uint_eq (answers.at (0).type, type::user_control);
  ck_assert (answers[0].body == (Bytes{0, 0, 0, 0, 0, 1})); // stream begin
  check_status (status_of (answers), "status", "NetStream.Publish.Start");
  live.session.accept_publish ();
  ck_assert (live.session.take_output ().empty ());
}
END_TEST

START_TEST (test_publish_refused)
{
  for (const auto *code : {"NetStream.Publish.Denied", "NetStream.Publish.BadName"}) {
    Live live;
    ck_assert (live.feed (up_to_publish ()));
    (void)live.output (handshake_size);
    live.session.refuse_publish (code, "This key expired on 1 May.");
    const auto answers = live.output ();
    const auto &info = status_of (answers);
    check_status (info, "error", code);
    ck_assert_str_eq (info.member ("description").string.c_str (), "This key expired on 1 May.");
    live.events.clear ();
    ck_assert (live.feed (message (type::video, {1, 2, 3}))); // nothing counts any more
    ck_assert (live.feed (command ("createStream", 9)));
    ck_assert (live.events.empty ());
    ck_assert (live.session.take_output ().empty ());
  }
}
END_TEST

START_TEST (test_unpublish)
{
  for (const auto *name : {"FCUnpublish", "deleteStream", "closeStream"}) {
    Live live;
    live.publish ();
    ck_assert (live.feed (command (name, 5, "demo")));
    ck_assert_uint_eq (live.events.size (), 1);
    ck_assert (std::holds_alternative<Unpublished> (live.events[0]));
    const auto answers = live.output ();
    check_status (status_of (answers), "status", "NetStream.Unpublish.Success");
    ck_assert (live.feed (command ("deleteStream", 6)));
    ck_assert (live.feed (message (type::video, {1, 2, 3})));
    ck_assert_uint_eq (live.events.size (), 1);
  }
}
END_TEST

START_TEST (test_closed_by_us)
{
  Live live;
  live.session.close_publish ("NetStream.Publish.Denied", "too early");
  ck_assert (live.session.take_output ().empty ());
  live.publish ();
  live.session.close_publish ("NetStream.Publish.Denied", "Somebody else took over.");
  const auto answers = live.output ();
  const auto &info = status_of (answers);
  check_status (info, "error", "NetStream.Publish.Denied");
  ck_assert_str_eq (info.member ("description").string.c_str (), "Somebody else took over.");
  ck_assert (live.feed (message (type::video, {1, 2, 3})));
  ck_assert (live.events.empty ());
}
END_TEST

START_TEST (test_play_is_refused)
{
  for (const auto *name : {"play", "play2"}) {
    Live live;
    connect (live);
    ck_assert (live.feed (command (name, 0, "demo")));
    const auto answers = live.output ();
    const auto &info = status_of (answers);
    check_status (info, "error", "NetStream.Play.Failed");
    ck_assert (mentions (info.member ("description").string, "publishers"));
    ck_assert (live.events.empty ());
  }
}
END_TEST

START_TEST (test_amf3_wrapper)
{
  Live live;
  connect (live);
  Bytes body{0};
  AmfWriter (body).string ("createStream").number (2).null ();
  ck_assert (live.feed (message (type::command_amf3, body)));
  ck_assert (find_command (live.output (), "_result", 2));
  body = {0};
  AmfWriter (body).string ("publish").number (3).null ();
  body.push_back (0x11);
  ck_assert (!live.feed (message (type::command_amf3, body)));
  ck_assert (mentions (live.error, "AMF 3"));
}
END_TEST

START_TEST (test_out_of_order)
{
  const auto error = [] (const Bytes &bytes) {
    Live live;
    ck_assert (live.feed (simple_handshake ()));
    ck_assert (!live.feed (bytes));
    return live.error;
  };
  ck_assert (mentions (error (command ("createStream", 2)), "before connect"));
  ck_assert (mentions (error (command ("publish", 2, "demo")), "before connect"));
  ck_assert (mentions (error (message (type::video, {1})), "before publishing"));
  ck_assert (mentions (error (message (type::audio, {1})), "before publishing"));
  ck_assert (mentions (error (message (type::aggregate, {1})), "before publishing"));
  ck_assert (mentions (error (message (type::command_amf0, {})), "no name"));
  ck_assert (mentions (error (message (type::command_amf0, {5})), "no name"));
  Bytes twice = connect_command ("a", "");
  twice += connect_command ("a", "");
  ck_assert (mentions (error (twice), "twice"));
  Bytes nameless = connect_command ("a", "");
  nameless += command ("publish", 2);
  ck_assert (mentions (error (nameless), "names no stream"));
}
END_TEST

START_TEST (test_twice_live)
{
  Live live;
  live.publish ();
  ck_assert (!live.feed (command ("publish", 4, "other")));
  ck_assert (mentions (live.error, "twice"));
  Live other;
  other.publish ();
  ck_assert (!other.feed (command ("play", 4, "other")));
}
END_TEST

START_TEST (test_dead_after_error)
{
  Live live;
  ck_assert (!live.feed ({'G'}));
  const auto first = live.error;
  ck_assert (!live.feed (up_to_publish ()));
  ck_assert_str_eq (live.error.c_str (), first.c_str ());
  ck_assert (live.events.empty ());
}
END_TEST

START_TEST (test_moves)
{
  ServerSession first (1);
  std::vector<Event> events;
  ck_assert (first.feed (up_to_publish (), events).has_value ());
  ServerSession second (std::move (first));
  second.accept_publish ();
  ck_assert (second.feed (message (type::video, {1}), events).has_value ());
  ck_assert_uint_eq (events.size (), 2);
}
END_TEST

int
main ()
{
  return test::run (
      "rtmp-commands", {test_connect, test_enhanced_connect, test_what_encoders_call,
                           test_publish_accepted, test_publish_refused, test_unpublish,
                           test_closed_by_us, test_play_is_refused, test_amf3_wrapper,
                           test_out_of_order, test_twice_live, test_dead_after_error, test_moves});
}
