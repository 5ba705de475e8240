// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever a client sends is bounded, and read the same however the network cuts it.
#include <cstdint>
#include <cstdlib>

#include "libs/http/request_reader.hpp"

using namespace stagedoor::http1;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

namespace {

std::string
told (std::string_view text, std::size_t size)
{
  using Event = RequestReader::Event;
  RequestReader reader;
  std::string out;
  while (!text.empty ()) {
    auto piece = text.substr (0, size);
    text.remove_prefix (piece.size ());
    for (auto event = reader.read (piece); event != Event::nothing; event = reader.read (piece)) {
      if (event == Event::bad)
        return out + "bad";
      const auto &head = reader.head ();
      if (event == Event::head) {
        if (head.fields.size () > max_head_lines || head.path.find ('\0') != std::string::npos
            || head.path.find ("/../") != std::string::npos)
          std::abort ();
        out += head.method + head.path + head.query;
      } else if (event == Event::piece) {
        out += reader.piece ();
      } else {
        out += '\n';
      }
    }
  }
  return out;
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const std::string_view text (reinterpret_cast<const char *> (data), size);
  const auto whole = told (text, size + 1);
  if (told (text, 1) != whole || told (text, 5) != whole)
    std::abort ();
  return 0;
}
