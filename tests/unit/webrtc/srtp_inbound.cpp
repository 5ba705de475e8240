// SPDX-License-Identifier: LGPL-2.1-or-later
// Media that is received: what libsrtp sends, out of order and over wraps; replays and forgeries.
#include <cstdlib>

#include "libs/webrtc/replay_window.hpp"
#include "libs/webrtc/srtp_cipher.hpp"
#include "tests/unit/allocations.hpp"
#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/srtp_peer.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

bool
opens (SrtpInbound &in, Bytes packet, const Bytes &expected)
{
  const auto opened = in.unprotect (packet);
  return opened && std::ranges::equal (*opened, expected);
}

Bytes
plain (std::uint64_t index, const Bytes &payload, std::uint32_t ssrc = 0xcafebabe)
{
  auto out = rtp_header (static_cast<std::uint16_t> (index), ssrc);
  out.insert (out.end (), payload.begin (), payload.end ());
  return out;
}

/** What we send ourselves, to ourselves. */
struct Pair
{
  explicit Pair (SrtpProfile profile) : keys (keys_for (profile)), out (mirrored (keys)), in (keys)
  {
  }
  Bytes packet (std::uint64_t index, std::uint32_t ssrc = 0xcafebabe)
  {
    return protect (out, index, payload, ssrc);
  }
  bool takes (std::uint64_t index, std::uint32_t ssrc = 0xcafebabe)
  {
    return opens (in, packet (index, ssrc), plain (index, payload, ssrc));
  }

  const Bytes payload = Bytes (100, 0x42);
  const SrtpKeys keys;
  SrtpOutbound out;
  SrtpInbound in;
};

/** With CSRCs and an extension, as far as asked for. */
Bytes
header_with (std::size_t sources, std::optional<std::size_t> extension_words)
{
  auto out = rtp_header (7);
  out[0] = static_cast<std::uint8_t> (0x80 | sources | (extension_words ? 0x10 : 0));
  out.resize (out.size () + 4 * sources, 0x11);
  if (extension_words) {
    Writer writer (out);
    writer.u16 (0xbede);
    writer.u16 (static_cast<std::uint16_t> (*extension_words));
    out.resize (out.size () + 4 * *extension_words, 0x22);
  }
  return out;
}

} // namespace

START_TEST (we_open_libsrtps_rtp)
{
  for (const auto profile : profiles) {
    const auto keys = keys_for (profile);
    SrtpInbound in (keys);
    LibSrtp peer (profile, keys.remote_key, keys.remote_salt, true);
    std::uint16_t sequence = 65500;
    for (const std::size_t size : {0, 1, 15, 16, 17, 1160})
      for (int i = 0; i < 20; ++i, ++sequence) { // over the wrap
        const Bytes payload (size, static_cast<std::uint8_t> (i));
        auto packet = plain (sequence, payload);
        ck_assert (peer.protect (packet));
        ck_assert (opens (in, packet, plain (sequence, payload)));
      }
  }
}
END_TEST

START_TEST (headers_of_every_shape)
{
  for (const auto profile : profiles)
    for (const std::size_t sources : {0, 1, 15})
      for (const auto extension : {std::optional<std::size_t> (), {0}, {1}, {20}}) {
        const auto keys = keys_for (profile);
        SrtpInbound in (keys);
        LibSrtp peer (profile, keys.remote_key, keys.remote_salt, true);
        auto packet = header_with (sources, extension);
        packet.resize (packet.size () + 50, 0x33);
        const auto expected = packet;
        ck_assert (peer.protect (packet));
        ck_assert (opens (in, packet, expected));
      }
}
END_TEST

/** Lengths in the header that lie beyond the packet, at every length of it. */
START_TEST (headers_that_lie)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    for (const auto &header :
        {header_with (15, std::nullopt), header_with (0, 4), header_with (15, 0)})
      for (std::size_t size = 0; size < header.size () + 17; ++size) {
        auto packet = header;
        packet.resize (size, 0x33);
        ck_assert (!pair.in.unprotect (packet));
      }
    auto endless = header_with (0, 0);
    endless[14] = endless[15] = 0xff;
    endless.resize (1500);
    ck_assert (!pair.in.unprotect (endless));
    for (const std::uint8_t first : {0x00, 0x40, 0xc0}) {
      auto other_version = pair.packet (1);
      other_version[0] = first;
      ck_assert (!pair.in.unprotect (other_version));
    }
    ck_assert (pair.takes (1));
  }
}
END_TEST

START_TEST (every_bit_and_length_counts)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    const auto packet = pair.packet (5);
    for (std::size_t bit = 0; bit < 8 * packet.size (); ++bit) {
      auto forged = packet;
      forged[bit / 8] ^= static_cast<std::uint8_t> (1 << bit % 8);
      ck_assert (!pair.in.unprotect (forged));
    }
    for (std::size_t size = 0; size < packet.size (); ++size) {
      Bytes cut (packet.begin (), packet.begin () + static_cast<std::ptrdiff_t> (size));
      ck_assert (!pair.in.unprotect (cut));
    }
    auto longer = packet;
    longer.push_back (0);
    ck_assert (!pair.in.unprotect (longer));
    // None of them has become the newest, or taken the place of a source.
    ck_assert (pair.takes (5));
    SrtpInbound wrong (mirrored (pair.keys));
    ck_assert (!opens (wrong, packet, plain (5, pair.payload)));
  }
}
END_TEST

START_TEST (replays_are_dropped)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    ck_assert (pair.takes (1000));
    ck_assert (!pair.takes (1000));
    ck_assert (pair.takes (1002));
    ck_assert (pair.takes (1001)); // late, but new
    for (const std::uint64_t index : {1000, 1001, 1002})
      ck_assert (!pair.takes (index));
    ck_assert (pair.takes (3000));
    ck_assert (pair.takes (1977));  // the oldest in the window of 1024
    ck_assert (!pair.takes (1976)); // just too old
    ck_assert (!pair.takes (1977));
    ck_assert (pair.takes (2999));
    ck_assert (!pair.takes (1002)); // long gone
  }
}
END_TEST

START_TEST (rollovers)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    for (const std::uint64_t index :
        {65530, 65536, 65535, 65537, 65534, 90000, 120000, 131071, 131073, 131072, 131070})
      ck_assert (pair.takes (index));
    for (const std::uint64_t index : {65535, 65536, 131071, 131072})
      ck_assert (!pair.takes (index));
    // Packets that are ahead by up to half the numbers.
    ck_assert (pair.takes (131073 + 32767));
    // What is farther ahead looks as if it were behind: it isn't authentic there.
    ck_assert (!pair.takes (131073 + 32767 + 32769));
    ck_assert (pair.takes (131073 + 32767 + 1));
  }
}
END_TEST

/** The first packet counts as one before any rollover, and there is nothing before the first. */
START_TEST (beginnings)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    ck_assert (!pair.takes (65536));
    ck_assert (pair.takes (0));
    ck_assert (!pair.in.unprotect (std::span<std::uint8_t> ()));
    auto before = pair.packet (0xffffffff0000ffff & 0xffffffffffff); // as if it were -1
    ck_assert (!pair.in.unprotect (before));
    ck_assert (pair.takes (1));
  }
}
END_TEST

START_TEST (sources_are_apart_and_bounded)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    for (std::uint32_t ssrc = 0; ssrc < 16; ++ssrc)
      ck_assert (pair.takes (ssrc * 1000, ssrc));
    ck_assert (!pair.takes (0, 16));
    for (std::uint32_t ssrc = 0; ssrc < 16; ++ssrc) {
      ck_assert (!pair.takes (ssrc * 1000, ssrc));
      ck_assert (pair.takes (ssrc * 1000 + 1, ssrc));
    }
    ck_assert (!pair.takes (1, 16));
  }
}
END_TEST

START_TEST (no_allocation_per_packet)
{
  for (const auto profile : profiles) {
    Pair pair (profile);
    std::vector<Bytes> packets;
    for (std::uint64_t i = 0; i < 100; ++i)
      packets.push_back (pair.packet (i, static_cast<std::uint32_t> (i % 16)));
    auto forged = pair.packet (1, 1);
    forged.back () ^= 1;
    const auto before = allocations;
    bool all = true;
    for (auto &packet : packets)
      all = pair.in.unprotect (packet).has_value () && all;
    ck_assert (!pair.in.unprotect (forged));
    ck_assert_uint_eq (allocations, before);
    ck_assert (all);
  }
}
END_TEST

/** The window against a set of all that has come. */
START_TEST (window_forgets_nothing)
{
  std::srand (1);
  ReplayWindow<128> window (10'000);
  std::vector<bool> came (200'000);
  came[10'000] = true;
  std::uint64_t newest = 10'000;
  for (int i = 0; i < 100'000; ++i) {
    const auto step = std::rand () % 300 - 200 + (std::rand () % 500 == 0 ? 100 : 0);
    const auto index =
        newest + static_cast<std::uint64_t> (std::rand () % 50 == 0 ? step : step % 4);
    if (index >= came.size ())
      break;
    const bool expected = index > newest || (newest - index < 128 && !came[index]);
    ck_assert (window.is_new (index) == expected);
    if (!expected)
      continue;
    window.add (index);
    came[index] = true;
    newest = std::max (newest, index);
    ck_assert (window.newest () == newest);
  }
}
END_TEST

int
main ()
{
  return run ("srtp-inbound",
      {we_open_libsrtps_rtp, headers_of_every_shape, headers_that_lie, every_bit_and_length_counts,
          replays_are_dropped, rollovers, beginnings, sources_are_apart_and_bounded,
          no_allocation_per_packet, window_forgets_nothing});
}
