// SPDX-License-Identifier: LGPL-2.1-or-later
// What each kind of peer gets of each kind of source, why, and that it is the same picture.
#include <array>

#include "tests/check/transcode/scenery.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

bool slow = false;

constexpr const char *passed = "passed through";

/** What was made, and what is expected of three peers: of a chromium over WHEP, of a WHEP peer that
 * takes nothing but VP8, and of HLS. Other texts than passed are the reason to transcode. */
struct Source
{
  const char *name, *encoder;
  std::array<const char *, 3> expected;
};

/** What stagehlssink says that it takes. */
std::string
hls_caps (const char *pad_template)
{
  const auto factory = adopt (gst_element_factory_find ("stagehlssink"));
  ck_assert (factory);
  for (auto *l = gst_element_factory_get_static_pad_templates (factory.get ()); l; l = l->next) {
    auto *found = static_cast<GstStaticPadTemplate *> (l->data);
    if (g_str_equal (found->name_template, pad_template))
      return String (gst_caps_to_string (adopt (gst_static_pad_template_get_caps (found)).get ()))
          .get ();
  }
  ck_abort_msg ("no such pads: %s", pad_template);
  return {};
}

std::array<std::string, 3>
peers ()
{
  return {"video/x-h264,alignment=au,b-frames=(boolean)false,profile=(string){constrained-baseline,"
          "baseline,main,high,progressive-high,constrained-high};video/x-vp8;video/x-vp9;"
          "video/x-av1,stream-format=obu-stream",
      "video/x-vp8", hls_caps ("video_%u")};
}

std::array<std::string, 3>
sound_peers ()
{
  return {opus, opus, hls_caps ("audio_%u")};
}

#define X264(SETTINGS, PROFILE)                                                                    \
  "x264enc speed-preset=veryfast key-int-max=60 bitrate=8000 vbv-buf-capacity=1000 " SETTINGS      \
  " ! video/x-h264,profile=" PROFILE " ! h264parse ! video/x-h264,stream-format=avc"
#define DEEP "videoconvert ! video/x-raw,format=I420_10LE ! "
constexpr const char *no_h264 = "the peer does not take video/x-h264";

constexpr Source sources[]{
    {"H.264 baseline", X264 ("bframes=0 cabac=false dct8x8=false", "baseline"),
        {passed, no_h264, passed}},
    {"H.264 main", X264 ("bframes=0", "main"), {passed, no_h264, passed}},
    {"H.264 high", X264 ("bframes=0 dct8x8=true", "high"), {passed, no_h264, passed}},
    {"H.264 high with B-frames", X264 ("bframes=2 b-adapt=false dct8x8=true", "high"),
        {"the source has B-frames (composition offset 66 ms)", no_h264, passed}},
    {"H.264 10 bit", DEEP X264 ("bframes=0", "high-10"),
        {"the peer does not take video/x-h264 (profile high-10)", no_h264, passed}},
    {"HEVC",
        "x265enc speed-preset=ultrafast tune=zerolatency bitrate=8000 key-int-max=60 ! h265parse ! "
        "video/x-h265,stream-format=hvc1,alignment=au",
        {"the peer does not take video/x-h265", "the peer does not take video/x-h265", passed}},
    {"VP8", "vp8enc deadline=1 cpu-used=8 threads=2 target-bitrate=8000000 keyframe-max-dist=60",
        {passed, passed, "the peer does not take video/x-vp8"}},
    {"VP9",
        "vp9enc deadline=1 cpu-used=8 threads=2 target-bitrate=8000000 keyframe-max-dist=60 ! "
        "vp9parse",
        {passed, "the peer does not take video/x-vp9", passed}},
    {"AV1",
        "av1enc usage-profile=realtime cpu-used=10 threads=2 target-bitrate=6000 "
        "keyframe-max-dist=60 ! av1parse ! video/x-av1,stream-format=obu-stream,alignment=tu",
        {passed, "the peer does not take video/x-av1", passed}},
};

struct Sound
{
  const char *name, *encoder;
  std::array<const char *, 3> expected;
};
constexpr const char *no_aac = "the peer does not take audio/mpeg (AAC)",
                     *no_mp3 = "the peer does not take audio/mpeg (MP3)";
constexpr Sound sounds[]{
    {"AAC", "avenc_aac ! aacparse ! audio/mpeg,stream-format=raw", {no_aac, no_aac, passed}},
    {"Opus", "opusenc", {passed, passed, passed}},
    {"MP3", "lamemp3enc ! mpegaudioparse", {no_mp3, no_mp3, nullptr}},
    {"no sound", nullptr, {"", "", ""}},
};

Track
record_sound (const Sound &sound)
{
  return record (std::string ("audiotestsrc num-buffers=45 ! "
                              "audio/x-raw,rate=48000,channels=2 ! audioconvert ! ")
                 + sound.encoder);
}

std::string
text_of (const std::string &expected)
{
  return expected.empty () || expected == passed ? expected : "transcoding, because " + expected;
}

/** One publisher, and a peer of each kind. */
class Show
{
public:
  Show ()
  {
    for (std::size_t i = 0; i < 3; ++i) {
      screens_.push_back (std::make_unique<Peer> (peers ()[i]));
      speakers_.push_back (std::make_unique<Peer> (sound_peers ()[i]));
      pads_.push_back (transcoder_.request ("video_%u"));
      sound_pads_.push_back (transcoder_.request ("audio_%u"));
      screens_[i]->link (pads_[i].get ());
      speakers_[i]->link (sound_pads_[i].get ());
    }
  }
  /** Who pushes to a peer ends before it does. */
  ~Show ()
  {
    for (const auto &peer : screens_)
      peer->unlink ();
  }
  Show (const Show &) = delete;
  Show &operator= (const Show &) = delete;

  void play (const Track &picture, const Track *sound)
  {
    Feed video (transcoder_.element (), "video", false);
    ck_assert_int_eq (video.push (picture), GST_FLOW_OK);
    video.push (gst_event_new_eos ());
    if (sound != nullptr) {
      Feed audio (transcoder_.element (), "audio", false);
      ck_assert_int_eq (audio.push (*sound), GST_FLOW_OK);
      audio.push (gst_event_new_eos ());
      decisions (sound_pads_, heard_);
    }
    for (const auto &screen : screens_)
      screen->wait_for_eos ();
    decisions (pads_, shown_);
    ck_assert_uint_eq (transcoder_.problems ().size (), 0);
    ck_assert_uint_eq (transcoder_.errors (), 0);
  }
  const Peer &screen (std::size_t i) const { return *screens_[i]; }
  const Peer &speaker (std::size_t i) const { return *speakers_[i]; }
  const std::string &shown (std::size_t i) const { return shown_[i]; }
  const std::string &heard (std::size_t i) const { return heard_[i]; }

private:
  static void decisions (const std::vector<Ref<GstPad>> &pads, std::array<std::string, 3> &out)
  {
    for (std::size_t i = 0; i < 3; ++i)
      out[i] = decision_of (pads[i].get ());
  }

  Transcoder transcoder_;
  std::vector<std::unique_ptr<Peer>> screens_, speakers_;
  std::vector<Ref<GstPad>> pads_, sound_pads_;
  std::array<std::string, 3> shown_, heard_;
};

/** Encoders may begin at a thousand hours. */
GstClockTime
running_time (const Peer &peer, GstClockTime pts)
{
  GstSegment segment;
  const auto event = adopt (gst_pad_get_sticky_event (peer.pad (), GST_EVENT_SEGMENT, 0));
  gst_event_copy_segment (event.get (), &segment);
  return gst_segment_to_running_time (&segment, GST_FORMAT_TIME, pts);
}

/** Every picture once, in order, and as good as it should be. */
void
assert_same_picture (const Source &source, const Peer &screen, const std::string &decision,
    const std::vector<Seen> &original, double least)
{
  const auto caps = adopt (gst_pad_get_current_caps (screen.pad ()));
  const auto seen = decode (caps, screen.buffers (), true);
  ck_assert_msg (seen.size () == original.size (), "%s, %s: %zu of %zu pictures", source.name,
      decision.c_str (), seen.size (), original.size ());
  double sum = 0, worst = 99;
  for (std::size_t i = 0; i < seen.size (); ++i) {
    ck_assert_msg (seen[i].number == static_cast<int> (i), "%s, %s: picture %d is the %zuth",
        source.name, decision.c_str (), seen[i].number, i);
    ck_assert_int_le (
        distance (running_time (screen, seen[i].pts), original[i].pts), 2 * GST_MSECOND);
    const auto quality = psnr (seen[i], original[i]);
    sum += quality;
    worst = MIN (worst, quality);
  }
  const auto average = sum / static_cast<double> (seen.size ());
  g_print (
      "%-26s %-70s %5.1f dB, worst %5.1f dB\n", source.name, decision.c_str (), average, worst);
  if (decision == passed)
    ck_assert_double_eq (worst, 99);
  else
    ck_assert_msg (average >= least, "%s, %s: %f dB", source.name, decision.c_str (), average);
}

/** Whether HLS takes MP3 is for its element to say. */
std::string
expected_of_hls (const Sound &sound)
{
  if (sound.expected[2] != nullptr)
    return sound.expected[2];
  return hls_caps ("audio_%u").find ("layer") != std::string::npos ? passed : no_mp3;
}

void
assert_sound (const Sound &sound, const Show &show, const Track *track)
{
  for (std::size_t i = 0; i < 3; ++i) {
    assert_text (show.heard (i), text_of (i == 2 ? expected_of_hls (sound) : sound.expected[i]));
    const auto &peer = show.speaker (i);
    if (track == nullptr)
      ck_assert_uint_eq (peer.count (), 0);
    else
      ck_assert_msg (distance (peer.duration (), track->duration ()) <= 80 * GST_MSECOND, "%s: %f",
          sound.name, static_cast<double> (peer.duration ()) / GST_SECOND);
  }
}

struct Material
{
  Track track;
  std::vector<Seen> original;

  Material (const Source &source, const Scenery &scenery, int frames)
      : track (encode (scenery, 0, frames, 30, source.encoder)),
        original (decode (track.caps, track.buffers, true))
  {
    for (std::size_t i = 0; i < original.size (); ++i)
      ck_assert_msg (original[i].number == static_cast<int> (i), "%s: the source's %zuth is %d",
          source.name, i, original[i].number);
  }
};

void
run_row (const Source &source, const Sound &sound, const Material &material, double least)
{
  const auto track = sound.encoder != nullptr ? record_sound (sound) : Track{};
  const auto *heard = sound.encoder != nullptr ? &track : nullptr;
  Show show;
  show.play (material.track, heard);
  for (std::size_t i = 0; i < 3; ++i) {
    const auto expected = text_of (source.expected[i]);
    ck_assert_msg (show.shown (i) == expected, "%s and %s, peer %zu: \"%s\" instead of \"%s\"",
        source.name, sound.name, i, show.shown (i).c_str (), expected.c_str ());
    if (least > 0)
      assert_same_picture (source, show.screen (i), show.shown (i), material.original, least);
    else
      ck_assert_uint_eq (show.screen (i).count (), material.original.size ());
  }
  assert_sound (sound, show, heard);
}

/** Small pictures; every sound comes with some of them. */
START_TEST (everything_small)
{
  const Scenery scenery (320, 180);
  std::size_t next = 0;
  for (const auto &source : sources) {
    const Material material (source, scenery, 24);
    if (slow)
      for (const auto &sound : sounds)
        run_row (source, sound, material, 0);
    run_row (source, sounds[next++ % std::size (sounds)], material, 30);
  }
}
END_TEST

/** At 720p the bit rate of what is made is 2.5 Mbit/s. */
START_TEST (as_good_as_the_source)
{
  const Scenery scenery (1280, 720);
  for (const auto &source : sources) {
    const bool in_short = g_str_has_suffix (source.name, "B-frames");
    if (slow || in_short)
      run_row (source, sounds[3], Material (source, scenery, slow ? 60 : 30), 38);
  }
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  slow = argc > 1;
  return run ("transcode-table", {everything_small, as_good_as_the_source});
}
