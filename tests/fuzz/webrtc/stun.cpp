// SPDX-License-Identifier: LGPL-2.1-or-later
// Demultiplexing and connectivity checks: as they come, and signed with the right password.
#include "libs/webrtc/stun.hpp"

#include <cstdlib>

#include "tests/unit/webrtc/stun_message.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  static const std::string password = "VOkJxbRl1RmTxUk/WvJxBt";
  static const IceLite ice ({"evtj", password}, "h6vY");
  const Endpoint from{IpAddress::from_v4 (0x7f000001), 9};
  const ByteView packet (data, size);
  classify (packet);
  local_ufrag_of (packet);
  ice.on_packet (packet, from);

  // The input as attributes of a request that is authentic but for them.
  if (size > 1300)
    return 0;
  test::StunMessage message;
  message.username ("evtj:h6vY");
  message.bytes ().insert (message.bytes ().end (), packet.begin (), packet.end ());
  message.bytes ().resize ((message.bytes ().size () + 3) & ~std::size_t{3});
  const auto result = ice.on_packet (message.sign (password).fingerprint ().bytes (), from);
  if (result.valid && !test::StunAnswer (result.response, password).sound)
    std::abort ();
  return 0;
}
