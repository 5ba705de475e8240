// SPDX-License-Identifier: LGPL-2.1-or-later
// Sound through the conversion: in sync whatever the timestamps are like, and as loud as it was.
#include <cmath>
#include <random>

#include "tests/check/transcode/scenery.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

bool slow = false;
constexpr GstClockTime base = 5 * GST_SECOND;
constexpr double frame = 1024.0 / 48000;          ///< of AAC, in seconds
constexpr double voaacenc_delay = 1600.0 / 48000; ///< likewise
/** Caps as a browser knows them: it leaves nothing out at the beginning. */
const char *const bare_opus = "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0";

/** A beep of 10 ms each second. audiotestsrc begins it @p samples before the full second. */
std::string
beeps (int seconds, int rate, int samples)
{
  return "audiotestsrc wave=ticks tick-interval=1000000000 sine-periods-per-tick=10 freq=1000 "
         "samplesperbuffer="
         + std::to_string (samples) + " num-buffers=" + std::to_string (seconds * rate / samples)
         + " ! audio/x-raw,rate=" + std::to_string (rate) + ",channels=2 ! audioconvert ! ";
}

/** 8 s of them, to be played in a loop: 375 frames. */
Track
record_loop ()
{
  auto track =
      record (beeps (24, 48000, 1024) + "voaacenc bitrate=160000 ! audio/mpeg,stream-format=raw");
  track.buffers = {track.buffers.begin () + 375, track.buffers.begin () + 750};
  track.caps = adopt (gst_caps_make_writable (track.caps.release ()));
  gst_caps_set_simple (track.caps.get (), "framed", G_TYPE_BOOLEAN, TRUE, nullptr);
  return track;
}

GstClockTime
clock_time (double seconds)
{
  return static_cast<GstClockTime> (std::llround (seconds * 1e9));
}

/** What full seconds the beeps belong to, which begin so much @p early. */
std::vector<double>
find_beeps (const Heard &heard, double early = frame)
{
  std::vector<double> out;
  const auto step = static_cast<std::size_t> (heard.channels);
  // A decoder's first frame may have lost the beginning of one.
  for (auto i = step * static_cast<std::size_t> (heard.rate) / 10; i < heard.samples.size ();
       i += step)
    if (std::abs (heard.samples[i]) > 0.15f) {
      out.push_back (early + static_cast<double> (heard.begin) / GST_SECOND
                     + static_cast<double> (i / step) / heard.rate);
      i += step * static_cast<std::size_t> (heard.rate) / 2;
    }
  return out;
}

Heard
listen (const Peer &peer)
{
  return decode_sound (adopt (gst_caps_from_string (bare_opus)), peer.buffers ());
}

/** A publisher whose beeps are due at base, base + second, base + 2 second… */
class Publisher
{
public:
  explicit Publisher (Converting &c, double ppm = 0)
      : c_ (c), loop_ (record_loop ()), second_ (1 + ppm * 1e-6)
  {
    c_.feed.start (loop_.caps.get ());
  }
  /** Publishers round to milliseconds. What their encoder delays, they reckon in. */
  template <class Change>
  void play (double seconds, Change change)
  {
    for (const auto end = at_ + static_cast<std::size_t> (seconds / frame); at_ < end; ++at_) {
      const auto due = (static_cast<double> (at_) * frame - voaacenc_delay) * second_;
      const auto stamp = change (static_cast<double> (base) / 1e9 + due);
      if (stamp < 0)
        continue; // lost
      auto copy = adopt (gst_buffer_copy (loop_.buffers[at_ % loop_.buffers.size ()].get ()));
      GST_BUFFER_PTS (copy.get ()) = clock_time (std::round (stamp * 1000) / 1000);
      GST_BUFFER_DURATION (copy.get ()) = GST_CLOCK_TIME_NONE;
      ck_assert_int_eq (c_.feed.push (copy), GST_FLOW_OK);
    }
  }
  void play (double seconds)
  {
    play (seconds, [] (double stamp) { return stamp; });
  }
  /** As AAC frames are: that many. */
  double time () const { return static_cast<double> (at_) * frame; }
  void skip (double seconds) { at_ += static_cast<std::size_t> (std::llround (seconds / frame)); }

  /** How far the worst beep of those that came since the last call is off; at least so many came.
   */
  double offset (int least)
  {
    const auto heard = listen (c_.peer);
    c_.peer.clear ();
    ck_assert (heard.gapless);
    double worst = 0;
    const auto found = find_beeps (heard);
    ck_assert_msg (static_cast<int> (found.size ()) >= least,
        "%zu beeps in %f s from %f s: %f, %f …", found.size (),
        static_cast<double> (heard.samples.size ()) / heard.channels / heard.rate,
        static_cast<double> (heard.begin) / 1e9, found.size () > 1 ? found[0] : 0,
        found.size () > 1 ? found[1] : 0);
    for (const auto beep : found) {
      const auto count = (beep - static_cast<double> (base) / 1e9) / second_;
      worst = MAX (worst, std::abs (count - std::round (count)));
    }
    return worst;
  }

private:
  Converting &c_;
  const Track loop_;
  const double second_;
  std::size_t at_ = 0;
};

constexpr double bound = 0.020;

START_TEST (a_sound_card_that_is_off)
{
  for (const double ppm : {500.0, -500.0}) {
    Converting c;
    Publisher publisher (c, ppm);
    for (int minute = 0; minute < (slow ? 60 : 2); ++minute) {
      publisher.play (60);
      const auto off = publisher.offset (58);
      ck_assert_msg (off < bound, "%f ppm, minute %d: %f", ppm, minute, off);
    }
    ck_assert_uint_eq (c.transcoder.problems ().size (), 0);
  }
}
END_TEST

START_TEST (in_sync_from_the_first_beep)
{
  Converting c;
  Publisher publisher (c);
  publisher.play (8);
  const auto off = publisher.offset (7);
  ck_assert_msg (off < 0.004, "%f", off);
}
END_TEST

/** What the coder delays, in samples, is in the stamps, as of any publisher. */
START_TEST (other_codecs_are_in_sync)
{
  const struct
  {
    const char *encoder;
    int rate, samples, delay;
  } formats[]{{"audio/x-raw,format=S16LE", 48000, 480, 0},
      {"audio/x-raw,format=S16LE", 44100, 441, 0},
      {"lamemp3enc ! mpegaudioparse", 48000, 1152, 1105},
      {"voaacenc ! aacparse ! audio/mpeg,stream-format=adts", 44100, 1024, 1600}};
  for (const auto &format : formats) {
    auto track = record (beeps (6, format.rate, format.samples) + format.encoder);
    const auto delay = clock_time (format.delay * 1.0 / format.rate);
    for (auto &buffer : track.buffers)
      GST_BUFFER_PTS (buffer.get ()) += base - delay;
    Converting c;
    ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
    const auto found =
        find_beeps (listen (c.peer), static_cast<double> (format.samples) / format.rate);
    ck_assert_uint_ge (found.size (), 4);
    for (const auto beep : found)
      ck_assert_msg (std::abs (beep - std::round (beep)) < 0.004, "%s: %f", format.encoder, beep);
  }
}
END_TEST

START_TEST (jittery_stamps)
{
  Converting c;
  Publisher publisher (c);
  std::mt19937 random (5);
  std::uniform_real_distribution<double> noise (-0.010, 0.010);
  publisher.play (60, [&] (double stamp) { return stamp + noise (random); });
  const auto off = publisher.offset (58);
  ck_assert_msg (off < bound, "%f", off);
}
END_TEST

START_TEST (lost_frames)
{
  Converting c;
  Publisher publisher (c);
  int count = 0;
  publisher.play (60, [&] (double stamp) { // but none of those with a beep
    const auto place = stamp - std::floor (stamp);
    ++count;
    return place > 0.1 && place < 0.8 && (count % 40 == 7 || count % 200 < 5) ? -1 : stamp;
  });
  const auto off = publisher.offset (58);
  ck_assert_msg (off < bound, "%f", off);
}
END_TEST

/** The same moment twice: as when a publisher's clock is set back a little. */
START_TEST (overlaps)
{
  Converting c;
  Publisher publisher (c);
  double shift = 0;
  int count = 0;
  publisher.play (60, [&] (double stamp) {
    shift += ++count % 300 == 0 ? (count % 600 == 0 ? 0.1 : -0.1) : 0;
    return stamp + shift;
  });
  const auto heard = listen (c.peer);
  ck_assert (heard.gapless);
  const auto length = static_cast<double> (heard.samples.size () / 2) / heard.rate;
  ck_assert_double_eq_tol (length, 60 + shift, 0.1);
}
END_TEST

START_TEST (silence_while_nothing_comes)
{
  Converting c;
  Publisher publisher (c);
  publisher.play (5);
  for (int i = 0; i < 6; ++i, publisher.skip (0.512)) // 24 frames
    c.feed.push (gst_event_new_gap (
        base + clock_time (publisher.time () - voaacenc_delay), 512 * GST_MSECOND));
  publisher.play (5);
  const auto heard = listen (c.peer);
  ck_assert (heard.gapless);
  ck_assert_double_eq_tol (
      static_cast<double> (heard.samples.size () / 2) / heard.rate, 13.07, 0.15);
  for (const auto beep : find_beeps (heard))
    ck_assert_msg (std::abs (beep - std::round (beep)) < bound, "%f", beep);
}
END_TEST

/** Of one channel, in decibels, without its beginning and end. */
double
loudness (const Heard &heard, int channel)
{
  double sum = 0;
  std::size_t count = 0;
  const auto step = static_cast<std::size_t> (heard.channels);
  const auto margin = static_cast<std::size_t> (heard.rate / 4) * step;
  for (auto i = margin + static_cast<std::size_t> (channel); i + margin < heard.samples.size ();
       i += step) {
    sum += heard.samples[i] * heard.samples[i];
    ++count;
  }
  return 10 * std::log10 (sum / static_cast<double> (count) + 1e-12);
}

Heard
converted (const Track &track)
{
  Converting c;
  ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  auto out = listen (c.peer);
  ck_assert (out.gapless);
  ck_assert_int_eq (out.channels, 2);
  return out;
}

Track
record_saw (const std::string &caps, const char *encoder)
{
  return record (
      "audiotestsrc wave=saw freq=220 volume=0.3 num-buffers=150 samplesperbuffer=1024 ! "
      "audio/x-raw,"
      + caps + " ! audioconvert ! " + encoder);
}

START_TEST (as_loud_as_it_was)
{
  for (const auto &[caps, encoder] :
      {std::pair ("rate=48000,channels=2", "voaacenc bitrate=192000"),
          {"rate=44100,channels=2", "voaacenc bitrate=192000"},
          {"rate=44100,channels=2", "lamemp3enc target=bitrate bitrate=192 ! mpegaudioparse"},
          {"rate=48000,channels=1", "voaacenc bitrate=96000"}}) {
    const auto track = record_saw (caps, encoder);
    const auto before = decode_sound (track.caps, track.buffers), after = converted (track);
    for (int channel = 0; channel < 2; ++channel) {
      const auto was = loudness (before, channel % before.channels), is = loudness (after, channel);
      g_print ("%s %s: %f -> %f dB\n", caps, encoder, was, is);
      ck_assert_msg (std::abs (was - is) < 0.5, "%s: %f and %f dB", caps, was, is);
    }
  }
}
END_TEST

/** Of 5.1 everything but the bass effects is heard, on its side, and nothing is clipped. */
START_TEST (surround_is_mixed_down)
{
  constexpr struct
  {
    int channel;
    bool left, right;
  } places[]{
      {0, true, false}, {1, false, true}, {2, true, true}, {4, true, false}, {5, false, true}};
  for (const auto &place : places) {
    std::string matrix = "<";
    for (int out = 0; out < 6; ++out)
      matrix += std::string (out > 0 ? "," : "") + "<(float)"
                + (out == place.channel ? "1.0" : "0.0") + ">";
    const auto track = record (
        "audiotestsrc wave=sine freq=700 num-buffers=150 samplesperbuffer=1024 ! "
        "audio/x-raw,rate=48000,channels=1,format=F32LE ! audioconvert mix-matrix=\""
        + matrix
        + ">\" ! audio/x-raw,format=F32LE,channels=6,channel-mask=(bitmask)0x3f ! avenc_aac "
          "bitrate=384000");
    const auto heard = converted (track);
    const auto left = loudness (heard, 0), right = loudness (heard, 1);
    ck_assert_msg ((left > -25) == place.left && (right > -25) == place.right,
        "channel %d: %f, %f dB", place.channel, left, right);
  }
}
END_TEST

START_TEST (the_source_changes)
{
  Converting c;
  GstClockTime at = base;
  for (const auto &[rate, channels] : {std::pair (48000, 1), {48000, 2}, {44100, 2}, {44100, 1}}) {
    auto track = record_aac (3, rate, channels);
    for (auto &buffer : track.buffers)
      GST_BUFFER_PTS (buffer.get ()) += at;
    at += track.duration ();
    if (c.peer.count () > 0)
      c.feed.push (gst_event_new_caps (track.caps.get ()));
    ck_assert_int_eq (c.feed.push (track), GST_FLOW_OK);
  }
  GstClockTime end = GST_CLOCK_TIME_NONE;
  for (const auto &buffer : c.peer.buffers ()) {
    const auto pts = GST_BUFFER_PTS (buffer.get ());
    if (GST_CLOCK_TIME_IS_VALID (end))
      ck_assert_msg (distance (pts, end) < 45 * GST_MSECOND && pts + GST_MSECOND >= end,
          "%f, not %f", static_cast<double> (pts) / 1e9, static_cast<double> (end) / 1e9);
    end = pts + GST_BUFFER_DURATION (buffer.get ());
  }
  ck_assert_int_le (distance (end, at), 60 * GST_MSECOND);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  slow = argc > 1;
  return run ("transcode-sound",
      {a_sound_card_that_is_off, in_sync_from_the_first_beep, other_codecs_are_in_sync,
          jittery_stamps, lost_frames, overlaps, silence_while_nothing_comes, as_loud_as_it_was,
          surround_is_mixed_down, the_source_changes});
}
