// SPDX-License-Identifier: LGPL-2.1-or-later
// What a publisher offers to send by WHIP, what of it we take, and the answer (RFC 9725 section 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

/** One thing that a publisher sends, as the answer agreed on it. */
struct IncomingTrack
{
  bool video;
  Codec codec;
  std::size_t m_line;
  std::uint8_t payload_type;
  int clock_rate, channels;                     ///< as in a=rtpmap
  std::string fmtp;                             ///< "a=1;b=2" as offered, may be empty
  std::string mid;                              ///< may be empty
  std::optional<std::uint8_t> rtx_payload_type; ///< RFC 4588
  bool nack = false, pli = false, fir = false, transport_cc = false; ///< what it will react to
  /** Of the transport-wide sequence number (RFC 8285, one-byte form); 0 without transport_cc. */
  std::uint8_t transport_cc_id = 0;
  std::optional<std::uint32_t> ssrc, rtx_ssrc; ///< as announced; what comes may differ
};

/** At most one track per kind, at least one; payload types are unique. */
struct IncomingPlan
{
  std::vector<IncomingTrack> tracks;
};

struct IncomingAgreement
{
  IncomingPlan plan;
  std::size_t transport; ///< the m-line whose transport all others share (RFC 9143 section 7.2)
  std::string remote_fingerprint;
  IceCredentials remote_ice;
};

/** Takes an offer as a whole or not at all: per kind one m-line that sends, and of it the first
 * codec in the offer's order that is one of @p codecs. Simulcast isn't taken: such an offer is
 * answered as one without, which makes the publisher send one layer. */
tl::expected<IncomingAgreement, Rejection> negotiate_incoming (
    const Offer &offer, const std::vector<Codec> &codecs);

/** recvonly, otherwise as write_answer(). */
std::string write_incoming_answer (
    const Offer &offer, const IncomingAgreement &agreement, const AnswerDetails &details);

} // namespace stagedoor::webrtc
