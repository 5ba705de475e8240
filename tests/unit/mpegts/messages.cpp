// SPDX-License-Identifier: LGPL-2.1-or-later
// Messages for SRT: whole, complete, and beginning where a player can.
#include <map>
#include <random>

#include "libs/mpegts/messages.hpp"
#include "libs/mpegts/muxer.hpp"
#include "tests/unit/mpegts/fixture.hpp"

using namespace stagedoor;
using namespace stagedoor::test;
using mpegts::Message;
using mpegts::MessageCutter;

namespace {

std::vector<Message>
cut (ByteView stream, std::size_t step)
{
  MessageCutter cutter;
  std::vector<Message> out;
  for (; !stream.empty (); stream = stream.subspan (std::min (step, stream.size ())))
    cutter.feed (stream.first (std::min (step, stream.size ())), out);
  cutter.finish (out);
  return out;
}

Bytes
joined (const std::vector<Message> &messages, std::size_t from = 0)
{
  Bytes out;
  for (std::size_t i = from; i < messages.size (); ++i)
    out.insert (out.end (), messages[i].bytes.begin (),
        messages[i].bytes.begin () + static_cast<std::ptrdiff_t> (messages[i].size));
  return out;
}

unsigned
pid_at (const Message &message, std::size_t packet)
{
  const auto *p = message.bytes.data () + packet * packet_size;
  return (p[1] & 0x1fu) << 8 | p[2];
}

std::size_t
starts (const std::vector<Message> &messages)
{
  return static_cast<std::size_t> (
      std::ranges::count_if (messages, [] (const Message &m) { return m.starts; }));
}

} // namespace

START_TEST (nothing_is_lost_however_it_is_split)
{
  for (const char *name : {"h264-aac.mpegts", "h265.mpegts", "opus.mpegts"}) {
    const auto stream = load (name);
    const auto wanted = digest (demux (stream));
    for (const std::size_t step : {1, 7, 188, 189, 1316, 1'000'000}) {
      const auto messages = cut (stream, step);
      for (const auto &message : messages)
        ck_assert (message.size > 0 && message.size <= mpegts::message_size
                   && message.size % packet_size == 0);
      ck_assert (digest (demux (joined (messages))) == wanted);
    }
  }
}
END_TEST

START_TEST (a_player_can_begin_at_every_start)
{
  const auto messages = cut (load ("h264-aac.mpegts"), 1316);
  ck_assert_uint_eq (starts (messages), 2); // as many as key frames
  std::size_t left = 10;
  for (std::size_t i = 0; i < messages.size (); ++i) {
    if (!messages[i].starts)
      continue;
    ck_assert_uint_eq (pid_at (messages[i], 0), 0);
    const auto video = units (demux (joined (messages, i)), mpegts::Codec::h264);
    ck_assert_uint_eq (video.size (), left);
    ck_assert (video[0].keyframe);
    left -= 5;
  }
}
END_TEST

START_TEST (tables_are_repeated_when_they_were_long_ago)
{
  // The tables come once only, so the second key frame has none before it.
  const auto whole = load ("h264-aac.mpegts");
  std::map<unsigned, int> seen;
  const auto stream = without (whole, [&] (std::size_t i) {
    const auto pid = pid_of (whole, i);
    return (pid == 0 || pid == 0x1000) && ++seen[pid] > 1;
  });
  const auto messages = cut (stream, 188);
  ck_assert_uint_eq (starts (messages), 2);
  const auto last = std::ranges::find_if (
      messages.rbegin (), messages.rend (), [] (const Message &m) { return m.starts; });
  ck_assert_uint_eq (pid_at (*last, 0), 0);
  ck_assert_uint_eq (pid_at (*last, 1), 0x1000);
  std::map<unsigned, mpegts::Continuity> counters;
  const auto all = joined (messages);
  for (std::size_t i = 0; i < all.size () / packet_size; ++i) {
    const auto packet =
        mpegts::parse_packet (ByteView (all).subspan (i * packet_size, packet_size));
    ck_assert (packet.has_value ());
    ck_assert (counters[packet->pid].check (*packet) == mpegts::Continuity::Verdict::next);
  }
}
END_TEST

START_TEST (sound_alone_starts_with_the_tables)
{
  const auto messages = cut (load ("opus.mpegts"), 1316);
  ck_assert (starts (messages) > 0);
  for (const auto &message : messages)
    if (message.starts)
      ck_assert (pid_at (message, 0) == 0 && pid_at (message, 1) == 0x1000);
}
END_TEST

START_TEST (rubbish_starts_nothing)
{
  std::mt19937 random (7); // NOLINT: the same each time
  const auto good = load ("h264-aac.mpegts");
  for (int round = 0; round < 200; ++round) {
    auto bytes = good;
    for (int i = 0; i < 200; ++i)
      bytes[random () % bytes.size ()] = static_cast<std::uint8_t> (random ());
    for (const auto &message : cut (bytes, 1 + random () % 2000))
      ck_assert (message.size <= mpegts::message_size && (!message.starts || message.size > 0));
  }
  ck_assert (cut (Bytes (10'000, 0x47), 1000).size () < 10);
  ck_assert (cut (Bytes (10'000, 0), 1000).empty ());
}
END_TEST

int
main (int, char **argv)
{
  data_folder = argv[1];
  return run (
      "mpegts messages", {nothing_is_lost_however_it_is_split, a_player_can_begin_at_every_start,
                             tables_are_repeated_when_they_were_long_ago,
                             sound_alone_starts_with_the_tables, rubbish_starts_nothing});
}
