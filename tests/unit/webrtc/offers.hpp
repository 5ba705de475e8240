// SPDX-License-Identifier: LGPL-2.1-or-later
// Offers made up of parts, and sources to answer them with.
#pragma once

#include <string>

#include "libs/webrtc/negotiation.hpp"

namespace stagedoor::webrtc {

inline const std::string fingerprint =
    "sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:"
    "64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08";

inline OfferedCodec
h264 (int payload_type, const std::string &profile, const std::string &more = "")
{
  return {payload_type, "H264", 90000, 1,
      "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=" + profile + more, true,
      true, true};
}

inline OfferedMedia
line (const std::string &kind, const std::string &mid, std::vector<OfferedCodec> codecs)
{
  OfferedMedia media;
  media.kind = kind;
  media.mid = mid;
  media.protocol = "UDP/TLS/RTP/SAVPF";
  media.format = codecs.empty () ? "0" : std::to_string (codecs[0].payload_type);
  media.rtcp_mux = true;
  media.direction = Direction::recvonly;
  media.fingerprint = fingerprint;
  media.ice = {"user", "0123456789012345678901"};
  media.codecs = std::move (codecs);
  return media;
}

inline OfferedMedia
audio (const std::string &mid = "1")
{
  return line ("audio", mid,
      {{0, "PCMU", 8000, 1, ""}, {111, "opus", 48000, 2, "minptime=10;useinbandfec=1", true}});
}

inline Offer
offer_of (std::vector<OfferedMedia> media)
{
  Offer offer{std::move (media), {}};
  for (const auto &m : offer.media)
    offer.bundle.push_back (m.mid);
  return offer;
}

inline Offer
video_offer (std::vector<OfferedCodec> codecs)
{
  return offer_of ({line ("video", "0", std::move (codecs)), audio ()});
}

inline Source
h264_source (const std::string &profile)
{
  return {true, Codec::h264, profile};
}
inline const Source opus{false, Codec::opus};

} // namespace stagedoor::webrtc
