// SPDX-License-Identifier: LGPL-2.1-or-later
// Opus and AAC: which of them a peer gets, in what form, in time, and at what rate.
#include <cmath>

#include "tests/check/transcode/player.hpp"

using namespace stagedoor;
using namespace stagedoor::test;

namespace {

constexpr const char *hls = "audio/mpeg,mpegversion=4,stream-format=raw,framed=true";
constexpr gsize opus_length = 8, aac_length = opus_length + 2;

/** Like record(), and says that it is framed, as the gate does. */
Track
record_sound (const std::string &launch)
{
  auto track = record (launch);
  track.caps = adopt (gst_caps_make_writable (track.caps.release ()));
  gst_caps_set_simple (track.caps.get (), "framed", G_TYPE_BOOLEAN, TRUE, nullptr);
  return track;
}

Track
record_opus (int seconds, int channels = 2)
{
  return record ("audiotestsrc samplesperbuffer=960 num-buffers=" + std::to_string (seconds * 50)
                 + " ! audio/x-raw,rate=48000,channels=" + std::to_string (channels)
                 + " ! opusenc");
}

Track
record_mp3 (int seconds)
{
  return record_sound (
      "audiotestsrc samplesperbuffer=1152 num-buffers=" + std::to_string (seconds * 44100 / 1152)
      + " ! audio/x-raw,rate=44100,channels=2 ! lamemp3enc ! mpegaudioparse");
}

/** One source, and one peer. */
struct Sound
{
  Transcoder transcoder;
  Feed feed{transcoder.element (), "audio"};
  Ref<GstPad> pad = transcoder.request ("audio_%u");
  Peer peer;

  explicit Sound (const std::string &caps, const char *rendition = nullptr) : peer (caps)
  {
    if (rendition != nullptr)
      g_object_set (pad.get (), "rendition", rendition, nullptr);
    peer.link (pad.get ());
  }
  void play (const Track &track)
  {
    ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
    feed.push (gst_event_new_eos ());
    ck_assert_uint_eq (transcoder.errors (), 0);
  }
  /** @p type of its current caps' @p name. */
  template <class T>
  T field (const char *name, gboolean (*get) (const GstStructure *, const char *, T *)) const
  {
    T out{};
    const auto caps = adopt (gst_pad_get_current_caps (peer.pad ()));
    ck_assert (caps);
    get (gst_caps_get_structure (caps.get (), 0), name, &out);
    return out;
  }
  int number (const char *name) const { return field<gint> (name, gst_structure_get_int); }
  double bits_per_second () const
  {
    double bytes = 0;
    for (const auto &buffer : peer.buffers ())
      bytes += static_cast<double> (gst_buffer_get_size (buffer.get ()));
    return bytes * 8 / (static_cast<double> (peer.duration ()) / GST_SECOND);
  }
};

START_TEST (hls_peer_gets_aac_of_opus)
{
  const auto track = record_opus (2);
  Sound sound (hls);
  sound.play (track);
  assert_text (sound.peer.media_type (), "audio/mpeg");
  ck_assert_int_eq (sound.number ("mpegversion"), 4);
  ck_assert_int_eq (sound.number ("rate"), 48000);
  ck_assert_int_eq (sound.number ("channels"), 2);
  const auto caps = adopt (gst_pad_get_current_caps (sound.peer.pad ()));
  ck_assert (gst_structure_has_field (gst_caps_get_structure (caps.get (), 0), "codec_data"));
  ck_assert_int_le (distance (sound.peer.duration (), track.duration ()), 80 * GST_MSECOND);
  assert_text (
      decision_of (sound.pad.get ()), "transcoding, because the peer does not take audio/x-opus");
  ck_assert_uint_eq (sound.transcoder.problems ().size (), 0);
  const auto played = play (sound.peer, sound.peer.buffers (), "avdec_aac");
  ck_assert (played.power (48000, 72000) > 0.1); // a sine of 0.8
}
END_TEST

START_TEST (aac_passes_and_mp3_becomes_aac)
{
  Sound passing (hls);
  passing.play (record_aac (1));
  assert_text (decision_of (passing.pad.get ()), "passed through");
  const auto track = record_mp3 (1);
  Sound sound (hls);
  sound.play (track);
  ck_assert_int_eq (sound.number ("mpegversion"), 4);
  ck_assert_int_eq (sound.number ("rate"), 44100); // nothing is resampled without need
  ck_assert_int_le (distance (sound.peer.duration (), track.duration ()), 120 * GST_MSECOND);
}
END_TEST

START_TEST (as_the_caps_of_the_peer_say)
{
  const auto track = record_opus (1);
  const struct
  {
    const char *caps;
    int rate, channels;
    const char *format;
  } forms[]{{"audio/mpeg,mpegversion=4,stream-format=adts", 48000, 2, "adts"},
      {"audio/mpeg,mpegversion=4,stream-format={adts,raw}", 48000, 2, "raw"},
      {"audio/mpeg,mpegversion=4,rate=44100,channels=1", 44100, 1, "raw"},
      {"audio/mpeg,mpegversion=4,rate=[8000,32000]", 32000, 2, "raw"},
      {"audio/mpeg,mpegversion={2,4}", 48000, 2, "raw"}};
  for (const auto &[caps, rate, channels, format] : forms) {
    Sound sound (caps);
    sound.play (track);
    ck_assert_uint_gt (sound.peer.count (), 10);
    ck_assert_int_eq (sound.number ("rate"), rate);
    ck_assert_int_eq (sound.number ("channels"), channels);
    const auto now = adopt (gst_pad_get_current_caps (sound.peer.pad ()));
    ck_assert_str_eq (
        gst_structure_get_string (gst_caps_get_structure (now.get (), 0), "stream-format"), format);
  }
  Sound mono ("audio/x-opus,channels=1");
  mono.play (record_aac (1));
  ck_assert_int_eq (mono.number ("channels"), 1);
}
END_TEST

START_TEST (what_nobody_makes)
{
  for (const char *caps : {"audio/mpeg,mpegversion=1", "audio/mpeg,mpegversion=4,channels=6",
           "audio/mpeg,mpegversion=4,rate=7350", "audio/x-ac3", "audio/x-opus,channels=8"}) {
    Sound sound (caps);
    sound.play (record_opus (1));
    ck_assert_uint_eq (sound.peer.count (), 0);
    ck_assert_msg (!problem_of (sound.pad.get ()).empty (), "%s", caps);
  }
  Sound other ("audio/mpeg,mpegversion=4", "opus");
  other.play (record_opus (1));
  ck_assert_uint_eq (other.peer.count (), 0);
}
END_TEST

START_TEST (as_the_pad_is_told)
{
  const char *any = "audio/x-opus;audio/mpeg,mpegversion=4";
  Sound aac (any, "aac@64k"), opus_again (any, "audio=opus@24k"), as_it_is (any, "source"),
      mono (any, "codec=aac,ch=1,b=48k");
  const auto track = record_opus (4);
  for (auto *sound : {&aac, &opus_again, &as_it_is, &mono})
    sound->play (track);
  assert_text (aac.peer.media_type (), "audio/mpeg");
  assert_text (
      decision_of (aac.pad.get ()), "transcoding, because the source is opus and aac is wanted");
  assert_text (
      decision_of (opus_again.pad.get ()), "transcoding, because a bit rate of its own is wanted");
  assert_text (decision_of (as_it_is.pad.get ()), "passed through");
  ck_assert_int_eq (mono.number ("channels"), 1);
  ck_assert_uint_eq (opus_again.transcoder.problems ().size (), 0);
}
END_TEST

START_TEST (bit_rates)
{
  const auto track = record ("audiotestsrc wave=pink-noise samplesperbuffer=960 num-buffers=200 ! "
                             "audio/x-raw,rate=48000,channels=2 ! opusenc bitrate=128000");
  for (const auto &[rendition, wanted] : {std::pair ("aac@64k", 64e3), {"aac", 128e3},
           {"aac@192k", 192e3}, {"opus@32k", 32e3}, {"codec=opus,b=64k", 64e3}}) {
    Sound sound ("audio/x-opus;audio/mpeg,mpegversion=4", rendition);
    sound.play (track);
    const auto got = sound.bits_per_second ();
    ck_assert_msg (got > wanted * 0.8 && got < wanted * 1.25, "%s: %f", rendition, got);
  }
}
END_TEST

START_TEST (properties)
{
  Sound sound ("audio/x-opus;audio/mpeg,mpegversion=4");
  g_object_set (sound.pad.get (), "codec", "aac", "bitrate", 96'000u, "channels", 1, nullptr);
  const auto track = record_opus (1);
  ck_assert_int_eq (sound.feed.push (track), GST_FLOW_OK);
  ck_assert_int_eq (sound.number ("channels"), 1);
  for (const char *codec : {"h264", "flac", "", "Opus", "aac "}) {
    g_object_set (sound.pad.get (), "codec", codec, "bitrate", 0u, "channels", 0, nullptr);
    sound.peer.clear ();
    ck_assert_int_eq (sound.feed.push (track), GST_FLOW_OK);
    ck_assert_uint_eq (sound.peer.count (), *codec == '\0' ? track.buffers.size () : 0);
  }
  g_object_set (sound.pad.get (), "codec", "opus", "bitrate", 1u, nullptr); // kept within bounds
  sound.peer.clear ();
  ck_assert_int_eq (sound.feed.push (track), GST_FLOW_OK);
  ck_assert_uint_gt (sound.peer.count (), 20);
  g_object_set (sound.pad.get (), "codec", "aac", "bitrate", 200'000'000u, nullptr);
  sound.peer.clear ();
  ck_assert_int_eq (sound.feed.push (track), GST_FLOW_OK);
  ck_assert_uint_gt (sound.peer.count (), 20);
  ck_assert_uint_eq (sound.transcoder.errors (), 0);
}
END_TEST

START_TEST (each_format_is_made_once)
{
  Transcoder transcoder;
  Feed feed (transcoder.element (), "audio");
  std::vector<std::unique_ptr<Peer>> peers;
  for (const char *caps : {hls, "audio/x-opus", hls, "audio/x-opus"}) {
    peers.push_back (std::make_unique<Peer> (caps));
    peers.back ()->link (transcoder.request ("audio_%u").get ());
  }
  const auto track = record_mp3 (1);
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_le (transcoder.children (), aac_length + opus_length);
  ck_assert_uint_gt (peers[0]->count (), 20);
  ck_assert_uint_gt (peers[1]->count (), 20);
  for (std::size_t i = 0; i < peers[0]->count (); ++i)
    ck_assert_ptr_eq (peers[0]->buffers ()[i].get (), peers[2]->buffers ()[i].get ());
  peers[0]->unlink ();
  peers[2]->unlink ();
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_le (transcoder.children (), opus_length);
  peers[1]->unlink ();
  peers[3]->unlink ();
  ck_assert_int_eq (feed.push (track), GST_FLOW_OK);
  ck_assert_uint_eq (transcoder.children (), 0);
}
END_TEST

START_TEST (peer_goes_from_one_to_the_other)
{
  const auto track = record_mp3 (1);
  Sound sound (opus);
  for (const char *caps : {opus, hls, opus, "audio/mpeg,mpegversion=1", hls}) {
    sound.peer.set_caps (caps);
    sound.peer.clear ();
    ck_assert_int_eq (sound.feed.push (track), GST_FLOW_OK);
    ck_assert_uint_gt (sound.peer.count (), 20);
    assert_text (sound.peer.media_type (), g_str_has_prefix (caps, opus) ? opus : "audio/mpeg");
  }
  ck_assert_uint_eq (sound.transcoder.problems ().size (), 0);
}
END_TEST

/** Mono, 48 kHz, in blocks of 20 ms. */
Track
raw_sound (const std::vector<float> &samples)
{
  Track track;
  track.caps = adopt (
      gst_caps_from_string ("audio/x-raw,format=F32LE,layout=interleaved,rate=48000,channels=1"));
  constexpr std::size_t block = 960;
  for (std::size_t at = 0; at + block <= samples.size (); at += block) {
    auto buffer = adopt (gst_buffer_new_memdup (samples.data () + at, block * sizeof (float)));
    GST_BUFFER_PTS (buffer.get ()) = at / block * 20 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer.get ()) = 20 * GST_MSECOND;
    track.buffers.push_back (std::move (buffer));
  }
  return track;
}

/** A click a second into the stream is to be heard then. */
START_TEST (encoders_are_in_time)
{
  std::vector<float> samples (2 * 48000);
  std::fill_n (samples.begin () + 48000, 24, 0.9f);
  const auto track = raw_sound (samples);
  for (const auto &[caps, rendition, decoder] : {std::tuple (hls, "aac@128k", "avdec_aac"),
           {"audio/mpeg,mpegversion=4,rate=44100", "aac", "avdec_aac"}}) {
    Sound sound (caps, rendition);
    sound.play (track);
    const auto played = play (sound.peer, sound.peer.buffers (), decoder);
    ck_assert_msg (
        std::fabs (played.peak_at () - 1) < 0.002, "%s: %f", rendition, played.peak_at ());
  }
}
END_TEST

/** Sounds that nobody could guess from those before, as in speech. */
std::vector<float>
babble ()
{
  std::vector<float> out (8 * 48000);
  unsigned seed = 1;
  double step = 0;
  for (std::size_t i = 0; i < out.size (); ++i) {
    if (i % 3840 == 0) {
      seed = seed * 1103515245 + 12345;
      step = 2 * G_PI * (110 + seed / 65536 % 200) / 48000;
    }
    const auto at = static_cast<double> (i);
    const auto swell = std::sin (G_PI * static_cast<double> (i % 3840) / 3840);
    for (int harmonic = 1; harmonic < 9; ++harmonic)
      out[i] += static_cast<float> (0.3 * swell * std::sin (at * step * harmonic) / harmonic);
  }
  return out;
}

/** Of what a player makes up for every fifth packet, against what it would have played. */
double
damage (const Peer &peer)
{
  constexpr const char *player = "opusdec use-inband-fec=true plc=true";
  auto buffers = peer.buffers ();
  const auto whole = play (peer, buffers, player);
  for (std::size_t i = 10; i < buffers.size (); i += 5)
    buffers[i] = nullptr;
  const auto holed = play (peer, buffers, player);
  double error = 0;
  const auto count = std::min (whole.samples.size (), holed.samples.size ());
  ck_assert_uint_gt (count, 6 * 48000);
  for (std::size_t i = 0; i < count; ++i)
    error += (whole.samples[i] - holed.samples[i]) * (whole.samples[i] - holed.samples[i]);
  return error / whole.power (0, count) / static_cast<double> (count);
}

START_TEST (speech_is_carried_twice)
{
  const auto track = raw_sound (babble ());
  double errors[2];
  for (const bool carried : {false, true}) {
    Sound sound (
        "audio/x-opus", carried ? "codec=opus,b=32k,ch=1,loss=20" : "codec=opus,b=32k,ch=1");
    sound.play (track);
    errors[carried] = damage (sound.peer);
  }
  ck_assert_msg (errors[1] < errors[0] * 0.7, "%f, and %f without", errors[1], errors[0]);
}
END_TEST

START_TEST (rubbish_in_place_of_sound)
{
  auto track = record_opus (1);
  Sound sound (hls);
  sound.feed.start (track.caps.get ());
  for (int i = 0; i < 300; ++i) {
    auto junk = adopt (gst_buffer_new_allocate (nullptr, static_cast<gsize> (1 + i % 60), nullptr));
    gst_buffer_memset (
        junk.get (), 0, static_cast<guint8> (i * 37), gst_buffer_get_size (junk.get ()));
    GST_BUFFER_PTS (junk.get ()) = static_cast<guint64> (i) * 20 * GST_MSECOND;
    ck_assert_int_eq (sound.feed.push (junk), GST_FLOW_OK);
  }
  ck_assert_uint_eq (sound.transcoder.errors (), 0);
}
END_TEST

} // namespace

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  return run ("transcode-audio-formats",
      {hls_peer_gets_aac_of_opus, aac_passes_and_mp3_becomes_aac, as_the_caps_of_the_peer_say,
          what_nobody_makes, as_the_pad_is_told, bit_rates, properties, each_format_is_made_once,
          peer_goes_from_one_to_the_other, encoders_are_in_time, speech_is_carried_twice,
          rubbish_in_place_of_sound});
}
