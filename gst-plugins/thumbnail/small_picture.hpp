// SPDX-License-Identifier: LGPL-2.1-or-later
// A key frame becomes a small picture, and that a file. Takes its time: on a thread that nobody
// waits for.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::thumbnail {

enum class Format { jpeg, webp };
inline constexpr std::size_t format_count = 2;

const char *media_type (Format format);

/** Or why not, for people. */
template <class T>
using Made = tl::expected<T, std::string>;

/** Raw, with square pixels, and as large as the source but at most 640x360. Of @p key_frame
 * nothing larger than 4096x2304 is decoded. */
Made<Ref<GstSample>> make_small_picture (GstSample *key_frame);

/** The bytes of a file of that picture. */
Made<std::string> make_file (GstSample *picture, Format format);

} // namespace stagedoor::thumbnail
