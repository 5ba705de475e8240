// SPDX-License-Identifier: LGPL-2.1-or-later
// A live stream that changes size, speed, codec and sound again and again, and what a browser shows
// of it.
#include <chrono>
#include <thread>

#include "tests/check/transcode/scenery.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

bool slow = false;

constexpr const char *browser_video =
    "video/x-h264,b-frames=(boolean)false,profile=(string){constrained-baseline,main,high};"
    "video/x-vp8";

/** A second of a publisher's picture. Its numbers tell what it is. */
struct Scene
{
  int first, rate, height;
  Track track;
};

/** A second of a publisher's sound. */
using Sound = Track;

std::string
x264 (bool b_frames)
{
  return std::string ("x264enc speed-preset=ultrafast bitrate=3000 key-int-max=15 threads=1 ")
         + (b_frames ? "bframes=2 b-adapt=false" : "bframes=0 tune=zerolatency")
         + " ! video/x-h264,profile=high ! h264parse ! video/x-h264,stream-format=avc,alignment=au";
}

Scene
film (int first, int height, int rate, const std::string &encoder)
{
  const Scenery scenery (height * 16 / 9 / 8 * 8, height);
  return {first, rate, height, encode (scenery, first, rate, rate, encoder)};
}

/** What comes out of a pad, in pieces of the same format. */
class Recorder
{
public:
  struct Piece
  {
    Ref<GstCaps> caps;
    std::vector<Ref<GstBuffer>> buffers;
  };
  explicit Recorder (Peer &peer)
  {
    gst_pad_add_probe (
        peer.pad (), GST_PAD_PROBE_TYPE_BUFFER,
        [] (GstPad *pad, GstPadProbeInfo *info, gpointer self) {
          static_cast<Recorder *> (self)->take (pad, GST_PAD_PROBE_INFO_BUFFER (info));
          return GST_PAD_PROBE_OK;
        },
        this, nullptr);
  }
  /** Running time of the latest; both segments of this test begin at 0, but for an encoder's. */
  GstClockTime latest () const
  {
    const std::lock_guard lock{mutex_};
    return latest_;
  }
  std::vector<Piece> pieces () const
  {
    const std::lock_guard lock{mutex_};
    return pieces_;
  }

private:
  void take (GstPad *pad, GstBuffer *buffer)
  {
    GstSegment segment;
    const auto event = adopt (gst_pad_get_sticky_event (pad, GST_EVENT_SEGMENT, 0));
    gst_event_copy_segment (event.get (), &segment);
    auto caps = adopt (gst_pad_get_current_caps (pad));
    auto copy = adopt (gst_buffer_copy (buffer));
    GST_BUFFER_PTS (copy.get ()) =
        gst_segment_to_running_time (&segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
    GST_BUFFER_DTS (copy.get ()) = GST_CLOCK_TIME_NONE;
    const std::lock_guard lock{mutex_};
    latest_ = MAX (latest_, GST_BUFFER_PTS (copy.get ()));
    if (pieces_.empty () || !gst_caps_is_equal (pieces_.back ().caps.get (), caps.get ()))
      pieces_.push_back ({std::move (caps), {}});
    pieces_.back ().buffers.push_back (std::move (copy));
  }

  mutable std::mutex mutex_; // guards all below
  GstClockTime latest_ = 0;
  std::vector<Piece> pieces_;
};

/** When which scene was on. */
struct Programme
{
  GstClockTime begin;
  const Scene *scene;
};

struct Live
{
  Transcoder transcoder;
  Feed video{transcoder.element (), "video"}, audio{transcoder.element (), "audio"};
  Ref<GstPad> video_pad = transcoder.request ("video_%u"),
              audio_pad = transcoder.request ("audio_%u");
  Peer screen{browser_video}, speaker{opus};
  Recorder pictures{screen}, sounds{speaker};
  std::vector<Programme> programme;
  GstClockTime now = GST_SECOND, sound_now = GST_SECOND;

  Live ()
  {
    screen.link (video_pad.get ());
    speaker.link (audio_pad.get ());
  }
  /** Recorders are looked at by encoders' threads, until the peers take no more. */
  ~Live ()
  {
    for (auto *peer : {&screen, &speaker}) {
      peer->unlink ();
      gst_pad_set_active (peer->pad (), FALSE);
    }
  }
  Live (const Live &) = delete;
  Live &operator= (const Live &) = delete;

  static void announce (Feed &feed, GstCaps *caps)
  {
    const auto current = adopt (gst_pad_get_current_caps (feed.pad ()));
    if (!current)
      feed.start (caps);
    else if (!gst_caps_is_equal (current.get (), caps))
      feed.push (gst_event_new_caps (caps));
  }
  /** As fast as the encoder goes, but never as fast that a live one would be late. */
  void keep_pace (GstClockTime time)
  {
    const auto end = std::chrono::steady_clock::now () + std::chrono::milliseconds{40};
    while (pictures.latest () + 200 * GST_MSECOND < time && std::chrono::steady_clock::now () < end)
      std::this_thread::sleep_for (std::chrono::milliseconds{1});
  }
  void push (Feed &feed, const Ref<GstBuffer> &buffer, GstClockTime shift)
  {
    auto copy = adopt (gst_buffer_copy (buffer.get ()));
    GST_BUFFER_PTS (copy.get ()) += shift;
    if (GST_BUFFER_DTS_IS_VALID (copy.get ()))
      GST_BUFFER_DTS (copy.get ()) += shift;
    ck_assert_int_eq (feed.push (copy), GST_FLOW_OK);
  }
  void play (const Scene &scene, const Sound &sound)
  {
    announce (video, scene.track.caps.get ());
    announce (audio, sound.caps.get ());
    programme.push_back ({now + 200 * GST_MSECOND, &scene}); // see encode()
    std::size_t heard = 0;
    for (const auto &buffer : scene.track.buffers) {
      keep_pace (now + GST_BUFFER_PTS (buffer.get ()));
      push (video, buffer, now);
      for (; heard < sound.buffers.size ()
             && GST_BUFFER_PTS (sound.buffers[heard].get ()) + 200 * GST_MSECOND
                    < GST_BUFFER_DTS_OR_PTS (buffer.get ());
           ++heard)
        push (audio, sound.buffers[heard], sound_now);
    }
    for (; heard < sound.buffers.size (); ++heard)
      push (audio, sound.buffers[heard], sound_now);
    now += scene.track.duration () + GST_SECOND / 10; // room for the order of B-frames
    sound_now += sound.duration ();
  }

  /** The number of the picture that is to be shown at @p time. */
  int expected_at (GstClockTime time) const
  {
    for (std::size_t i = programme.size (); i-- > 0;)
      if (time + GST_MSECOND >= programme[i].begin)
        return programme[i].scene->first
               + static_cast<int> (gst_util_uint64_scale_int_round (
                   time + GST_MSECOND - programme[i].begin, programme[i].scene->rate, GST_SECOND));
    return -1;
  }
  void assert_smooth_picture () const;
  void assert_smooth_sound () const;
};

/** All that a browser decodes is what should be shown then, and it never waits for long. */
void
Live::assert_smooth_picture () const
{
  GstClockTime last = GST_CLOCK_TIME_NONE, longest = 0;
  std::size_t shown = 0;
  for (const auto &piece : pictures.pieces ()) {
    ck_assert (!GST_BUFFER_FLAG_IS_SET (piece.buffers[0].get (), GST_BUFFER_FLAG_DELTA_UNIT));
    const auto seen = decode (piece.caps, piece.buffers);
    ck_assert_uint_eq (seen.size (), piece.buffers.size ());
    for (const auto &picture : seen) {
      ck_assert_msg (picture.number == expected_at (picture.pts), "%f s: %d instead of %d",
          static_cast<double> (picture.pts) / 1e9, picture.number, expected_at (picture.pts));
      if (GST_CLOCK_TIME_IS_VALID (last)) {
        ck_assert_uint_gt (picture.pts, last);
        longest = MAX (longest, picture.pts - last);
      }
      last = picture.pts;
      ++shown;
    }
  }
  std::size_t sent = 0;
  for (const auto &part : programme)
    sent += part.scene->track.buffers.size ();
  g_print (
      "%zu of %zu pictures, longest gap %f s\n", shown, sent, static_cast<double> (longest) / 1e9);
  ck_assert_uint_lt (longest, GST_SECOND);
  ck_assert_uint_ge (last + GST_SECOND, now);
}

void
Live::assert_smooth_sound () const
{
  GstClockTime end = GST_CLOCK_TIME_NONE, longest = 0;
  for (const auto &piece : sounds.pieces ())
    for (const auto &buffer : piece.buffers) {
      const auto pts = GST_BUFFER_PTS (buffer.get ());
      if (GST_CLOCK_TIME_IS_VALID (end)) {
        ck_assert_uint_ge (pts + 50 * GST_MSECOND, end);
        longest = MAX (longest, pts > end ? pts - end : 0);
      }
      end = pts + GST_BUFFER_DURATION (buffer.get ());
    }
  g_print ("longest silence %f s\n", static_cast<double> (longest) / 1e9);
  ck_assert_uint_lt (longest, 200 * GST_MSECOND);
  ck_assert_uint_ge (end + GST_SECOND, sound_now);
}

Sound
record_opus ()
{
  return record ("audiotestsrc num-buffers=50 samplesperbuffer=960 ! "
                 "audio/x-raw,rate=48000,channels=2 ! opusenc");
}

Sound
record_mp3 ()
{
  return record ("audiotestsrc num-buffers=42 samplesperbuffer=1152 ! "
                 "audio/x-raw,rate=48000,channels=2 ! lamemp3enc ! mpegaudioparse");
}

START_TEST (everything_changes)
{
  const int usual = slow ? 720 : 180, large = slow ? 1080 : 270, small = slow ? 480 : 90;
  const std::string vp8 =
      "vp8enc deadline=1 cpu-used=8 target-bitrate=3000000 keyframe-max-dist=15";
  const std::string hevc =
      "x265enc speed-preset=ultrafast tune=zerolatency bitrate=3000 key-int-max=15 "
      "! h265parse ! video/x-h265,stream-format=hvc1,alignment=au";
  const Scene scenes[]{film (0, usual, 30, x264 (false)), film (100, usual, 30, x264 (true)),
      film (200, large, 30, x264 (true)), film (300, small, 30, x264 (true)),
      film (400, small, 30, x264 (false)), film (500, usual, 60, x264 (true)),
      film (600, usual, 30, x264 (true)), film (700, usual, 30, vp8),
      film (800, usual, 30, x264 (true)), film (900, usual, 30, hevc),
      film (1000, large, 30, x264 (false)), film (1100, usual, 60, x264 (false))};
  const Sound sounds[]{record_aac (1, 48000, 1), record_aac (1, 48000, 2), record_opus (),
      record_aac (1, 44100, 2), record_mp3 ()};
  Live live;
  for (int i = 0; i <= (slow ? 50 : 20); ++i) {
    const auto at = static_cast<std::size_t> (i);
    live.play (scenes[at % std::size (scenes)], sounds[at % std::size (sounds)]);
    ck_assert_uint_eq (live.transcoder.problems ().size (), 0);
  }
  ck_assert_uint_eq (live.transcoder.errors (), 0);
  live.assert_smooth_picture ();
  live.assert_smooth_sound ();
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  slow = argc > 1;
  return run ("transcode-changes", {everything_changes});
}
