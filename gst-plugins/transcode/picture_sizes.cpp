// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/picture_sizes.hpp"

#include <algorithm>

#include <libyuv/scale.h>

namespace stagedoor::transcode {

namespace {

/** A picture made of one that was scaled itself is visibly no worse when that is so much larger. */
constexpr double enough_larger = 1.45;

class Mapped
{
public:
  Mapped (const GstVideoInfo &info, GstBuffer *buffer, GstMapFlags how)
      : ok_ (gst_video_frame_map (&frame_, const_cast<GstVideoInfo *> (&info), buffer, how))
  {
  }
  ~Mapped ()
  {
    if (ok_)
      gst_video_frame_unmap (&frame_);
  }
  Mapped (const Mapped &) = delete;
  Mapped &operator= (const Mapped &) = delete;

  explicit operator bool () const { return ok_; }
  GstVideoFrame *frame () { return &frame_; }
  std::uint8_t *plane (guint n) const { return static_cast<std::uint8_t *> (frame_.data[n]); }
  int stride (guint n) const { return frame_.info.stride[n]; }
  int width () const { return frame_.info.width; }
  int height () const { return frame_.info.height; }

private:
  GstVideoFrame frame_;
  const bool ok_;
};

bool
scale (Mapped &to, Mapped &from)
{
  return to && from
         && libyuv::I420Scale (from.plane (0), from.stride (0), from.plane (1), from.stride (1),
                from.plane (2), from.stride (2), from.width (), from.height (), to.plane (0),
                to.stride (0), to.plane (1), to.stride (1), to.plane (2), to.stride (2),
                to.width (), to.height (), libyuv::kFilterBox)
                == 0;
}

Ref<GstBuffer>
acquire (GstBufferPool *pool, GstBuffer *like)
{
  GstBuffer *out = nullptr;
  if (gst_buffer_pool_acquire_buffer (pool, &out, nullptr) != GST_FLOW_OK)
    return nullptr;
  constexpr auto facts =
      static_cast<GstBufferCopyFlags> (GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS);
  gst_buffer_copy_into (out, like, facts, 0, static_cast<gsize> (-1));
  return adopt (out);
}

} // namespace

PictureSizes::Size::~Size ()
{
  if (pool)
    gst_buffer_pool_set_active (pool.get (), FALSE); // ends with the last of its pictures
}

bool
PictureSizes::set_input (const GstCaps *caps)
{
  smaller_.clear ();
  converter_ = nullptr;
  whole_ = nullptr;
  if (!gst_video_info_from_caps (&input_, caps))
    return false;
  whole_ = prepare (input_.width, input_.height);
  if (whole_ == nullptr || input_.finfo->format == GST_VIDEO_FORMAT_I420)
    return whole_ != nullptr;
  converter_.reset (gst_video_converter_new (&input_, &whole_->info,
      gst_structure_new ("options", GST_VIDEO_CONVERTER_OPT_DITHER_METHOD,
          GST_TYPE_VIDEO_DITHER_METHOD, GST_VIDEO_DITHER_NONE, nullptr)));
  return converter_ != nullptr;
}

std::unique_ptr<PictureSizes::Size>
PictureSizes::prepare (int width, int height) const
{
  auto out = std::make_unique<Size> ();
  const auto fit = caps (width, height);
  if (!gst_video_info_from_caps (&out->info, fit.get ()))
    return nullptr;
  out->pool = adopt (gst_video_buffer_pool_new ()); // not floating
  auto *config = gst_buffer_pool_get_config (out->pool.get ());
  gst_buffer_pool_config_set_params (config, fit.get (), static_cast<guint> (out->info.size), 0, 0);
  if (!gst_buffer_pool_set_config (out->pool.get (), config)
      || !gst_buffer_pool_set_active (out->pool.get (), TRUE))
    return nullptr;
  return out;
}

Ref<GstCaps>
PictureSizes::caps (int width, int height) const
{
  auto info = input_;
  const bool same = width == input_.width && height == input_.height;
  gst_video_info_set_format (
      &info, GST_VIDEO_FORMAT_I420, static_cast<guint> (width), static_cast<guint> (height));
  info.par_n = input_.par_n;
  info.par_d = input_.par_d;
  info.fps_n = input_.fps_n;
  info.fps_d = input_.fps_d;
  info.colorimetry = input_.colorimetry;
  info.chroma_site = input_.chroma_site;
  if (same)
    info.interlace_mode = input_.interlace_mode;
  return adopt (gst_video_info_to_caps (&info));
}

void
PictureSizes::begin (GstBuffer *picture)
{
  for (const auto &size : smaller_)
    size->picture = nullptr;
  if (whole_ != nullptr)
    whole_->picture = converter_ != nullptr ? converted (picture) : share (picture);
}

Ref<GstBuffer>
PictureSizes::converted (GstBuffer *picture) const
{
  auto out = acquire (whole_->pool.get (), picture);
  if (!out)
    return nullptr;
  Mapped from (input_, picture, GST_MAP_READ), to (whole_->info, out.get (), GST_MAP_WRITE);
  if (!from || !to)
    return nullptr;
  gst_video_converter_frame (converter_.get (), from.frame (), to.frame ());
  return out;
}

/** The smallest picture there is already that is large enough to make @p wanted of it. */
const PictureSizes::Size &
PictureSizes::nearest (const Size &wanted) const
{
  const Size *out = whole_.get ();
  for (const auto &size : smaller_)
    if (size->picture && size->info.width < out->info.width
        && size->info.width >= enough_larger * wanted.info.width
        && size->info.height >= enough_larger * wanted.info.height)
      out = size.get ();
  return *out;
}

void
PictureSizes::make (Size &size) const
{
  const auto &larger = nearest (size);
  auto out = acquire (size.pool.get (), larger.picture.get ());
  if (!out)
    return;
  Mapped from (larger.info, larger.picture.get (), GST_MAP_READ);
  Mapped to (size.info, out.get (), GST_MAP_WRITE);
  if (scale (to, from))
    size.picture = std::move (out);
}

Ref<GstBuffer>
PictureSizes::get (int width, int height)
{
  const auto is_it = [&] (const auto &s) {
    return s->info.width == width && s->info.height == height;
  };
  if (whole_ == nullptr || !whole_->picture || is_it (whole_))
    return whole_ != nullptr ? whole_->picture : nullptr;
  auto size = std::ranges::find_if (smaller_, is_it);
  if (size == smaller_.end ()) {
    auto fresh = prepare (width, height);
    if (fresh == nullptr)
      return nullptr;
    size = smaller_.insert (smaller_.end (), std::move (fresh));
  }
  if (!(*size)->picture)
    make (**size);
  return (*size)->picture;
}

} // namespace stagedoor::transcode
