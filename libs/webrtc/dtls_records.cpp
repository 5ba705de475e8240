// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libs/webrtc/dtls_records.hpp"

namespace stagedoor::webrtc {

Records
look_at_records (ByteView datagram)
{
  constexpr unsigned change_cipher_spec = 20, handshake = 22, application_data = 23;
  constexpr unsigned major_version = 0xfe, client_hello = 1;
  constexpr std::size_t gcm_overhead = 8 + 16;
  Records records;
  for (Reader reader (datagram); reader.remaining () > 0 && records.sound;) {
    const auto type = reader.u8 ();
    const auto version = reader.u16 ();
    const auto epoch = reader.u16 ();
    reader.skip (6);
    const auto body = reader.take (reader.u16 ());
    records.sound = reader.ok () && version >> 8 == major_version && type >= change_cipher_spec
                    && (epoch == 0 ? type < application_data && !body.empty ()
                                   : type <= application_data && body.size () >= gcm_overhead);
    records.hello |= records.sound && epoch == 0 && type == handshake && body[0] == client_hello;
    records.early += epoch > 0 ? 1 : 0;
  }
  return records;
}

} // namespace stagedoor::webrtc
