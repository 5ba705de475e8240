// SPDX-License-Identifier: LGPL-2.1-or-later
// Session keys from master keys (RFC 3711 section 4.3; RFC 7714 section 11).
#pragma once

#include <array>

#include "libs/webrtc/dtls.hpp"

namespace stagedoor::webrtc {

enum class SrtpStream { rtp, rtcp };

/** What one direction of RTP or of RTCP works with. Wiped when destroyed. */
struct SessionKeys
{
  std::array<std::uint8_t, 16> cipher;
  std::array<std::uint8_t, 14> salt;
  std::array<std::uint8_t, 20> authentication; ///< unused by AEAD

  SessionKeys (const SrtpKeys::Key &key, const SrtpKeys::Salt &salt, SrtpStream stream);
  ~SessionKeys ();
  SessionKeys (const SessionKeys &) = delete;
  SessionKeys &operator= (const SessionKeys &) = delete;
};

} // namespace stagedoor::webrtc
