// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever a control server answers is refused, or names a stream that is safe to use and holds
// nothing that can't be shown; whatever URL a publisher sends stays one JSON string.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "libs/base/text.hpp"
#include "libs/keys/flat_json.hpp"
#include "libs/webhook/webhook.hpp"

using namespace stagedoor;
using webhook::Dialect;

namespace {

bool
is_safe (const webhook::Answer &answer)
{
  const auto slash = answer.name.find ('/');
  const bool named = !answer.name.empty ();
  return (!named
             || (slash != std::string::npos && is_valid_name (answer.name.substr (0, slash))
                 && is_valid_name (answer.name.substr (slash + 1))))
         && answer.lifetime_ms >= 0 && answer.reason.size () <= 800
         && std::ranges::none_of (answer.reason, [] (char c) { return c >= 0 && c < ' '; })
         && printable (answer.reason, 200) == answer.reason;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const auto input = text ({data, size});
  for (const auto dialect : {Dialect::stagedoor, Dialect::ome}) {
    const auto answer = webhook::read_answer (dialect, input, "live");
    if (answer && !is_safe (*answer))
      std::abort ();
    const auto written = webhook::write_event (
        dialect, {.app = "live", .stream = "demo", .url = std::string (input)});
    if (!keys::parse_flat_object (written))
      std::abort ();
  }
  return 0;
}
