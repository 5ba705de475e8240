// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys, packets, and libsrtp as an independent peer.
#pragma once

#include <srtp2/srtp.h>

#include <check.h>

#include <algorithm>
#include <string>

#include "libs/webrtc/srtp.hpp"

namespace stagedoor::test {

using namespace webrtc;

inline Bytes
hex (std::string_view digits)
{
  Bytes out;
  for (std::size_t i = 0; i + 1 < digits.size (); i += 2)
    out.push_back (
        static_cast<std::uint8_t> (std::stoi (std::string (digits.substr (i, 2)), nullptr, 16)));
  return out;
}

template <std::size_t N>
std::array<std::uint8_t, N>
fixed (std::string_view digits)
{
  std::array<std::uint8_t, N> out{};
  std::ranges::copy (hex (digits), out.begin ());
  return out;
}

inline SrtpKeys
keys_for (SrtpProfile profile)
{
  const auto salt = profile == SrtpProfile::aead_aes_128_gcm ? "0ec675ad498afeebb6960b3a"
                                                             : "0ec675ad498afeebb6960b3aabe6";
  return {profile, fixed<16> ("e1f97a0d3e018be0d64fa32c06de4139"), fixed<14> (salt),
      fixed<16> ("000102030405060708090a0b0c0d0e0f"), fixed<14> (salt)};
}

/** What the peer has: the same keys the other way round. */
inline SrtpKeys
mirrored (const SrtpKeys &keys)
{
  return {keys.profile, keys.remote_key, keys.remote_salt, keys.local_key, keys.local_salt};
}

inline constexpr SrtpProfile profiles[] = {
    SrtpProfile::aead_aes_128_gcm, SrtpProfile::aes128_cm_sha1_80};

/** A libsrtp session with one key for whatever it is used for. */
class LibSrtp
{
public:
  LibSrtp (SrtpProfile profile, const SrtpKeys::Key &key, const SrtpKeys::Salt &salt, bool sends)
  {
    static const auto initialised = srtp_init ();
    ck_assert_int_eq (initialised, srtp_err_status_ok);
    const bool gcm = profile == SrtpProfile::aead_aes_128_gcm;
    srtp_policy_t policy{};
    const auto set =
        gcm ? srtp_crypto_policy_set_aes_gcm_128_16_auth : srtp_crypto_policy_set_rtp_default;
    set (&policy.rtp);
    set (&policy.rtcp);
    policy.ssrc.type = sends ? ssrc_any_outbound : ssrc_any_inbound;
    std::array<std::uint8_t, 30> master{};
    std::ranges::copy (key, master.begin ());
    std::copy_n (salt.begin (), gcm ? 12 : 14, master.begin () + 16);
    policy.key = master.data ();
    policy.allow_repeat_tx = 1;
    ck_assert_int_eq (srtp_create (&session_, &policy), srtp_err_status_ok);
  }
  ~LibSrtp () { srtp_dealloc (session_); }
  LibSrtp (const LibSrtp &) = delete;

  bool unprotect (Bytes &packet) { return run (srtp_unprotect, packet); }
  bool protect (Bytes &packet) { return run (srtp_protect, packet); }
  bool protect_rtcp (Bytes &packet) { return run (srtp_protect_rtcp, packet); }
  bool unprotect_rtcp (Bytes &packet) { return run (srtp_unprotect_rtcp, packet); }

private:
  bool run (srtp_err_status_t (*function) (srtp_t, void *, int *), Bytes &packet)
  {
    auto size = static_cast<int> (packet.size ());
    packet.resize (packet.size () + SRTP_MAX_TRAILER_LEN + 8);
    const bool ok = function (session_, packet.data (), &size) == srtp_err_status_ok;
    packet.resize (static_cast<std::size_t> (size));
    return ok;
  }

  srtp_t session_ = nullptr;
};

inline Bytes
rtp_header (std::uint16_t sequence, std::uint32_t ssrc = 0xcafebabe)
{
  Bytes header;
  Writer writer (header);
  writer.u16 (0x8060);
  writer.u16 (sequence);
  writer.u32 (1234567);
  writer.u32 (ssrc);
  return header;
}

inline Bytes
protect (SrtpOutbound &out, std::uint64_t index, ByteView payload, std::uint32_t ssrc = 0xcafebabe)
{
  const auto header = rtp_header (static_cast<std::uint16_t> (index), ssrc);
  Bytes packet (header.size () + payload.size () + srtp_overhead);
  packet.resize (out.protect_rtp (index, header, payload, packet.data ()));
  return packet;
}

} // namespace stagedoor::test
