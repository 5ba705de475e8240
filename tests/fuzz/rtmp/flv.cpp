// SPDX-License-Identifier: LGPL-2.1-or-later
// Any tag body is read or refused with a reason, its payload lies within it, and any sequence of
// stamps gives a timeline that never goes back.
#include <cstdlib>

#include "libs/media/timeline.hpp"
#include "libs/rtmp/flv.hpp"

using namespace stagedoor;
using media::Timeline;
using namespace stagedoor::rtmp;

namespace {

template <class Tag>
void
check (const tl::expected<Tag, TagError> &tag, ByteView body)
{
  if (!tag && tag.error ().text.empty ())
    std::abort ();
  if (!tag || tag->payload.empty ())
    return;
  const auto *const begin = tag->payload.data ();
  if (begin < body.data () || begin + tag->payload.size () > body.data () + body.size ())
    std::abort ();
}

void
check_timeline (Reader reader)
{
  Timeline timeline (media::rtmp_clock);
  std::int64_t last[2] = {};
  while (reader.remaining () >= 5) {
    const int lane = reader.u8 () & 1;
    const auto stamp = timeline.map (static_cast<Timeline::Track> (lane), reader.u32 ());
    if (stamp.dts_ns < last[lane])
      std::abort ();
    last[lane] = stamp.dts_ns;
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  const ByteView body (data, size);
  check (parse_video_tag (body), body);
  check (parse_audio_tag (body), body);
  check_timeline (Reader (body));
  return 0;
}
