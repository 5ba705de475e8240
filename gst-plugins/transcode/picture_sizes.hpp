// SPDX-License-Identifier: LGPL-2.1-or-later
// One decoded picture in all sizes that renditions want, each made once, the smaller ones of the
// larger ones.
#pragma once

#include <memory>
#include <vector>

#include <gst/video/video.h>

#include "gst-plugins/common/ref.hpp"

namespace stagedoor::transcode {

/** All that comes out is I420, as every encoder takes it. The decoder's thread. */
class PictureSizes
{
public:
  /** What comes from here on. False when it can't be read. */
  bool set_input (const GstCaps *caps);
  /** Of what comes out. */
  Ref<GstCaps> caps (int width, int height) const;

  /** Lets go of what other sizes took. @p wanted is asked about a width and a height. */
  template <class Wanted>
  void keep (Wanted wanted)
  {
    std::erase_if (
        smaller_, [&] (const auto &size) { return !wanted (size->info.width, size->info.height); });
  }
  /** The next picture; the one before is forgotten. */
  void begin (GstBuffer *picture);
  /** In that size; the larger ones are asked for first. Null when it can't be made. */
  Ref<GstBuffer> get (int width, int height);

private:
  struct Size
  {
    ~Size ();
    GstVideoInfo info{};
    Ref<GstBufferPool> pool;
    Ref<GstBuffer> picture; ///< null: not made yet
  };

  std::unique_ptr<Size> prepare (int width, int height) const;
  Ref<GstBuffer> converted (GstBuffer *picture) const;
  void make (Size &size) const;
  const Size &nearest (const Size &wanted) const;

  GstVideoInfo input_{};
  Owned<GstVideoConverter, gst_video_converter_free> converter_; // null: it is I420
  std::unique_ptr<Size> whole_;                                  // as large as the input
  std::vector<std::unique_ptr<Size>> smaller_;
};

} // namespace stagedoor::transcode
