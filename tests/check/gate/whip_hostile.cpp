// SPDX-License-Identifier: LGPL-2.1-or-later
// What no honest publisher by WHIP sends. Nothing may assert, grow or stop the honest part; runs
// with G_DEBUG=fatal-criticals.
#include <atomic>
#include <random>

#include "tests/check/gate/whip_studio.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using gate::Track;
using webrtc::Codec;

namespace {

std::mt19937 rng (20261124);

std::uint8_t
byte ()
{
  return static_cast<std::uint8_t> (rng ());
}

int
threads ()
{
  GDir *dir = g_dir_open ("/proc/self/task", 0, nullptr);
  int out = 0;
  while (g_dir_read_name (dir) != nullptr)
    ++out;
  g_dir_close (dir);
  return out;
}

Bytes
packet (std::uint8_t type, std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc,
    std::size_t payload)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (0x80);
  writer.u8 (type);
  writer.u16 (sequence);
  writer.u32 (timestamp);
  writer.u32 (ssrc);
  for (std::size_t i = 0; i < payload; ++i)
    out.push_back (byte ());
  return out;
}

/** An honest key frame gets through after @p attack. */
void
survives (Codec codec, const std::function<void (Studio &)> &attack)
{
  Studio studio (plan_of (codec));
  attack (studio);
  assert_text (studio.failure (), "");
  // A source of its own, which is heard once the attacker's has been silent for a second.
  auto honest = audio_packets (20);
  const auto before = studio.frames (Track::audio).size ();
  ck_assert (eventually ([&] {
    for (const auto &p : honest)
      studio.push (p);
    for (auto &p : honest)
      p[2] = static_cast<std::uint8_t> (p[2] + 1); // later numbers
    g_usleep (20'000);
    return studio.frames (Track::audio).size () > before;
  }));
}

constexpr Codec codecs[] = {Codec::h264, Codec::h265, Codec::vp8, Codec::vp9, Codec::av1};
constexpr int codec_count = 5;

} // namespace

START_TEST (noise_as_packets)
{
  survives (codecs[_i], [] (Studio &studio) {
    for (int i = 0; i < 3000; ++i) {
      Bytes noise (rng () % 64);
      for (auto &b : noise)
        b = byte ();
      studio.push (noise);
    }
  });
}
END_TEST

START_TEST (noise_as_payloads)
{
  survives (codecs[_i], [] (Studio &studio) {
    std::uint16_t sequence = 0;
    for (int i = 0; i < 3000; ++i) {
      auto p = packet (video_type, sequence++, static_cast<std::uint32_t> (i / 3) * 3000,
          video_ssrc, rng () % 40);
      p[1] = static_cast<std::uint8_t> (p[1] | (i % 3 == 2 ? 0x80 : 0));
      studio.push (p);
    }
  });
}
END_TEST

START_TEST (sources_without_end_cost_no_threads)
{
  survives (Codec::vp8, [] (Studio &studio) {
    studio.push (packet (video_type, 0, 0, video_ssrc, 20));
    ck_assert (eventually ([&] { return studio.input ().stats ().received == 1; }));
    const auto before = threads ();
    for (std::uint32_t i = 0; i < 5000; ++i) {
      studio.push (packet (video_type, static_cast<std::uint16_t> (i), i, 0x50000000 + i, 20));
      studio.push (packet (rtx_type, static_cast<std::uint16_t> (i), i, 0x60000000 + i, 20));
    }
    studio.push (packet (audio_type, 0, 0, audio_ssrc, 20));
    ck_assert (eventually ([&] { return studio.input ().stats ().received >= 2; }));
    ck_assert_int_le (threads (), before + 4);
  });
}
END_TEST

START_TEST (numbers_and_stamps_that_jump)
{
  survives (Codec::h264, [] (Studio &studio) {
    for (int i = 0; i < 3000; ++i)
      studio.push (packet (video_type, static_cast<std::uint16_t> (rng ()),
          static_cast<std::uint32_t> (rng ()), video_ssrc, 12));
  });
}
END_TEST

START_TEST (headers_that_lie)
{
  survives (Codec::vp8, [] (Studio &studio) {
    for (std::uint16_t i = 0; i < 2000; ++i) {
      auto p = packet (video_type, i, i, video_ssrc, rng () % 30);
      p[0] = static_cast<std::uint8_t> (0x80 | (rng () & 0x3f)); // padding, extension, CSRCs
      if (p.size () > 16 && i % 2 == 0) {
        p[0] = 0x90;
        p[12] = 0xbe;
        p[13] = 0xde;
        p[14] = i % 4 == 0 ? 0xff : 0;
        p[15] = static_cast<std::uint8_t> (rng () % 4);
      }
      studio.push (p);
    }
    studio.push (Bytes{});
    studio.push (Bytes{0x80});
    studio.push (Bytes (10, 0x80));
    Bytes large (65'000, 0);
    large[0] = 0x80;
    large[1] = video_type;
    studio.push (large);
  });
}
END_TEST

/** Each would be a source of rtpbin's for half a minute. */
START_TEST (contributors_without_end)
{
  survives (Codec::vp8, [] (Studio &studio) {
    static std::atomic<int> sources = 0;
    const auto session = g_type_from_name ("RTPSession");
    ck_assert_uint_ne (session, 0);
    const auto signal = g_signal_lookup ("on-new-ssrc", session);
    const auto hook = g_signal_add_emission_hook (
        signal, 0,
        [] (GSignalInvocationHint *, guint, const GValue *, gpointer) -> gboolean {
          ++sources;
          return TRUE;
        },
        nullptr, nullptr);
    constexpr std::uint16_t count = 1000;
    for (std::uint16_t i = 0; i < count; ++i) {
      auto p = packet (video_type, i, i * 3000u, video_ssrc, 80); // 15 contributors and some more
      p[0] |= 15;
      studio.push (p);
    }
    ck_assert (eventually ([&] { return studio.input ().stats ().received == count; }));
    g_signal_remove_emission_hook (signal, hook);
    ck_assert_int_le (sources, 1);
  });
}
END_TEST

START_TEST (retransmissions_of_nothing)
{
  survives (Codec::vp8, [] (Studio &studio) {
    studio.push (packet (video_type, 0, 0, video_ssrc, 20));
    for (std::uint16_t i = 0; i < 2000; ++i)
      studio.push (packet (rtx_type, i, i, rtx_ssrc, i % 5));
  });
}
END_TEST

START_TEST (transport_numbers_that_jump)
{
  survives (Codec::vp8, [] (Studio &studio) {
    for (std::uint16_t i = 0; i < 3000; ++i) {
      auto p = packet (video_type, i, i * 300u, video_ssrc, 0);
      p[0] |= 0x10;
      p[1] |= 0x80;
      Writer writer (p);
      writer.u32 (0xbede0001);
      writer.u8 (0x31);
      writer.u16 (static_cast<std::uint16_t> (rng ()));
      writer.u8 (0);
      writer.u32 (0x10203040);
      studio.push (p);
    }
  });
}
END_TEST

START_TEST (reports_that_lie)
{
  survives (Codec::vp8, [] (Studio &studio) {
    studio.push (packet (video_type, 0, 0, video_ssrc, 20));
    for (int i = 0; i < 2000; ++i) {
      studio.push (sender_report (i % 2 ? video_ssrc : static_cast<std::uint32_t> (rng ()),
          std::uint64_t (rng ()) << 32 | rng (), static_cast<std::uint32_t> (rng ())));
      Bytes noise (4 + rng () % 60);
      for (auto &b : noise)
        b = byte ();
      noise[0] = 0x80 | (noise[0] & 0x3f);
      noise[1] = static_cast<std::uint8_t> (200 + rng () % 8);
      studio.push (noise);
    }
  });
}
END_TEST

START_TEST (a_flood_is_bounded)
{
  Studio studio (plan_of (Codec::vp8));
  const auto large = packet (video_type, 0, 0, video_ssrc, 1400);
  for (int i = 0; i < 100'000; ++i)
    studio.push (large); // returns whatever becomes of it
  ck_assert (eventually ([&] { return studio.input ().stats ().received > 0; }));
  assert_text (studio.failure (), "");
}
END_TEST

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  auto *suite = suite_create ("whip-hostile");
  auto *tcase = tcase_create ("whip-hostile");
  suite_add_tcase (suite, tcase);
  for (const auto *test : {noise_as_packets, noise_as_payloads})
    tcase_add_loop_test (tcase, test, 0, codec_count);
  for (const auto *test : {sources_without_end_cost_no_threads, numbers_and_stamps_that_jump,
           headers_that_lie, contributors_without_end, retransmissions_of_nothing,
           transport_numbers_that_jump, reports_that_lie, a_flood_is_bounded})
    tcase_add_test (tcase, test);
  auto *runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
