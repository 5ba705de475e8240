// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/rtcp.hpp"

#include <algorithm>
#include <string>

#include "tests/unit/suite.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** One RTCP packet; the length field is right. */
Bytes
packet (unsigned type, unsigned count, const std::vector<std::uint32_t> &words)
{
  Bytes out;
  Writer writer (out);
  writer.u8 (static_cast<std::uint8_t> (0x80 | count));
  writer.u8 (static_cast<std::uint8_t> (type));
  writer.u16 (static_cast<std::uint16_t> (words.size ()));
  for (const auto word : words)
    writer.u32 (word);
  return out;
}

Bytes
operator+ (Bytes a, const Bytes &b)
{
  a.insert (a.end (), b.begin (), b.end ());
  return a;
}

const Bytes nack = packet (205, 1, {1, 22, 0x00640005, 0xffff8001});
const Bytes pli = packet (206, 1, {1, 33});
const Bytes fir = packet (206, 4, {1, 0, 44, 0x07000000, 55, 0x08000000});
const Bytes receiver_report =
    packet (201, 2, {1, 22, 0x40fffffe, 70000, 90, 0x12345678, 65536, 33, 0x00000003, 7, 8, 9, 10});
const Bytes sender_report = packet (200, 1, {1, 2, 3, 4, 5, 6, 22, 0, 0, 0, 0, 0});
const Bytes bye = packet (203, 2, {11, 12, 0x03627965});
const Bytes sdes = packet (202, 1, {1, 0x01026869, 0});

template <class T>
const T &
only (const std::vector<RtcpEvent> &events)
{
  ck_assert_uint_eq (events.size (), 1);
  ck_assert (std::holds_alternative<T> (events[0]));
  return *std::get_if<T> (&events[0]);
}

std::size_t
lost_in (const std::vector<RtcpEvent> &events)
{
  std::size_t lost = 0;
  for (const auto &event : events)
    if (const auto n = std::get_if<Nack> (&event))
      lost += n->lost.size ();
  return lost;
}

} // namespace

START_TEST (reads_nacks)
{
  const auto events = parse_rtcp (nack);
  const auto &event = only<Nack> (events);
  ck_assert_uint_eq (event.media_ssrc, 22);
  // 100 with bits 0 and 2; 65535 with bits 0 and 15, over the wrap.
  const std::vector<std::uint16_t> expected = {100, 101, 103, 65535, 0, 15};
  ck_assert (event.lost == expected);
}
END_TEST

START_TEST (reads_keyframe_requests)
{
  ck_assert_uint_eq (only<KeyframeRequest> (parse_rtcp (pli)).media_ssrc, 33);
  const auto events = parse_rtcp (fir);
  ck_assert_uint_eq (events.size (), 2);
  ck_assert_uint_eq (std::get_if<KeyframeRequest> (&events[0])->media_ssrc, 44);
  ck_assert_uint_eq (std::get_if<KeyframeRequest> (&events[1])->media_ssrc, 55);
}
END_TEST

START_TEST (reads_reports)
{
  const auto events = parse_rtcp (receiver_report);
  ck_assert_uint_eq (events.size (), 2);
  const auto &first = *std::get_if<ReceptionReport> (&events[0]);
  ck_assert_uint_eq (first.media_ssrc, 22);
  ck_assert_uint_eq (first.fraction_lost, 0x40);
  ck_assert_int_eq (first.cumulative_lost, -2);
  ck_assert_uint_eq (first.jitter, 90);
  ck_assert_uint_eq (first.last_sr, 0x12345678);
  ck_assert_uint_eq (first.delay_since_last_sr, 65536);
  const auto &second = *std::get_if<ReceptionReport> (&events[1]);
  ck_assert_uint_eq (second.media_ssrc, 33);
  ck_assert_int_eq (second.cumulative_lost, 3);
  ck_assert_uint_eq (only<ReceptionReport> (parse_rtcp (sender_report)).media_ssrc, 22);
  ck_assert (parse_rtcp (packet (201, 0, {1})).empty ());
}
END_TEST

START_TEST (reads_goodbyes)
{
  const auto events = parse_rtcp (bye);
  ck_assert_uint_eq (events.size (), 2);
  ck_assert_uint_eq (std::get_if<Goodbye> (&events[1])->ssrc, 12);
  ck_assert (parse_rtcp (packet (203, 0, {})).empty ());
}
END_TEST

START_TEST (reads_compounds)
{
  const auto events = parse_rtcp (receiver_report + sdes + nack + pli + bye);
  ck_assert_uint_eq (events.size (), 2 + 1 + 1 + 2);
  ck_assert (std::holds_alternative<Nack> (events[2]));
  ck_assert (std::holds_alternative<KeyframeRequest> (events[3]));
}
END_TEST

START_TEST (skips_what_it_does_not_know)
{
  const auto unknown = packet (207, 0, {1, 2, 3}) + packet (205, 15, {1, 2, 3})
                       + packet (206, 15, {1, 2}) + packet (204, 0, {})
                       + packet (255, 31, {0xffffffff});
  ck_assert_uint_eq (parse_rtcp (unknown + pli).size (), 1);
}
END_TEST

START_TEST (padding)
{
  auto padded = packet (206, 1, {1, 33, 4});
  padded[0] |= 0x20;
  ck_assert_uint_eq (only<KeyframeRequest> (parse_rtcp (padded)).media_ssrc, 33);
  ck_assert (parse_rtcp (padded + pli).empty ()); // only the last packet may have any
  for (const std::uint8_t size : {0, 13, 255}) {
    auto lying = padded;
    lying.back () = size;
    ck_assert (parse_rtcp (lying).empty ());
  }
  auto nothing = packet (203, 0, {});
  nothing[0] |= 0x20;
  ck_assert (parse_rtcp (nothing).empty ());
}
END_TEST

START_TEST (cut_at_every_byte)
{
  for (const auto &whole : {nack, pli, fir, receiver_report, sender_report, bye, sdes}) {
    const auto before = parse_rtcp (pli).size ();
    for (std::size_t size = 0; size < whole.size (); ++size) {
      ck_assert (parse_rtcp (ByteView (whole).first (size)).empty ());
      // What came before it is kept.
      const auto compound =
          pli + Bytes (whole.begin (), whole.begin () + static_cast<std::ptrdiff_t> (size));
      ck_assert_uint_eq (parse_rtcp (compound).size (), before);
    }
    // The same with a length field that is right for what is left: too short for what it claims.
    for (std::size_t words = 0; words + 1 < whole.size () / 4; ++words) {
      auto shorter = whole;
      shorter.resize (4 + 4 * words);
      put_u16 (&shorter[2], static_cast<std::uint16_t> (words));
      ck_assert_uint_le (parse_rtcp (shorter).size (), parse_rtcp (whole).size ());
    }
  }
}
END_TEST

START_TEST (claims_more_than_it_has)
{
  for (const unsigned type : {200, 201, 203}) {
    auto lying = packet (type, 31, {1, 2, 3, 4, 5, 6});
    ck_assert_uint_le (parse_rtcp (lying + pli).size (), 6);
  }
  ck_assert (parse_rtcp (packet (205, 1, {1})).empty ());
  ck_assert (parse_rtcp (packet (206, 1, {1})).empty ());
  ck_assert (parse_rtcp (packet (206, 4, {1, 0, 44})).empty ());
  ck_assert (parse_rtcp (packet (205, 1, {1, 2})).empty ());
  for (const unsigned version : {0, 0x40, 0xc0}) {
    auto other = pli;
    other[0] = static_cast<std::uint8_t> (version | 1);
    ck_assert (parse_rtcp (other).empty ());
  }
  Bytes longest = pli;
  put_u16 (&longest[2], 0xffff);
  ck_assert (parse_rtcp (longest).empty ());
}
END_TEST

START_TEST (counts_are_bounded)
{
  std::vector<std::uint32_t> pairs (16000, 0x0001ffff);
  pairs[0] = 1;
  ck_assert_uint_eq (lost_in (parse_rtcp (packet (205, 1, pairs))), 256);
  Bytes many;
  for (int i = 0; i < 200; ++i)
    many = many + nack;
  const auto events = parse_rtcp (many);
  ck_assert_uint_le (events.size (), 64);
  ck_assert_uint_le (lost_in (events), 256);
  Bytes plis;
  for (int i = 0; i < 1000; ++i)
    plis = plis + pli;
  ck_assert_uint_eq (parse_rtcp (plis).size (), 64);
  std::vector<std::uint32_t> targets (2002, 7);
  ck_assert_uint_eq (parse_rtcp (packet (206, 4, targets)).size (), 64);
}
END_TEST

START_TEST (writes_sender_reports)
{
  for (const std::size_t size : {0, 1, 2, 3, 4, 5, 255, 300}) {
    Bytes out;
    write_sender_report (
        {0x11223344, 0x0102030405060708, 0x99aabbcc, 5, 6}, std::string (size, 'n'), out);
    ck_assert_uint_eq (out.size () % 4, 0);
    Reader reader (out);
    ck_assert_uint_eq (reader.u32 (), 0x80c80006);
    ck_assert_uint_eq (reader.u32 (), 0x11223344);
    ck_assert (reader.u64 () == 0x0102030405060708);
    ck_assert_uint_eq (reader.u32 (), 0x99aabbcc);
    ck_assert_uint_eq (reader.u32 (), 5);
    ck_assert_uint_eq (reader.u32 (), 6);
    ck_assert_uint_eq (reader.u16 (), 0x81ca);
    const auto words = reader.u16 ();
    ck_assert_uint_eq (reader.remaining (), 4u * words);
    ck_assert_uint_eq (reader.u32 (), 0x11223344);
    ck_assert_uint_eq (reader.u8 (), 1);
    const auto length = reader.u8 ();
    ck_assert_uint_eq (length, std::min<std::size_t> (size, 255));
    ck_assert (text (reader.take (length)) == std::string (length, 'n'));
    const auto end = reader.rest ();
    ck_assert_uint_ge (end.size (), 1);
    ck_assert_uint_le (end.size (), 4);
    ck_assert (std::ranges::all_of (end, [] (std::uint8_t b) { return b == 0; }));
  }
}
END_TEST

START_TEST (writes_goodbyes)
{
  Bytes out;
  write_goodbye (77, out);
  ck_assert_uint_eq (only<Goodbye> (parse_rtcp (out)).ssrc, 77);
}
END_TEST

int
main ()
{
  return test::run (
      "rtcp", {reads_nacks, reads_keyframe_requests, reads_reports, reads_goodbyes, reads_compounds,
                  skips_what_it_does_not_know, padding, cut_at_every_byte, claims_more_than_it_has,
                  counts_are_bounded, writes_sender_reports, writes_goodbyes});
}
