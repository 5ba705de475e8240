// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/srtp.hpp"

#include <algorithm>
#include <cstring>

#include "libs/webrtc/srtp_cipher.hpp"

namespace stagedoor::webrtc {

namespace {

std::unique_ptr<SrtpCipher>
local_cipher (const SrtpKeys &keys, SrtpStream stream)
{
  return SrtpCipher::create (
      keys.profile, {keys.local_key, keys.local_salt, stream}, SrtpCipher::Direction::seal);
}

} // namespace

struct SrtpOutbound::Impl
{
  SrtpProfile profile;
  std::unique_ptr<SrtpCipher> rtp, rtcp;
  std::uint32_t rtcp_index = 0; ///< of the next SRTCP packet
};

SrtpOutbound::SrtpOutbound (const SrtpKeys &keys)
    : impl_ (new Impl{
        keys.profile, local_cipher (keys, SrtpStream::rtp), local_cipher (keys, SrtpStream::rtcp)})
{
}

SrtpOutbound::~SrtpOutbound () = default;
SrtpOutbound::SrtpOutbound (SrtpOutbound &&) noexcept = default;

std::size_t
SrtpOutbound::protect_rtp (
    std::uint64_t index, ByteView header, ByteView payload, std::uint8_t *out)
{
  if (header.size () < rtp_header_min)
    return 0;
  std::memcpy (out, header.data (), header.size ());
  std::array<std::uint8_t, 4> rollover;
  put_u32 (rollover.data (), static_cast<std::uint32_t> (index >> 16));
  // GCM has the rollover counter in its nonce only, HMAC-SHA1 covers it (RFC 3711 section 4.2).
  const auto after =
      impl_->profile == SrtpProfile::aead_aes_128_gcm ? ByteView{} : ByteView (rollover);
  const auto text = out + header.size ();
  const auto tag = text + payload.size ();
  if (!impl_->rtp->seal ({get_u32 (header, 8), index}, header, payload, after, text, tag))
    return 0;
  return header.size () + payload.size () + impl_->rtp->tag_size ();
}

std::size_t
SrtpOutbound::protect_rtcp (std::uint8_t *packet, std::size_t length)
{
  if (length < rtcp_header || impl_->rtcp_index >= encrypted_flag)
    return 0;
  const auto index = impl_->rtcp_index++;
  const ByteView header (packet, rtcp_header);
  const std::span text (packet + rtcp_header, length - rtcp_header);
  std::array<std::uint8_t, srtcp_index_size> word;
  put_u32 (word.data (), index | encrypted_flag);

  // On the wire the index stands after GCM's tag but before HMAC's (RFC 7714 9.2, RFC 3711 3.4).
  const auto tag_size = impl_->rtcp->tag_size ();
  const bool gcm = impl_->profile == SrtpProfile::aead_aes_128_gcm;
  const auto tag = packet + length + (gcm ? 0 : word.size ());
  if (!impl_->rtcp->seal ({get_u32 (header, 4), index}, header, text, word, text.data (), tag))
    return 0;
  std::ranges::copy (word, packet + length + (gcm ? tag_size : 0));
  return length + tag_size + word.size ();
}

} // namespace stagedoor::webrtc
