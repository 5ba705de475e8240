// SPDX-License-Identifier: LGPL-2.1-or-later
// Vectors of the RFCs, and libsrtp as an independent peer in both directions.
#include "libs/webrtc/srtp.hpp"

#include "libs/webrtc/srtp_cipher.hpp"
#include "tests/unit/suite.hpp"
#include "tests/unit/webrtc/srtp_peer.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;
using namespace stagedoor::test;

namespace {

/** A receiver report from @p ssrc. */
Bytes
rtcp (std::uint32_t ssrc = 0xcafebabe, std::size_t blocks = 1)
{
  Bytes packet;
  Writer writer (packet);
  writer.u8 (static_cast<std::uint8_t> (0x80 | blocks));
  writer.u8 (201);
  writer.u16 (static_cast<std::uint16_t> (1 + 6 * blocks));
  writer.u32 (ssrc);
  packet.resize (packet.size () + 24 * blocks, 0x55);
  return packet;
}

Bytes
protect_rtcp (SrtpOutbound &out, Bytes packet)
{
  const auto size = packet.size ();
  packet.resize (size + srtcp_overhead);
  packet.resize (out.protect_rtcp (packet.data (), size));
  return packet;
}

bool
opens (SrtcpInbound &in, Bytes packet, const Bytes &expected)
{
  const auto opened = in.unprotect (packet);
  return opened && std::ranges::equal (*opened, expected);
}

} // namespace

START_TEST (rfc_3711_b3_key_derivation)
{
  const SessionKeys keys (fixed<16> ("e1f97a0d3e018be0d64fa32c06de4139"),
      fixed<14> ("0ec675ad498afeebb6960b3aabe6"), SrtpStream::rtp);
  ck_assert (keys.cipher == fixed<16> ("c61e7a93744f39ee10734afe3ff7a087"));
  ck_assert (keys.salt == fixed<14> ("30cbbc08863d8c85d49db34a9ae1"));
  ck_assert (keys.authentication == fixed<20> ("cebe321f6ff7716b6fd4ab49af256a156d38baa4"));
}
END_TEST

START_TEST (rfc_3711_b2_counter_mode)
{
  SessionKeys keys ({}, {}, SrtpStream::rtp);
  keys.cipher = fixed<16> ("2b7e151628aed2a6abf7158809cf4f3c");
  keys.salt = fixed<14> ("f0f1f2f3f4f5f6f7f8f9fafbfcfd");
  const auto cipher =
      SrtpCipher::create (SrtpProfile::aes128_cm_sha1_80, keys, SrtpCipher::Direction::seal);
  Bytes text (48), tag (sha1_tag_size);
  ck_assert (cipher->seal ({0, 0}, {}, text, {}, text.data (), tag.data ()));
  ck_assert (text
             == hex ("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab"
                     "41e95b3bb0a2e8dd477901e4fca894c0"));
}
END_TEST

namespace {

/** RFC 7714 sections 16 and 17 give session keys. */
std::unique_ptr<SrtpCipher>
rfc_7714_cipher (SrtpCipher::Direction direction)
{
  SessionKeys keys ({}, {}, SrtpStream::rtp);
  keys.cipher = fixed<16> ("000102030405060708090a0b0c0d0e0f");
  keys.salt = fixed<14> ("517569642070726f2071756f");
  return SrtpCipher::create (SrtpProfile::aead_aes_128_gcm, keys, direction);
}

void
assert_rfc_7714 (
    PacketId id, const Bytes &before, const Bytes &after, const Bytes &text, const Bytes &sealed)
{
  Bytes out (text.size () + gcm_tag_size);
  ck_assert (rfc_7714_cipher (SrtpCipher::Direction::seal)
                 ->seal (id, before, text, after, out.data (), out.data () + text.size ()));
  ck_assert (out == sealed);
  const auto opener = rfc_7714_cipher (SrtpCipher::Direction::open);
  const auto body = std::span (out).first (text.size ());
  ck_assert (opener->open (id, before, body, after, ByteView (sealed).last (gcm_tag_size)));
  ck_assert (std::ranges::equal (body, text));
}

} // namespace

START_TEST (rfc_7714_16_1_rtp)
{
  assert_rfc_7714 ({0x5501a0b2, 0xf17b}, hex ("8040f17b8041f8d35501a0b2"), {},
      hex ("47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573"),
      hex ("f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
           "899d7f27beb16a9152cf765ee4390cce"));
}
END_TEST

START_TEST (rfc_7714_17_1_rtcp)
{
  assert_rfc_7714 ({0x4d617273, 0x5d4}, hex ("81c8000d4d617273"), hex ("800005d4"),
      hex ("4e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbee"
           "f"),
      hex (
          "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b"
          "c84aa45896cf4d2fc5abf87245d9eade"));
}
END_TEST

START_TEST (libsrtp_opens_our_rtp)
{
  for (const auto profile : profiles) {
    const auto keys = keys_for (profile);
    SrtpOutbound out (keys);
    LibSrtp peer (profile, keys.local_key, keys.local_salt, false);
    for (std::size_t size : {0, 1, 15, 16, 17, 1160}) {
      const Bytes payload (size, 0x42);
      const auto index = 65000 + size;
      auto packet = protect (out, index, payload);
      ck_assert_uint_eq (
          packet.size (), 12 + size + (profile == SrtpProfile::aead_aes_128_gcm ? 16 : 10));
      const auto again = protect (out, index, payload);
      ck_assert (packet == again);
      ck_assert (peer.unprotect (packet));
      ck_assert (std::ranges::equal (ByteView (packet).subspan (12), payload));
    }
    // Over the wrap of the sequence number, with packets out of order.
    for (const std::uint64_t index :
        {66200, 66199, 90000, 115000, 131071, 131070, 131072, 131069, 131073}) {
      const Bytes payload (200, static_cast<std::uint8_t> (index));
      auto packet = protect (out, index, payload);
      ck_assert (peer.unprotect (packet));
      ck_assert (std::ranges::equal (ByteView (packet).subspan (12), payload));
    }
  }
}
END_TEST

START_TEST (libsrtp_opens_our_rtcp)
{
  for (const auto profile : profiles) {
    const auto keys = keys_for (profile);
    SrtpOutbound out (keys);
    LibSrtp peer (profile, keys.local_key, keys.local_salt, false);
    for (std::size_t blocks = 0; blocks < 8; ++blocks) {
      auto packet = protect_rtcp (out, rtcp (1, blocks));
      ck_assert_uint_le (packet.size (), rtcp (1, blocks).size () + srtcp_overhead);
      ck_assert (peer.unprotect_rtcp (packet));
      ck_assert (packet == rtcp (1, blocks));
    }
  }
}
END_TEST

START_TEST (we_open_libsrtps_rtcp)
{
  for (const auto profile : profiles) {
    const auto keys = keys_for (profile);
    SrtcpInbound in (keys);
    LibSrtp peer (profile, keys.remote_key, keys.remote_salt, true);
    for (std::size_t blocks = 0; blocks < 8; ++blocks) {
      auto packet = rtcp (7, blocks);
      ck_assert (peer.protect_rtcp (packet));
      ck_assert (opens (in, packet, rtcp (7, blocks)));
    }
  }
}
END_TEST

START_TEST (replays_are_dropped)
{
  for (const auto profile : profiles) {
    const auto keys = keys_for (profile);
    SrtpOutbound out (mirrored (keys));
    SrtcpInbound in (keys);
    std::vector<Bytes> packets;
    for (int i = 0; i < 200; ++i)
      packets.push_back (protect_rtcp (out, rtcp ()));
    ck_assert (opens (in, packets[0], rtcp ()));
    ck_assert (!opens (in, packets[0], rtcp ()));
    ck_assert (opens (in, packets[2], rtcp ()));
    ck_assert (opens (in, packets[1], rtcp ())); // late, but new
    for (int i = 0; i < 3; ++i)
      ck_assert (!opens (in, packets[static_cast<std::size_t> (i)], rtcp ()));
    ck_assert (opens (in, packets[199], rtcp ()));
    ck_assert (opens (in, packets[136], rtcp ()));  // the oldest in the window of 64
    ck_assert (!opens (in, packets[135], rtcp ())); // just too old
    ck_assert (!opens (in, packets[136], rtcp ()));
    ck_assert (opens (in, packets[198], rtcp ()));
  }
}
END_TEST

START_TEST (forgeries_are_dropped)
{
  for (const auto profile : profiles) {
    const auto keys = keys_for (profile);
    SrtpOutbound out (mirrored (keys));
    SrtcpInbound in (keys);
    const auto packet = protect_rtcp (out, rtcp ());
    for (std::size_t bit = 0; bit < 8 * packet.size (); ++bit) {
      auto forged = packet;
      forged[bit / 8] ^= static_cast<std::uint8_t> (1 << bit % 8);
      ck_assert (!in.unprotect (forged));
    }
    for (std::size_t size = 0; size < packet.size (); ++size) {
      Bytes cut (packet.begin (), packet.begin () + static_cast<std::ptrdiff_t> (size));
      ck_assert (!in.unprotect (cut));
    }
    auto longer = packet;
    longer.push_back (0);
    ck_assert (!in.unprotect (longer));
    // None of them has spoilt the window for the honest packet.
    ck_assert (opens (in, packet, rtcp ()));
    SrtcpInbound wrong (mirrored (keys));
    ck_assert (!opens (wrong, packet, rtcp ()));
  }
}
END_TEST

START_TEST (sources_are_bounded)
{
  const auto keys = keys_for (SrtpProfile::aead_aes_128_gcm);
  SrtpOutbound out (mirrored (keys));
  SrtcpInbound in (keys);
  for (std::uint32_t ssrc = 0; ssrc < 8; ++ssrc)
    ck_assert (opens (in, protect_rtcp (out, rtcp (ssrc)), rtcp (ssrc)));
  ck_assert (!opens (in, protect_rtcp (out, rtcp (8)), rtcp (8)));
  ck_assert (opens (in, protect_rtcp (out, rtcp (3)), rtcp (3)));
}
END_TEST

START_TEST (what_is_no_packet_is_not_protected)
{
  for (const auto profile : profiles) {
    SrtpOutbound out (keys_for (profile));
    Bytes room (64);
    ck_assert_uint_eq (out.protect_rtp (1, ByteView (room).first (11), {}, room.data ()), 0);
    ck_assert_uint_eq (out.protect_rtcp (room.data (), 7), 0);
    SrtpOutbound moved (std::move (out));
    ck_assert_uint_gt (moved.protect_rtcp (room.data (), 8), 8);
  }
}
END_TEST

int
main ()
{
  return test::run ("srtp",
      {rfc_3711_b3_key_derivation, rfc_3711_b2_counter_mode, rfc_7714_16_1_rtp, rfc_7714_17_1_rtcp,
          libsrtp_opens_our_rtp, libsrtp_opens_our_rtcp, we_open_libsrtps_rtcp, replays_are_dropped,
          forgeries_are_dropped, sources_are_bounded, what_is_no_packet_is_not_protected});
}
