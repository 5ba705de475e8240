// SPDX-License-Identifier: LGPL-2.1-or-later
// Which of the encoders that are here makes a rendition now.
#pragma once

#include <optional>

#include "gst-plugins/transcode/encoder_table.hpp"
#include "gst-plugins/transcode/video_failures.hpp"

namespace stagedoor::transcode {

struct EncoderChoice
{
  std::optional<EncoderKind> kind;
  bool pending = false; ///< no kind yet: some are being tried
  std::string why;      ///< it isn't the first one of its codec; empty: it is
};

/** The first that works and has the fewest defeats. Doesn't wait. */
EncoderChoice choose_encoder (const RenditionSpec &spec, const VideoFailures &failures);

/** Fixed caps of what will be made of @p spec, as far as is known; empty ones: nothing. Any thread.
 */
Ref<GstCaps> expected_caps (const RenditionSpec &spec);

} // namespace stagedoor::transcode
