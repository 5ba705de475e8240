// SPDX-License-Identifier: LGPL-2.1-or-later
// What a DTLS datagram is made of, before OpenSSL sees it; private to DtlsServer.
#pragma once

#include "libs/base/bytes.hpp"

namespace stagedoor::webrtc {

struct Records
{
  bool sound = true;     ///< may be shown to OpenSSL
  std::size_t early = 0; ///< those that OpenSSL may keep for later
  bool hello = false;    ///< has a ClientHello or a part of one
};

/** Looks at the records of a datagram (RFC 6347 section 4.1). OpenSSL drops most bad ones silently,
 * as it should. But an encrypted one that is too short for nonce and tag of GCM ends the session,
 * and so does application data in the clear, and anybody who knows the addresses could send them.
 */
Records look_at_records (ByteView datagram);

} // namespace stagedoor::webrtc
