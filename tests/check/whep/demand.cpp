// SPDX-License-Identifier: LGPL-2.1-or-later
// What stagewhepsink says upstream of its demand.
#include <algorithm>

#include "tests/check/whep/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

using Said = std::vector<bool>;

void
leave (Sink &sink, const std::string &session)
{
  const auto response =
      Client (sink.http_port ()).ask ("DELETE " + session + " HTTP/1.1\r\nHost: test\r\n\r\n");
  ck_assert_int_eq (response.status, 200);
}

START_TEST (first_viewer_and_last)
{
  Sink sink;
  Video video (sink);
  Audio audio (sink);
  video.keyframe ();
  audio.packet ();
  const auto both = [&] (const Said &said) {
    wait_for ([&] { return video.demands () == said && audio.demands () == said; });
  };
  both ({false});
  Viewer first, second;
  const auto a = first.join (sink.http_port ());
  both ({false, true}); // before it is connected
  ck_assert (first.connect ());
  const auto b = second.join (sink.http_port ());
  ck_assert (second.connect ());
  leave (sink, a);
  wait_for ([&] { return sink.viewers () == 1; });
  both ({false, true});
  leave (sink, b);
  both ({false, true, false});
  Viewer third;
  third.join (sink.http_port ());
  both ({false, true, false, true});
}
END_TEST

START_TEST (new_caps_hear_of_it_again)
{
  Sink sink;
  Video video (sink);
  Audio audio (sink);
  video.keyframe ();
  audio.packet ();
  wait_for ([&] { return audio.demands () == Said{false}; });
  Viewer viewer;
  viewer.join (sink.http_port ());
  wait_for ([&] { return audio.demands () == Said{false, true}; });
  ck_assert (viewer.connect ());
  // As an encoder has them, which starts only now.
  audio.start ("audio/x-opus,rate=48000,channels=2,channel-mapping-family=0,stream-count=1,"
               "coupled-count=1");
  wait_for ([&] { return audio.demands () == Said{false, true, true}; });
  audio.time += 600 * GST_SECOND;
  const auto packet = audio.packet ();
  viewer.pump_until ([&] { return !viewer.packets (viewer.audio_ssrc).empty (); });
  ck_assert (viewer.packets (viewer.audio_ssrc)[0].payload == packet);
  ck_assert (!viewer.dtls.ended);
  ck_assert_uint_eq (sink.viewers (), 1);
}
END_TEST

START_TEST (nothing_without_caps)
{
  Sink sink;
  Source audio (sink, "audio_0");
  Video video (sink);
  video.keyframe ();
  Viewer viewer;
  viewer.join (sink.http_port ());
  wait_for ([&] { return !video.demands ().empty () && video.demands ().back (); });
  ck_assert (audio.demands ().empty ());
  ck_assert (audio.start (opus_caps));
  wait_for ([&] { return !audio.demands ().empty (); });
}
END_TEST

START_TEST (comes_and_goes)
{
  Sink sink;
  Audio audio (sink);
  audio.packet ();
  for (int i = 0; i < 20; ++i)
    leave (sink, Viewer ().join (sink.http_port (), {.video = ""}));
  wait_for ([&] { return sink.stat ("pending") == 0; });
  wait_for ([&] { return !audio.demands ().empty () && !audio.demands ().back (); });
  // Never the same twice.
  const auto said = audio.demands ();
  ck_assert (std::ranges::adjacent_find (said) == said.end ());
}
END_TEST

START_TEST (stopped_with_viewers)
{
  Sink sink;
  Audio audio (sink);
  audio.packet ();
  Viewer viewer;
  viewer.join (sink.http_port (), {.video = ""});
  wait_for ([&] { return audio.demands () == Said{false, true}; });
  sink.set_state (GST_STATE_NULL);
  sink.set_state (GST_STATE_PLAYING);
  audio.start (opus_caps);
  wait_for ([&] { return audio.demands ().size () > 2 && !audio.demands ().back (); });
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("whep-demand", {first_viewer_and_last, new_caps_hear_of_it_again,
                                 nothing_without_caps, comes_and_goes, stopped_with_viewers});
}
