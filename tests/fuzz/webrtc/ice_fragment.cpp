// SPDX-License-Identifier: LGPL-2.1-or-later
// The body of a PATCH; what stands before its first NUL is the If-Match.
#include "libs/webrtc/ice_fragment.hpp"

#include <cstdlib>

using namespace stagedoor;
using namespace stagedoor::webrtc;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const auto input = text ({data, size});
  const auto header = input.substr (0, input.find ('\0'));
  evaluate_if_match (header, "\"abcdefgh\"");
  const auto body = input.substr (std::min (input.size (), header.size () + 1));
  const auto fragment = parse_ice_fragment (body);
  if (!fragment)
    return fragment.error ().status == 400 && fragment.error ().text.size () < 300
               ? 0
               : (std::abort (), 0);
  const auto &ice = fragment->ice;
  if ((ice.ufrag.empty () && !ice.password.empty ()) || ice.ufrag.size () > 256
      || ice.password.size () > 256)
    std::abort ();
  return 0;
}
