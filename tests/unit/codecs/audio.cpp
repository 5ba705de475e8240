// SPDX-License-Identifier: LGPL-2.1-or-later
// Headers of sound: what they say, and what is none.
#include "libs/codecs/audio.hpp"

#include "tests/unit/codecs/recorded.hpp"
#include "tests/unit/codecs/writer.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::codecs;
using namespace stagedoor::test;

START_TEST (aac)
{
  constexpr unsigned rates[] = {
      96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};
  constexpr unsigned channels[] = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0};
  for (unsigned index = 0; index < 16; ++index)
    for (unsigned layout = 0; layout < 16; ++layout) {
      const auto bytes = BitWriter ().u (5, 2).u (4, index).u (4, layout).u (27, 0).bytes ();
      const auto setup = read_aac_setup (bytes);
      ck_assert (setup.has_value () == (index < std::size (rates)));
      if (!setup)
        continue;
      ck_assert_uint_eq (setup->object_type, 2);
      ck_assert_uint_eq (setup->rate, rates[index]);
      ck_assert_uint_eq (setup->channels, channels[layout]);
    }
}
END_TEST

START_TEST (aac_with_own_rate)
{
  const auto rate = [] (std::uint32_t own) {
    const auto setup =
        read_aac_setup (BitWriter ().u (5, 2).u (4, 15).u (24, own).u (4, 2).u (3, 0).bytes ());
    return setup ? setup->rate : 0;
  };
  ck_assert_uint_eq (rate (37800), 37800);
  ck_assert_uint_eq (rate (7350), 7350);
  ck_assert_uint_eq (rate (96000), 96000);
  ck_assert_uint_eq (rate (7349), 0);
  ck_assert_uint_eq (rate (96001), 0);
  ck_assert_uint_eq (rate (0), 0);
}
END_TEST

START_TEST (aac_with_more)
{
  const auto sbr = read_aac_setup (BitWriter ().u (5, 5).u (4, 6).u (4, 1).u (4, 3).bytes ());
  ck_assert (sbr && sbr->rate == 48000 && sbr->channels == 1);
  const auto ps = read_aac_setup (BitWriter ().u (5, 29).u (4, 6).u (4, 1).u (4, 3).bytes ());
  ck_assert (ps && ps->rate == 48000 && ps->channels == 2);
  const auto usac = read_aac_setup (BitWriter ().u (5, 31).u (6, 10).u (4, 3).u (4, 2).bytes ());
  ck_assert (usac && usac->object_type == 42 && usac->rate == 48000);
  ck_assert (!read_aac_setup (Bytes{0x2b, 0x08})); // the other rate is cut off
  ck_assert (!read_aac_setup ({}));
}
END_TEST

START_TEST (mp3)
{
  struct Case
  {
    const char *hex;
    unsigned version, rate, channels;
  };
  for (const auto &[hex, version, rate, channels] :
      {Case{"fffb9064", 1, 44100, 2}, {"fffb94c4", 1, 48000, 1}, {"fffa9864", 1, 32000, 2},
          {"fff38064", 2, 22050, 2}, {"fff384c4", 2, 24000, 1}, {"ffe38864", 3, 8000, 2}}) {
    const auto header = read_mp3_header (from_hex (hex));
    ck_assert_msg (header && header->version == version && header->rate == rate
                       && header->channels == channels,
        "%s", hex);
  }
  for (const char *bad : {"", "fffb90", "fefb9064", "ffdb9064", "ffeb9064", "fffd9064", "fff99064",
           "fffff064", "fffbf064", "fffb9c64"})
    ck_assert_msg (!read_mp3_header (from_hex (bad)), "%s", bad);
}
END_TEST

START_TEST (opus)
{
  const auto bytes = from_hex ("4f707573486561640106380180bb0000fe7f010402000401020305");
  const auto head = read_opus_head (bytes);
  ck_assert (head.has_value ());
  ck_assert_uint_eq (head->channels, 6);
  ck_assert_uint_eq (head->pre_skip, 312);
  ck_assert_uint_eq (head->input_rate, 48000);
  ck_assert_uint_eq (head->gain, 0x7ffe);
  ck_assert_uint_eq (head->mapping_family, 1);
  ck_assert_uint_eq (head->mapping.size (), 8);
  for (std::size_t n = 0; n < bytes.size (); ++n)
    ck_assert (!read_opus_head (ByteView (bytes).first (n)));
}
END_TEST

int
main ()
{
  return run ("audio", {aac, aac_with_own_rate, aac_with_more, mp3, opus});
}
