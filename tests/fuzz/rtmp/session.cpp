// SPDX-License-Identifier: LGPL-2.1-or-later
// A whole session: whatever a peer sends, in whatever pieces, ends in events or in one error.
#include <algorithm>
#include <cstdlib>

#include "libs/rtmp/flv.hpp"
#include "libs/rtmp/session.hpp"

using namespace stagedoor;
using namespace stagedoor::rtmp;

namespace {

constexpr std::size_t handshake_size = 1 + 2 * 1536;

/** Answers like a gate that lets everybody in. */
void
feed (ServerSession &session, ByteView piece)
{
  std::vector<Event> events;
  const bool ok = session.feed (piece, events).has_value ();
  for (const auto &event : events) {
    if (const auto *tag = std::get_if<MediaTag> (&event)) {
      if (tag->kind == MediaTag::Kind::video)
        (void)parse_video_tag (*tag->body);
      else
        (void)parse_audio_tag (*tag->body);
    } else if (const auto *request = std::get_if<PublishRequest> (&event)) {
      if (request->app.size () > 256 || request->stream.size () > 256)
        std::abort ();
      session.accept_publish ();
    }
  }
  if (!ok)
    if (session.feed ({}, events))
      std::abort ();
  (void)session.take_output ();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

/** The first byte says how large the pieces are, and whether the handshake is part of the input:
 * what comes behind one is found sooner without. */
extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  if (size == 0)
    return 0;
  const std::size_t piece = 1 + (data[0] & 0x7fu) * 8;
  ServerSession session (1);
  if (data[0] & 0x80) {
    Bytes hello (handshake_size);
    hello[0] = 3;
    feed (session, hello);
  }
  for (ByteView rest (data + 1, size - 1); !rest.empty ();) {
    const auto n = std::min (piece, rest.size ());
    feed (session, rest.first (n));
    feed (session, {});
    rest = rest.subspan (n);
  }
  return 0;
}
