// SPDX-License-Identifier: LGPL-2.1-or-later
// Received SRTP: a sequence of packets of any bytes, and of the same under the right key, whole and
// damaged. In the input each has its length in two bytes before it; the first byte says which
// profile.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "libs/webrtc/srtp.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

namespace {

/** Both directions have the same keys, so that what one seals the other opens. */
SrtpKeys
keys_for (SrtpProfile profile)
{
  const SrtpKeys::Key key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  return {profile, key, {}, key, {}};
}

/** Header and payload, cut where the header says that it ends. */
std::size_t
header_size (ByteView packet)
{
  const std::size_t fixed = 12 + 4u * (packet[0] & 0x0f);
  const bool extended = (packet[0] & 0x10) != 0 && packet.size () >= fixed + 4;
  return fixed + (extended ? 4 + 4u * Reader (packet.subspan (fixed + 2)).u16 () : 0);
}

class Peer
{
public:
  explicit Peer (SrtpProfile profile) : out_ (keys_for (profile)), in_ (keys_for (profile)) {}

  void as_it_is (Bytes packet)
  {
    if (in_.unprotect (packet))
      std::abort (); // nobody has forged a tag
  }
  void under_the_right_key (const Bytes &plain)
  {
    if (plain.size () < 12 || header_size (plain) > plain.size () || plain[0] >> 6 != 2)
      return;
    const ByteView all (plain);
    const auto index = Reader (all.subspan (2)).u16 ();
    Bytes packet (plain.size () + srtp_overhead);
    packet.resize (out_.protect_rtp (
        index, all.first (header_size (plain)), all.subspan (header_size (plain)), packet.data ()));
    if (packet.empty ())
      return;
    auto damaged = packet;
    damaged[index % damaged.size ()] ^= 0x40;
    if (in_.unprotect (damaged))
      std::abort ();
    auto again = packet;
    const auto opened = in_.unprotect (packet);
    if (opened && !std::ranges::equal (*opened, plain))
      std::abort ();
    if (opened)
      sources_.insert (Reader (all.subspan (8)).u32 ());
    if (in_.unprotect (again) || sources_.size () > 16)
      std::abort ();
  }

private:
  SrtpOutbound out_;
  SrtpInbound in_;
  std::set<std::uint32_t> sources_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  Reader reader ({data, size});
  Peer peer (reader.u8 () & 1 ? SrtpProfile::aead_aes_128_gcm : SrtpProfile::aes128_cm_sha1_80);
  while (reader.remaining () > 0) {
    const auto length = std::min<std::size_t> (reader.u16 (), reader.remaining ());
    const auto bytes = reader.take (length);
    const Bytes packet (bytes.begin (), bytes.end ());
    peer.as_it_is (packet);
    peer.under_the_right_key (packet);
  }
  return 0;
}
