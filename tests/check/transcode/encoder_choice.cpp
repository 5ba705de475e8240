// SPDX-License-Identifier: LGPL-2.1-or-later
// Which encoder makes what: hardware that passes for such, if it works, and what comes after it.
#include <chrono>
#include <thread>

#include "tests/check/transcode/chips.hpp"
#include "tests/check/transcode/screen.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

Track
record_live (int frames)
{
  return record ("videotestsrc pattern=ball num-buffers=" + std::to_string (frames)
                 + " ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! x264enc "
                   "tune=zerolatency speed-preset=ultrafast key-int-max=30 ! "
                   "video/x-h264,profile=high,stream-format=avc");
}

/** One live source and one peer that gets a smaller picture. */
struct Watched
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "video"};
  Ref<GstPad> pad = transcoder.request ("video_0");
  Peer peer;
  Screen screen{peer};
  Track track = record_live (60);
  guint64 frames = 0;

  explicit Watched (const std::string &rendition = "120p", const std::string &caps = "video/x-h264")
      : peer (caps)
  {
    g_object_set (pad.get (), "rendition", rendition.c_str (), nullptr);
    peer.link (pad.get ());
    feed.start (track.caps.get ());
  }
  ~Watched ()
  {
    peer.unlink ();
    gst_pad_set_active (peer.pad (), FALSE);
  }
  Watched (const Watched &) = delete;
  Watched &operator= (const Watched &) = delete;

  void frame ()
  {
    auto copy = adopt (gst_buffer_copy (track.buffers[frames % track.buffers.size ()].get ()));
    GST_BUFFER_PTS (copy.get ()) = GST_BUFFER_DTS (copy.get ()) = frames++ * GST_SECOND / 30;
    ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
    std::this_thread::sleep_for (std::chrono::milliseconds{10});
  }
  template <class Condition>
  void play_until (Condition condition)
  {
    const auto end = std::chrono::steady_clock::now () + std::chrono::seconds{20};
    while (!condition ()) {
      ck_assert (std::chrono::steady_clock::now () < end);
      frame ();
    }
  }
  void play_frames (std::size_t count)
  {
    const auto before = screen.frames ();
    play_until ([&] { return screen.frames () >= before + count; });
  }
  bool has_child (const std::string &factory) const
  {
    ObjectLock lock{transcoder.element ()};
    for (auto *l = GST_BIN_CHILDREN (transcoder.element ()); l != nullptr; l = l->next)
      if (factory == GST_OBJECT_NAME (gst_element_get_factory (GST_ELEMENT (l->data))))
        return true;
    return false;
  }
  void expect_decision_end (const std::string &text) const
  {
    const auto decision = decision_of (pad.get ());
    ck_assert_msg (decision.ends_with (text), "%s", decision.c_str ());
  }
  std::string profile () const
  {
    const auto caps = adopt (gst_pad_get_current_caps (peer.pad ()));
    const char *text =
        gst_structure_get_string (gst_caps_get_structure (caps.get (), 0), "profile");
    return text != nullptr ? text : "";
  }
};

START_TEST (profile_by_peer)
{
  for (const auto &[caps, profile] :
      {std::pair ("video/x-h264", "high"), {"video/x-h264,profile=main", "main"},
          {"video/x-h264,profile=constrained-baseline", "constrained-baseline"},
          {"video/x-h264,profile=baseline", "baseline"},
          {"video/x-h264,profile={constrained-baseline,baseline,main}", "main"}}) {
    Watched w ("120p", caps);
    w.play_frames (5);
    assert_text (w.profile (), profile);
    ck_assert (w.has_child ("x264enc"));
    ck_assert_uint_eq (w.transcoder.problems ().size (), 0);
  }
}
END_TEST

START_TEST (no_profile_that_anything_makes)
{
  Watched w ("120p", "video/x-h264,profile=high-4:4:4");
  w.play_until ([&] { return !problem_of (w.pad.get ()).empty (); });
  ck_assert_uint_eq (w.peer.count (), 0);
}
END_TEST

START_TEST (first_codec_that_the_peer_takes)
{
  for (const auto &[rendition, caps, media_type] :
      {std::tuple ("120p", "video/x-vp8", "video/x-vp8"), {"120p", "video/x-vp9", "video/x-vp9"},
          {"120p", "video/x-vp9;video/x-h264", "video/x-h264"},
          {"h=120,codec=vp9", "video/x-vp9;video/x-h264", "video/x-vp9"},
          {"120p", "video/x-h265", "video/x-h265"}, {"120p", "video/x-av1", "video/x-av1"},
          {"h=120,codec=h265", "video/x-h265;video/x-h264", "video/x-h265"},
          {"h=120,codec=av1", "video/x-av1;video/x-h264", "video/x-av1"}}) {
    Watched w (rendition, caps);
    w.play_frames (5);
    assert_text (w.peer.media_type (), media_type);
    ck_assert (!GST_BUFFER_FLAG_IS_SET (w.peer.buffers ()[0].get (), GST_BUFFER_FLAG_DELTA_UNIT));
  }
}
END_TEST

START_TEST (wanted_codec_that_the_peer_does_not_take)
{
  Watched w ("h=120,codec=vp8", "video/x-h264");
  w.play_until ([&] { return !problem_of (w.pad.get ()).empty (); });
  ck_assert_uint_eq (w.peer.count (), 0);
}
END_TEST

START_TEST (chips_that_fail_their_trial_are_left_alone)
{
  install_chip ("nochiph264enc", GST_RANK_PRIMARY + 9, Chip::missing);
  install_chip ("badchiph264enc", GST_RANK_PRIMARY + 8, Chip::garbage);
  install_chip ("wrongchiph264enc", GST_RANK_PRIMARY + 7, Chip::other_size);
  Watched w;
  w.play_frames (5);
  ck_assert (w.has_child ("x264enc"));
  w.play_until ([&] { return !decision_of (w.pad.get ()).ends_with ("wanted"); });
  w.expect_decision_end ("; by x264enc, for nochiph264enc did not work when it was tried");
  for (const char *chip : {"nochiph264enc", "badchiph264enc", "wrongchiph264enc"})
    ck_assert_int_eq (made (chip), 1);
  Watched again; // nothing is tried twice
  again.play_frames (5);
  ck_assert_int_eq (made ("badchiph264enc"), 1);
}
END_TEST

START_TEST (chip_that_hangs_is_not_waited_for)
{
  install_chip ("slowchiph264enc", GST_RANK_PRIMARY + 20, Chip::hangs);
  Watched w;
  const auto begin = std::chrono::steady_clock::now ();
  w.play_frames (5);
  ck_assert (w.has_child ("x264enc"));
  ck_assert (std::chrono::steady_clock::now () - begin < std::chrono::seconds{3});
  w.play_frames (5);
  w.expect_decision_end ("; by x264enc, for slowchiph264enc hangs");
  let_go ();
}
END_TEST

START_TEST (highest_ranked_chip_that_works)
{
  install_chip ("goodchiph264enc", GST_RANK_PRIMARY + 30, Chip::works);
  install_chip ("lesserchiph264enc", GST_RANK_PRIMARY + 29, Chip::works);
  Watched w ("120p@700k");
  w.play_frames (5);
  ck_assert (w.has_child ("goodchiph264enc"));
  w.expect_decision_end ("wanted");
  ck_assert_int_eq (told ("goodchiph264enc", "bitrate"), 700);
  ck_assert_int_eq (told ("goodchiph264enc", "key-int-max"), 1024); // the most that it allows
  ck_assert_int_eq (told ("goodchiph264enc", "b-frames"), 0);
  ck_assert_int_eq (told ("goodchiph264enc", "low-latency"), 1);
  Watched simple ("120p", "video/x-h264,profile=constrained-baseline");
  simple.play_frames (5);
  assert_text (simple.profile (), "constrained-baseline");
}
END_TEST

/** It passed its trial, which is short. */
START_TEST (chip_that_makes_no_key_frames)
{
  install_chip ("keylesschiph264enc", GST_RANK_PRIMARY + 40, Chip::no_key_frame);
  Watched w;
  w.play_frames (5);
  ck_assert (w.has_child ("keylesschiph264enc"));
  w.play_until ([&] { return !problem_of (w.pad.get ()).empty (); });
  assert_text (problem_of (w.pad.get ()),
      "keylesschiph264enc puts out no key frame when it is asked for one, and is replaced");
  w.play_until ([&] { return problem_of (w.pad.get ()).empty (); });
}
END_TEST

/** All that isn't live has each of its frames, also those from before the trial was over. */
START_TEST (first_use_loses_nothing_that_is_not_live)
{
  install_chip ("firstchiph264enc", GST_RANK_PRIMARY + 50, Chip::works);
  const auto track = record_live (45);
  Transcoder transcoder;
  Feed feed (transcoder.element (), "video", false);
  const auto pad = transcoder.request ("video_0");
  Peer peer ("video/x-h264");
  g_object_set (pad.get (), "rendition", "120p", nullptr);
  peer.link (pad.get ());
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  feed.push (gst_event_new_eos ());
  peer.wait_for_eos ();
  ck_assert_uint_eq (peer.count (), 45);
  ck_assert_int_eq (made ("firstchiph264enc"), 2); // the trial's, too
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-encoder-choice",
      {profile_by_peer, no_profile_that_anything_makes, first_codec_that_the_peer_takes,
          wanted_codec_that_the_peer_does_not_take, chips_that_fail_their_trial_are_left_alone,
          chip_that_hangs_is_not_waited_for, highest_ranked_chip_that_works,
          chip_that_makes_no_key_frames, first_use_loses_nothing_that_is_not_live});
}
