// SPDX-License-Identifier: LGPL-2.1-or-later
// What is left out of samples of H.264 and HEVC.
#include "tests/unit/hls/boxes.hpp"
#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;
using namespace stagedoor::test;

namespace {

const Bytes sps = recording (Kind::h264, "baseline"), pps = spaced_hex ("68ebe3cb22c0"),
            idr = spaced_hex ("6588840101"), sei = spaced_hex ("0605010080");

Track
h264 ()
{
  return *read_key_frame (Codec::h264, h264_stream (sps));
}

Bytes
with_lengths (std::initializer_list<ByteView> units, unsigned size = 4)
{
  Bytes out;
  for (const auto unit : units) {
    for (auto i = size; i-- > 0;)
      out.push_back (static_cast<std::uint8_t> (unit.size () >> (8 * i)));
    Writer (out).bytes (unit);
  }
  return out;
}

/** Empty when it isn't taken. */
Bytes
stored (const Track &track, const Bytes &unit)
{
  Bytes out{0xee};
  const bool taken = append_units (track, unit, out);
  ck_assert (out[0] == 0xee && taken == (out.size () > 1));
  return {out.begin () + 1, out.end ()};
}

} // namespace

START_TEST (of_h264)
{
  const auto delimiter = spaced_hex ("09f0"), filler = spaced_hex ("0cffff80");
  const auto expected = with_lengths ({sei, idr});
  ck_assert (stored (h264 (), with_lengths ({delimiter, sps, pps, sei, idr, filler})) == expected);
  ck_assert (stored (h264 (), expected) == expected);
  auto other = sps;
  other[3] = 0x1f;
  const auto changed = with_lengths ({other, idr});
  ck_assert (stored (h264 (), changed) == changed);
}
END_TEST

START_TEST (of_h265)
{
  const auto track = *read_key_frame (
      Codec::h265, h265_stream (recording (Kind::h265, "1080 is a multiple of 8")));
  const auto vps = spaced_hex ("40010c01ffff01600000030090000003000003005d959809"),
             slice = spaced_hex ("2601af"), delimiter = spaced_hex ("460150");
  ck_assert (stored (track, with_lengths ({delimiter, vps, slice})) == with_lengths ({slice}));
}
END_TEST

START_TEST (lengths_of_other_sizes)
{
  for (const unsigned size : {1u, 2u, 4u}) {
    auto track = h264 ();
    track.config[4] = static_cast<std::uint8_t> (0xfc | (size - 1));
    ck_assert (stored (track, with_lengths ({sps, pps, idr}, size)) == with_lengths ({idr}, size));
  }
}
END_TEST

START_TEST (refused)
{
  const auto whole = with_lengths ({sei, idr});
  for (std::size_t n = 0; n < whole.size (); ++n) {
    const Bytes cut (whole.begin (), whole.begin () + static_cast<std::ptrdiff_t> (n));
    ck_assert (stored (h264 (), cut).empty () == (n != 4 + sei.size ()));
  }
  ck_assert (stored (h264 (), with_lengths ({idr, {}})).empty ());
  ck_assert (stored (h264 (), with_lengths ({sps, pps})).empty ());
  ck_assert (stored (h264 (), spaced_hex ("ffffffff65")).empty ());
  ck_assert (stored ({.codec = Codec::h265}, whole).size () > 0); // no setup: 32 bits
}
END_TEST

int
main ()
{
  return run ("units", {of_h264, of_h265, lengths_of_other_sizes, refused});
}
