// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/srtp.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "libs/webrtc/srtp_cipher.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t rtp_header_min = 12, rtcp_header = 8, srtcp_index_size = 4;
constexpr std::uint32_t encrypted_flag = 0x80000000;
constexpr std::size_t max_sources = 8;

std::uint32_t
get_u32 (ByteView bytes, std::size_t at)
{
  return Reader (bytes.subspan (at)).u32 ();
}

std::unique_ptr<SrtpCipher>
local_cipher (const SrtpKeys &keys, SrtpStream stream)
{
  return SrtpCipher::create (
      keys.profile, {keys.local_key, keys.local_salt, stream}, SrtpCipher::Direction::seal);
}

/** Replay protection of one SSRC (RFC 3711 section 3.3.2). */
struct ReplayWindow
{
  std::uint32_t ssrc;
  std::uint32_t newest;
  std::uint64_t seen; ///< bit n: newest - n was received

  bool is_new (std::uint32_t index) const
  {
    return index > newest || (newest - index < 64 && (seen >> (newest - index) & 1) == 0);
  }
  void add (std::uint32_t index)
  {
    if (index > newest) {
      seen = index - newest < 64 ? seen << (index - newest) : 0;
      newest = index;
    }
    seen |= std::uint64_t{1} << (newest - index);
  }
};

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

struct SrtcpInbound::Impl
{
  SrtpProfile profile;
  std::unique_ptr<SrtpCipher> cipher;
  std::vector<ReplayWindow> sources; ///< at most max_sources
};

SrtcpInbound::SrtcpInbound (const SrtpKeys &keys)
    : impl_ (new Impl{keys.profile,
        SrtpCipher::create (keys.profile, {keys.remote_key, keys.remote_salt, SrtpStream::rtcp},
            SrtpCipher::Direction::open),
        {}})
{
}

SrtcpInbound::~SrtcpInbound () = default;
SrtcpInbound::SrtcpInbound (SrtcpInbound &&) noexcept = default;

std::optional<ByteView>
SrtcpInbound::unprotect (std::span<std::uint8_t> packet)
{
  const auto tag_size = impl_->cipher->tag_size ();
  if (packet.size () < rtcp_header + tag_size + srtcp_index_size)
    return std::nullopt;
  const auto end = packet.size () - tag_size - srtcp_index_size;
  const bool gcm = impl_->profile == SrtpProfile::aead_aes_128_gcm;
  const ByteView tag = packet.subspan (end + (gcm ? 0 : srtcp_index_size), tag_size);
  const ByteView word = packet.subspan (end + (gcm ? tag_size : 0), srtcp_index_size);
  const auto header = packet.first (rtcp_header);

  const auto ssrc = get_u32 (header, 4);
  const auto flagged = get_u32 (word, 0);
  const auto index = flagged & ~encrypted_flag;
  const auto known = std::ranges::find (impl_->sources, ssrc, &ReplayWindow::ssrc);
  const bool is_known = known != impl_->sources.end ();
  if ((flagged & encrypted_flag) == 0 || (is_known && !known->is_new (index))
      || (!is_known && impl_->sources.size () == max_sources))
    return std::nullopt;
  if (!impl_->cipher->open (
          {ssrc, index}, header, packet.subspan (rtcp_header, end - rtcp_header), word, tag))
    return std::nullopt;
  if (is_known)
    known->add (index);
  else
    impl_->sources.push_back ({ssrc, index, 1});
  return packet.first (end);
}

} // namespace stagedoor::webrtc
