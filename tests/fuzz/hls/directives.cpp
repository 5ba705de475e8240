// SPDX-License-Identifier: LGPL-2.1-or-later
// Whatever a client asks for is refused, answered, or waited for within bounds; and no query leaves
// its line of a playlist.
#include <cstdint>
#include <cstdlib>

#include "libs/base/bytes.hpp"
#include "libs/hls/media_name.hpp"
#include "libs/hls/playlist.hpp"

using namespace stagedoor;

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

namespace {

using namespace std::chrono_literals;

hls::Playlist
make_list ()
{
  hls::Playlist list ({.prefix = "v-", .window = 3, .first_msn = 40});
  for (int i = 0; i < 66; ++i) {
    list.add_part ({.duration = 200ms});
    if (i % 10 == 9)
      list.finish_segment ();
  }
  return list;
}

void
check (bool holds)
{
  if (!holds)
    std::abort ();
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  static const auto list = make_list ();
  const auto query = text ({data, size});
  if (const auto wanted = hls::parse_directives (query)) {
    check (wanted->msn || !wanted->part);
    switch (list.judge (*wanted)) {
      case hls::Verdict::now:
        check (list.reached (*wanted));
        break;
      case hls::Verdict::wait:
        check (!list.reached (*wanted) && *wanted->msn <= list.edge ()->msn + 2);
        break;
      case hls::Verdict::bad_request:
        check (!list.reached (*wanted));
        break;
    }
  }
  const auto safe = hls::safe_query (query);
  check (safe.size () <= 3 * size && safe == hls::safe_query (safe));
  check (safe.find_first_of ("\"\r\n \\<>{}#") == safe.npos);
  if (const auto name = hls::parse_media_name ("v-", query))
    check (hls::format_media_name ("v-", *name) == query);
  return 0;
}
