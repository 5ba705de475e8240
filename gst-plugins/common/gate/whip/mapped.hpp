// SPDX-License-Identifier: LGPL-2.1-or-later
// A buffer's bytes for as long as a scope lasts.
#pragma once

#include "gst-plugins/common/ref.hpp"
#include "libs/base/bytes.hpp"

namespace stagedoor::gate {

/** The buffer outlives it. */
class Mapped
{
public:
  explicit Mapped (GstBuffer *buffer) : buffer_ (buffer)
  {
    if (!gst_buffer_map (buffer, &map_, GST_MAP_READ))
      map_ = GST_MAP_INFO_INIT;
  }
  ~Mapped ()
  {
    if (map_.memory != nullptr)
      gst_buffer_unmap (buffer_, &map_);
  }
  Mapped (const Mapped &) = delete;
  Mapped &operator= (const Mapped &) = delete;

  ByteView view () const { return {map_.data, map_.size}; }

private:
  GstBuffer *const buffer_;
  GstMapInfo map_;
};

} // namespace stagedoor::gate
