// SPDX-License-Identifier: LGPL-2.1-or-later
// Streams as encoders send them: whole, split, joined late, and changing.
#include "tests/unit/mpegts/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using mpegts::Codec;

namespace {

/** NAL units that fill the unit exactly, none a parameter set. */
void
assert_length_prefixed (const Bytes &data, Codec codec)
{
  Reader reader (data);
  while (reader.remaining () > 0) {
    const auto nal = reader.take (reader.u32 ());
    ck_assert (reader.ok () && !nal.empty ());
    const auto type = codec == Codec::h264 ? nal[0] & 31 : nal[0] >> 1 & 63;
    ck_assert (codec == Codec::h264 ? type < 7 : type < 32 || type >= 39);
  }
}

} // namespace

START_TEST (h264_and_aac)
{
  const auto events = demux (load ("h264-aac.mpegts"));
  const auto video = units (events, Codec::h264), audio = units (events, Codec::aac);
  ck_assert_uint_eq (video.size (), 10); // these figures are ffprobe's
  ck_assert_uint_eq (audio.size (), 48);
  for (std::size_t i = 0; i < video.size (); ++i) {
    ck_assert_uint_eq (video[i].dts, 127'920 + 9000 * i);
    ck_assert_uint_eq (video[i].pts, video[i].dts);
    ck_assert (video[i].keyframe == (i % 5 == 0));
    ck_assert (video[i].discontinuity == (i == 0));
    assert_length_prefixed (video[i].data, Codec::h264);
  }
  for (std::size_t i = 0; i < audio.size (); ++i)
    ck_assert_uint_eq (audio[i].pts, 126'000 + 1920 * i);
  ck_assert_uint_eq (audio[0].data.size (), 124 - 7); // without the ADTS header
  ck_assert_uint_eq (setups (events, Codec::h264).size (), 1);
  ck_assert (setups (events, Codec::aac) == std::vector<Bytes>{Bytes ({0x11, 0x88})});
}
END_TEST

START_TEST (reordered_pictures)
{
  const auto video = units (demux (load ("h264-bframes.mpegts")), Codec::h264);
  ck_assert_uint_eq (video.size (), 10);
  for (std::size_t i = 0; i < video.size (); ++i)
    ck_assert_uint_eq (video[i].dts, 126'000 + 9000 * i);
  ck_assert_uint_eq (video[0].pts, 144'000);
  ck_assert_uint_eq (video[2].pts, 153'000);
}
END_TEST

START_TEST (hevc)
{
  const auto events = demux (load ("h265.mpegts"));
  const auto video = units (events, Codec::h265);
  ck_assert_uint_eq (video.size (), 5);
  ck_assert (video[0].keyframe && !video[1].keyframe);
  assert_length_prefixed (video[0].data, Codec::h265);
  const auto setup = setups (events, Codec::h265);
  ck_assert_uint_eq (setup.size (), 1);
  ck_assert_uint_eq (setup[0][0], 1);
  ck_assert_uint_eq (setup[0][1] & 0x1f, 1);   // main profile
  ck_assert_uint_eq (setup[0][16] & 3, 1);     // 4:2:0
  ck_assert_uint_eq (setup[0][17] & 7, 0);     // 8 bits
  ck_assert_uint_eq (setup[0][21] & 3, 3);     // 32-bit lengths
  ck_assert_uint_eq (setup[0][23] & 0x3f, 32); // the VPS comes first
}
END_TEST

START_TEST (opus)
{
  const auto events = demux (load ("opus.mpegts"));
  const auto audio = units (events, Codec::opus);
  ck_assert_uint_eq (audio.size (), 16);
  for (std::size_t i = 0; i < audio.size (); ++i)
    ck_assert_uint_eq (audio[i].pts, 126'000 + 1800 * i);
  const auto setup = setups (events, Codec::opus);
  ck_assert_uint_eq (setup.size (), 1);
  ck_assert (text (setup[0]).starts_with ("OpusHead"));
  ck_assert_uint_eq (setup[0][9], 2);
}
END_TEST

START_TEST (split_anywhere_it_is_the_same)
{
  for (const char *name : {"h264-aac.mpegts", "h265.mpegts", "opus.mpegts"}) {
    const auto whole = load (name);
    const auto wanted = digest (demux (whole));
    for (std::size_t at = 0; at <= whole.size (); ++at) {
      mpegts::Demuxer demuxer;
      Events events;
      ck_assert (demuxer.feed (ByteView (whole).first (at), events).has_value ());
      ck_assert (demuxer.feed (ByteView (whole).subspan (at), events).has_value ());
      demuxer.finish (events);
      ck_assert_msg (digest (events) == wanted, "%s split at %zu", name, at);
    }
  }
}
END_TEST

START_TEST (byte_by_byte_it_is_the_same)
{
  const auto whole = load ("h264-aac.mpegts");
  mpegts::Demuxer demuxer;
  Events events;
  for (const auto &byte : whole)
    ck_assert (demuxer.feed ({&byte, 1}, events).has_value ());
  demuxer.finish (events);
  ck_assert (digest (events) == digest (demux (whole)));
}
END_TEST

START_TEST (without_an_association_table)
{
  const auto whole = load ("h264-aac.mpegts");
  const auto bare = without (whole, [&] (std::size_t i) { return pid_of (whole, i) == 0; });
  ck_assert_uint_lt (bare.size (), whole.size ());
  ck_assert (digest (demux (bare)) == digest (demux (whole)));
}
END_TEST

START_TEST (joined_late_it_begins_with_a_setup)
{
  const auto whole = load ("h264-aac.mpegts");
  for (std::size_t from = 1; from < whole.size () / packet_size; ++from) {
    const auto events = demux (without (whole, [&] (std::size_t i) { return i < from; }));
    std::array<bool, 4> ready{};
    for (const auto &event : events)
      if (const auto *setup = std::get_if<mpegts::Setup> (&event))
        ready[static_cast<std::size_t> (setup->codec)] = true;
      else if (const auto *unit = std::get_if<mpegts::Unit> (&event))
        ck_assert (ready[static_cast<std::size_t> (unit->codec)]);
  }
}
END_TEST

START_TEST (the_map_may_change)
{
  auto both = load ("h264-aac.mpegts");
  const auto next = load ("h265.mpegts");
  both.insert (both.end (), next.begin (), next.end ());
  const auto events = demux (both);
  ck_assert_uint_eq (units (events, Codec::h264).size (), 10);
  ck_assert_uint_eq (units (events, Codec::aac).size (), 48);
  const auto video = units (events, Codec::h265);
  ck_assert_uint_ge (video.size (), 4);
  ck_assert (video[0].discontinuity);
}
END_TEST

START_TEST (encoder_restart_on_the_same_pids)
{
  auto twice = load ("h264-aac.mpegts");
  const auto again = load ("h264-aac.mpegts");
  twice.insert (twice.end (), again.begin (), again.end ());
  const auto video = units (demux (twice), Codec::h264);
  ck_assert_uint_ge (video.size (), 19);
  ck_assert_uint_eq (video.back ().dts, 208'920);
}
END_TEST

int
main (int argc, char **argv)
{
  if (argc != 2)
    return EXIT_FAILURE;
  data_folder = argv[1];
  return run ("demuxer", {h264_and_aac, reordered_pictures, hevc, opus,
                             split_anywhere_it_is_the_same, byte_by_byte_it_is_the_same,
                             without_an_association_table, joined_late_it_begins_with_a_setup,
                             the_map_may_change, encoder_restart_on_the_same_pids});
}
