// SPDX-License-Identifier: LGPL-2.1-or-later
// What a WHEP offer asks for, what we can send, and the answer (RFC 3264, 8829, 9429; WHEP draft
// section 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "libs/base/address.hpp"
#include "libs/webrtc/packetizer.hpp"
#include "libs/webrtc/stun.hpp"

namespace stagedoor::webrtc {

enum class Direction { sendrecv, sendonly, recvonly, inactive };
enum class SetupRole { actpass, active, passive };

struct OfferedCodec
{
  int payload_type;
  std::string encoding; ///< "H264", as written
  int clock_rate = 0, channels = 1;
  std::string fmtp;
  bool nack = false, pli = false, fir = false, transport_cc = false;
};

/** Numbers every packet of a transport, for its bandwidth estimate. */
inline constexpr std::string_view transport_cc_extension =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/** 15 means something else in the one-byte form (RFC 8285 section 4.2), and larger ones don't fit.
 */
inline constexpr int max_extension_id = 14;

struct OfferedMedia
{
  std::string kind; ///< "audio", "video", "application"...
  std::string mid;
  std::string protocol; ///< "UDP/TLS/RTP/SAVPF"
  std::string format;   ///< first format of the m= line: an answer that rejects the line repeats it
  bool rejected = false; ///< port 0 without bundle-only
  bool rtcp_mux = false;
  Direction direction = Direction::sendrecv;
  SetupRole setup = SetupRole::actpass;
  std::string fingerprint; ///< "sha-256 AB:…", the first whose hash we can check
  IceCredentials ice;
  std::vector<OfferedCodec> codecs; ///< in the offer's order
  std::uint8_t transport_cc_id = 0; ///< of transport_cc_extension, if the offerer sends it
  std::optional<std::uint32_t> ssrc, rtx_ssrc; ///< of what the offerer sends
};
/** Session-level attributes are already copied down into each media section. Every string is free
 * of control characters and short: write_answer() repeats some of them as they are. */
struct Offer
{
  std::vector<OfferedMedia> media;
  std::vector<std::string> bundle; ///< mids of the first BUNDLE group
};

/** One thing we could send. */
struct Source
{
  bool video;
  Codec codec;
  std::string h264_profile_level_id; ///< 6 hex digits of the stream's SPS; empty otherwise
  std::uint8_t profile = 0;          ///< VP9/AV1/HEVC profile
  bool stereo = true;                ///< Opus
};

/** A track that will be sent. */
struct Agreed
{
  std::size_t source; ///< index into the sources
  std::size_t m_line;
  std::uint8_t payload_type;
  std::uint32_t ssrc;
  bool nack = false, pli = false;
};
struct Agreement
{
  std::vector<Agreed> tracks;
  std::size_t transport; ///< the m-line whose transport all others share (RFC 9143 section 7.2)
  std::string remote_fingerprint;
  IceCredentials remote_ice;
};

/** An HTTP status and a sentence for the viewer's developer. */
struct Rejection
{
  int status; ///< 400, 404, 406, 409, 412, 415, 422, 428, 503
  std::string text;
};

/** Chooses what to send: per kind the first source that the offer can take. An offer is taken as a
 * whole: a kind that both sides have but no codec in common rejects it. H.264 profiles match by
 * what the viewer must decode (constrained baseline is inside baseline, main and high), level by
 * the offer's level or level-asymmetry. When none matches, what all viewers decode in practice,
 * 4:2:0 up to High, goes under another profile with packetization-mode 1 (Firefox offers
 * constrained baseline only), or under one that says nothing at all (as GStreamer's viewers do).
 *  @p ssrc_seed makes SSRCs; they are unique within the answer. */
tl::expected<Agreement, Rejection> negotiate (
    const Offer &offer, const std::vector<Source> &sources, std::uint64_t ssrc_seed);

struct AnswerDetails
{
  IceCredentials local_ice;
  std::string fingerprint;          ///< "AB:CD…" of SHA-256
  std::vector<Endpoint> candidates; ///< host candidates, best first
  std::string cname, stream_id;
  std::uint64_t session_id = 0;
};
/** The SDP answer: ice-lite, setup:passive, all candidates, end-of-candidates, unused m-lines
 * inactive in place. */
std::string write_answer (const Offer &offer, const std::vector<Source> &sources,
    const Agreement &agreement, const AnswerDetails &details);

} // namespace stagedoor::webrtc
