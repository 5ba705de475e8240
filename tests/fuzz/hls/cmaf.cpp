// SPDX-License-Identifier: LGPL-2.1-or-later
// Any bytes are a setup or none: what is read can be written and named. The first byte chooses the
// codec, and whether it is a setup or a frame.
#include <algorithm>
#include <cstdlib>

#include "libs/hls/cmaf.hpp"

using namespace stagedoor;
using namespace stagedoor::hls;

namespace {

void
check (bool holds)
{
  if (!holds)
    std::abort ();
}

void
check_name (const std::string &name)
{
  check (name.size () >= 4 && name.size () <= 48);
  check (std::ranges::all_of (name, [] (char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
  }));
}

void
check_boxes (const Bytes &bytes, std::string_view first, std::string_view second)
{
  Reader reader (bytes);
  for (const auto name : {first, second}) {
    const auto size = reader.u32 ();
    check (size >= 8 && text (reader.take (4)) == name);
    reader.skip (size - 8);
  }
  check (reader.ok () && reader.remaining () == 0);
}

void
check_track (const Track &track, ByteView frame)
{
  constexpr int most = 65535; // as tkhd and the entry have it
  check_name (codec_string (track));
  const auto init = init_segment (track);
  check (init || track.picture.width > most || track.picture.height > most);
  if (init)
    check_boxes (*init, "ftyp", "moov");
  const Sample sample{.data = frame, .duration = 1};
  if (const auto out = chunk (track, {1, 1, false, {}}, std::span (&sample, 1)))
    check_boxes (*out, "moof", "mdat");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size);

extern "C" int
LLVMFuzzerTestOneInput (const std::uint8_t *data, std::size_t size)
{
  if (size == 0)
    return 0;
  const ByteView bytes (data + 1, size - 1);
  const auto codec = static_cast<Codec> (data[0] & 7);
  const bool in_frame = (data[0] & 8) != 0;
  const auto track = in_frame ? read_key_frame (codec, bytes) : read_setup (codec, bytes);
  if (track)
    check_track (*track, bytes);
  else
    check (!track.error ().empty ());
  return 0;
}
