// SPDX-License-Identifier: LGPL-2.1-or-later
// Loss, damage and malice.
#include "tests/unit/mpegts/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using mpegts::Codec;

namespace {

/** @p payload is at most 184 bytes; shorter ones are stuffed. */
Bytes
packet (unsigned pid, bool start, unsigned counter, const Bytes &payload)
{
  Bytes out = {0x47, static_cast<std::uint8_t> ((start ? 0x40u : 0u) | pid >> 8),
      static_cast<std::uint8_t> (pid),
      static_cast<std::uint8_t> ((payload.size () < 184 ? 0x30u : 0x10u) | (counter & 15u))};
  if (const auto room = 184 - payload.size (); room > 0) {
    out.push_back (static_cast<std::uint8_t> (room - 1));
    if (room > 1)
      out.push_back (0);
    out.resize (packet_size - payload.size (), 0xff);
  }
  out.insert (out.end (), payload.begin (), payload.end ());
  return out;
}

unsigned
map_pid (const Bytes &stream)
{
  for (std::size_t i = 0; i < stream.size () / packet_size; ++i)
    if (pid_of (stream, i) == 0x1000)
      return 0x1000;
  ck_abort_msg ("ffmpeg's map has another PID");
  return 0;
}

/** The tables of h264-aac.mpegts, whose video is on PID 0x100 and audio on 0x101. */
Bytes
tables ()
{
  const auto whole = load ("h264-aac.mpegts");
  const auto map = map_pid (whole);
  bool done = false;
  return without (whole, [&] (std::size_t i) {
    const auto pid = pid_of (whole, i);
    const bool unwanted = done || (pid != 0 && pid != map);
    done = done || pid == map;
    return unwanted;
  });
}

} // namespace

START_TEST (a_lost_packet_costs_its_unit_only)
{
  const auto whole = load ("h264-aac.mpegts");
  const auto all = units (demux (whole), Codec::h264);
  for (std::size_t lost = 0; lost < whole.size () / packet_size; ++lost) {
    const auto events = demux (without (whole, [&] (std::size_t i) { return i == lost; }));
    const auto left = units (events, Codec::h264);
    ck_assert_uint_ge (left.size () + 5, all.size ()); // the first key's loss costs its group
    for (const auto &unit : left) // nothing tells that the very last packet is missing
      ck_assert (unit.dts == all.back ().dts
                 || std::ranges::any_of (all, [&] (const auto &u) { return u.data == unit.data; }));
    ck_assert_uint_ge (units (events, Codec::aac).size (), 24);
  }
}
END_TEST

START_TEST (what_follows_a_loss_is_marked)
{
  const auto whole = load ("h264-aac.mpegts");
  std::size_t seen = 0;
  const auto events = demux (
      without (whole, [&] (std::size_t i) { return pid_of (whole, i) == 0x100 && ++seen == 25; }));
  const auto video = units (events, Codec::h264);
  ck_assert_uint_eq (video.size (), 9);
  ck_assert_int_eq (std::ranges::count_if (video, [] (auto &u) { return u.discontinuity; }), 2);
}
END_TEST

START_TEST (a_packet_may_come_twice)
{
  const auto whole = load ("h264-aac.mpegts");
  Bytes twice;
  for (std::size_t i = 0; i < whole.size (); i += packet_size)
    for (int n = 0; n < 2; ++n)
      twice.insert (twice.end (), whole.begin () + static_cast<std::ptrdiff_t> (i),
          whole.begin () + static_cast<std::ptrdiff_t> (i + packet_size));
  ck_assert (digest (demux (twice)) == digest (demux (whole)));
}
END_TEST

START_TEST (any_byte_may_be_wrong)
{
  for (const char *name : {"h264-aac.mpegts", "h265.mpegts", "opus.mpegts"}) {
    auto bytes = load (name);
    for (std::size_t at = 0; at < bytes.size (); at += 3)
      for (const std::uint8_t flip : {0xff, 0x01}) {
        bytes[at] ^= flip;
        mpegts::Demuxer demuxer;
        Events events;
        if (demuxer.feed (bytes, events))
          demuxer.finish (events);
        bytes[at] ^= flip;
      }
  }
}
END_TEST

START_TEST (garbage_between_packets_is_passed_over)
{
  const auto whole = load ("h264-aac.mpegts");
  const auto half = whole.begin () + static_cast<std::ptrdiff_t> (40 * packet_size);
  Bytes mixed (whole.begin (), half);
  for (int i = 0; i < 1000; ++i)
    mixed.push_back (static_cast<std::uint8_t> (i * 7 % 71)); // never 0x47
  mixed.insert (mixed.end (), half, whole.end ());
  ck_assert (digest (demux (mixed)) == digest (demux (whole)));
}
END_TEST

START_TEST (what_is_no_transport_stream_is_an_error)
{
  for (const std::uint8_t fill : {0x00, 0x48, 0xff}) {
    mpegts::Demuxer demuxer;
    Events events;
    const Bytes junk (10'000, fill);
    tl::expected<void, std::string> result;
    for (int i = 0; i < 200 && result; ++i)
      result = demuxer.feed (junk, events);
    ck_assert (!result && events.empty ());
    assert_text (result.error (), "this is no MPEG transport stream");
  }
}
END_TEST

START_TEST (codecs_that_cant_be_carried_are_named)
{
  mpegts::Demuxer demuxer;
  Events events;
  const auto result = demuxer.feed (load ("mpeg2.mpegts"), events);
  ck_assert (!result.has_value ());
  ck_assert_msg (
      result.error ().find ("0x02") != std::string::npos, "%s", result.error ().c_str ());
}
END_TEST

START_TEST (an_endless_packet_is_dropped)
{
  mpegts::Demuxer demuxer;
  Events events;
  ck_assert (demuxer.feed (tables (), events).has_value ());
  const Bytes head = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1};
  ck_assert (demuxer.feed (packet (0x100, true, 0, head), events).has_value ());
  const Bytes filler (184, 0);
  for (unsigned i = 1; i < 60'000; ++i)
    ck_assert (demuxer.feed (packet (0x100, false, i, filler), events).has_value ());
  ck_assert_uint_eq (demuxer.broken (), 1);
  ck_assert (units (events, Codec::h264).empty ());
}
END_TEST

START_TEST (broken_packets_are_counted)
{
  const std::vector<Bytes> broken = {{},                        // nothing
      {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80},                        // cut in the header
      {0, 0, 2, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1},   // no start code
      {0, 0, 1, 0xe0, 0, 0, 0x40, 0x80, 5, 0x21, 0, 1, 0, 1},   // MPEG-1
      {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 4, 0x21, 0, 1, 0, 1},   // header too short for a PTS
      {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x20, 0, 1, 0, 1},   // no marker bit
      {0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 5, 0x31, 0, 1, 0, 1},   // no DTS
      {0, 0, 1, 0xe0, 0, 4, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1},   // shorter than its header
      {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 255, 0x21, 0, 1, 0, 1}, // longer header than packet
      {0, 0, 1, 0xe0, 0, 0, 0x80, 0, 0, 0, 0, 1, 0x65, 1}};     // no time
  mpegts::Demuxer demuxer;
  Events events;
  ck_assert (demuxer.feed (tables (), events).has_value ());
  unsigned counter = 0;
  for (const auto &payload : broken)
    if (!payload.empty ())
      ck_assert (demuxer.feed (packet (0x100, true, counter++, payload), events).has_value ());
  const Bytes last = {0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5, 0x21, 0, 1, 0, 1};
  ck_assert (demuxer.feed (packet (0x100, true, counter++, last), events).has_value ());
  ck_assert (demuxer.feed (Bytes (packet_size, 0x47), events).has_value ());
  ck_assert_uint_eq (demuxer.broken (), broken.size () - 1);
  ck_assert (units (events, Codec::h264).empty ());
}
END_TEST

START_TEST (tables_with_a_wrong_crc_are_ignored)
{
  auto bytes = tables ();
  bytes[packet_size + 40] ^= 1;
  mpegts::Demuxer demuxer;
  Events events;
  ck_assert (demuxer.feed (bytes, events).has_value ());
  const auto rest = load ("h264-aac.mpegts");
  ck_assert (demuxer.feed (rest, events).has_value ());
  ck_assert_uint_ge (units (events, Codec::h264).size (), 9);
}
END_TEST

int
main (int argc, char **argv)
{
  if (argc != 2)
    return EXIT_FAILURE;
  data_folder = argv[1];
  return run ("hostile",
      {a_lost_packet_costs_its_unit_only, what_follows_a_loss_is_marked, a_packet_may_come_twice,
          any_byte_may_be_wrong, garbage_between_packets_is_passed_over,
          what_is_no_transport_stream_is_an_error, codecs_that_cant_be_carried_are_named,
          an_endless_packet_is_dropped, broken_packets_are_counted,
          tables_with_a_wrong_crc_are_ignored});
}
