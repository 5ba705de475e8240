// SPDX-License-Identifier: LGPL-2.1-or-later
// A stranger's offer, all the way to the answer.
#include <algorithm>
#include <cstdlib>

#include "gst-plugins/common/sdp_offer.hpp"

using namespace stagedoor;
using namespace stagedoor::webrtc;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  static const std::vector<Source> sources = {{true, Codec::h264, "640028"}, {true, Codec::vp9},
      {true, Codec::av1}, {true, Codec::h265, "", 1}, {true, Codec::vp8}, {false, Codec::opus}};
  const auto offer = parse_offer (text ({data, size}));
  if (!offer)
    return offer.error ().status == 400 && offer.error ().text.size () < 300 ? 0
                                                                             : (std::abort (), 0);
  const auto agreement = negotiate (*offer, sources, size);
  if (!agreement)
    return agreement.error ().text.size () < 2000 ? 0 : (std::abort (), 0);
  const auto answer = write_answer (*offer, sources, *agreement,
      {{"ufrag", "password"}, "AB:CD", {{IpAddress::from_v4 (0x7f000001), 9}}, "cname", "stream",
          1});
  const auto bad = [] (char c) {
    return static_cast<unsigned char> (c) < ' ' && c != '\r' && c != '\n';
  };
  if (std::ranges::any_of (answer, bad) || answer.find ("\r\n\r\n") != answer.npos)
    std::abort ();
  return 0;
}
