// SPDX-License-Identifier: LGPL-2.1-or-later
// Headers of VP8's and VP9's key frames.
#pragma once

#include "libs/base/bytes.hpp"
#include "libs/codecs/picture.hpp"

namespace stagedoor::codecs {

struct Vp9Header
{
  Picture picture;
  unsigned profile = 0;                           ///< 0 to 3
  unsigned depth = 8;                             ///< 8, 10 or 12 bits
  bool halves_width = true, halves_height = true; ///< of chroma
};

/** nullopt when it isn't a key frame. */
std::optional<Picture> read_vp8_key_frame (ByteView frame);
std::optional<Vp9Header> read_vp9_key_frame (ByteView frame);

/** The most that any frame of a superframe (annex B) says it has, which others than key frames may
 * as well; 0: all are as large as frames before them. */
std::uint64_t most_vp9_pixels (ByteView superframe);

} // namespace stagedoor::codecs
