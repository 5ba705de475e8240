// SPDX-License-Identifier: LGPL-2.1-or-later
// Opens what a peer sends. Nothing that a forger can send changes any state.
#include <algorithm>
#include <array>
#include <vector>

#include "libs/webrtc/replay_window.hpp"
#include "libs/webrtc/srtp.hpp"
#include "libs/webrtc/srtp_cipher.hpp"

namespace stagedoor::webrtc {

namespace {

constexpr std::size_t max_rtcp_sources = 8, max_rtp_sources = 16;
constexpr std::uint64_t rtcp_window = 64;
/** A second of high definition: so late a retransmission without RTX may come. */
constexpr std::uint64_t rtp_window = 1024;
constexpr std::uint64_t index_end = std::uint64_t{1} << 48;

std::unique_ptr<SrtpCipher>
remote_cipher (const SrtpKeys &keys, SrtpStream stream)
{
  return SrtpCipher::create (
      keys.profile, {keys.remote_key, keys.remote_salt, stream}, SrtpCipher::Direction::open);
}

/** The windows of the SSRCs that have sent something authentic. A forgotten one's packets could be
 * replayed, so there is no place for a new one once all are taken. */
template <std::uint64_t Size>
class Sources
{
public:
  explicit Sources (std::size_t most) : most_ (most) { sources_.reserve (most); }

  /** Null when it isn't known. */
  const ReplayWindow<Size> *find (std::uint32_t ssrc) const
  {
    const auto found = std::ranges::find (sources_, ssrc, &Source::ssrc);
    return found != sources_.end () ? &found->window : nullptr;
  }
  bool may_come (std::uint32_t ssrc, std::uint64_t index) const
  {
    const auto *window = find (ssrc);
    return window != nullptr ? window->is_new (index) : sources_.size () < most_;
  }
  /** Only what may_come() and is authentic. */
  void came (std::uint32_t ssrc, std::uint64_t index)
  {
    const auto found = std::ranges::find (sources_, ssrc, &Source::ssrc);
    if (found != sources_.end ())
      found->window.add (index);
    else
      sources_.push_back ({ssrc, ReplayWindow<Size> (index)});
  }

private:
  struct Source
  {
    std::uint32_t ssrc;
    ReplayWindow<Size> window;
  };
  const std::size_t most_;
  std::vector<Source> sources_;
};

/** Length of the header with CSRCs and extension (RFC 3550 section 5.1), within @p packet; nullopt
 * when it is no RTP. */
std::optional<std::size_t>
rtp_header_size (ByteView packet)
{
  if (packet.size () < rtp_header_min || packet[0] >> 6 != 2)
    return std::nullopt;
  std::size_t size = rtp_header_min + 4u * (packet[0] & 0x0f);
  if ((packet[0] & 0x10) != 0) {
    if (packet.size () < size + 4)
      return std::nullopt;
    size += 4 + 4u * Reader (packet.subspan (size + 2)).u16 ();
  }
  return size <= packet.size () ? std::optional (size) : std::nullopt;
}

} // namespace

struct SrtpInbound::Impl
{
  SrtpProfile profile;
  std::unique_ptr<SrtpCipher> cipher;
  Sources<rtp_window> sources{max_rtp_sources};

  /** The index nearest to the newest one that has this sequence number (RFC 3711 appendix A). The
   * rollover counter begins at 0. Out of range when there is none. */
  std::uint64_t estimate (std::uint32_t ssrc, std::uint16_t sequence) const
  {
    const auto *window = sources.find (ssrc);
    if (window == nullptr)
      return sequence;
    const auto newest = window->newest ();
    const auto step = static_cast<std::int16_t> (sequence - static_cast<std::uint16_t> (newest));
    return newest + static_cast<std::uint64_t> (std::int64_t{step});
  }
};

SrtpInbound::SrtpInbound (const SrtpKeys &keys)
    : impl_ (new Impl{keys.profile, remote_cipher (keys, SrtpStream::rtp)})
{
}

SrtpInbound::~SrtpInbound () = default;
SrtpInbound::SrtpInbound (SrtpInbound &&) noexcept = default;

std::optional<ByteView>
SrtpInbound::unprotect (std::span<std::uint8_t> packet)
{
  const auto tag_size = impl_->cipher->tag_size ();
  if (packet.size () < tag_size)
    return std::nullopt;
  const auto end = packet.size () - tag_size;
  const auto header_size = rtp_header_size (packet.first (end));
  if (!header_size)
    return std::nullopt;
  const auto ssrc = get_u32 (packet, 8);
  const auto index = impl_->estimate (ssrc, Reader (packet.subspan (2)).u16 ());
  if (index >= index_end || !impl_->sources.may_come (ssrc, index))
    return std::nullopt;

  std::array<std::uint8_t, 4> rollover;
  put_u32 (rollover.data (), static_cast<std::uint32_t> (index >> 16));
  // GCM has the rollover counter in its nonce only, HMAC-SHA1 covers it (RFC 3711 section 4.2).
  const auto after =
      impl_->profile == SrtpProfile::aead_aes_128_gcm ? ByteView{} : ByteView (rollover);
  if (!impl_->cipher->open ({ssrc, index}, packet.first (*header_size),
          packet.subspan (*header_size, end - *header_size), after, packet.subspan (end)))
    return std::nullopt;
  impl_->sources.came (ssrc, index);
  return packet.first (end);
}

struct SrtcpInbound::Impl
{
  SrtpProfile profile;
  std::unique_ptr<SrtpCipher> cipher;
  Sources<rtcp_window> sources{max_rtcp_sources};
};

SrtcpInbound::SrtcpInbound (const SrtpKeys &keys)
    : impl_ (new Impl{keys.profile, remote_cipher (keys, SrtpStream::rtcp)})
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
  if ((flagged & encrypted_flag) == 0 || !impl_->sources.may_come (ssrc, index))
    return std::nullopt;
  if (!impl_->cipher->open (
          {ssrc, index}, header, packet.subspan (rtcp_header, end - rtcp_header), word, tag))
    return std::nullopt;
  impl_->sources.came (ssrc, index);
  return packet.first (end);
}

} // namespace stagedoor::webrtc
