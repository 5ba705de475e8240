// SPDX-License-Identifier: LGPL-2.1-or-later
// The decoder is fed by hand on the calling thread, so that no thread is made for one picture.
#include "gst-plugins/thumbnail/small_picture.hpp"

#include <algorithm>

#include <gst/video/video.h>

#include "gst-plugins/common/picture_bound.hpp"

namespace stagedoor::thumbnail {

namespace {

constexpr int most_width = 640, most_height = 360;
constexpr GstClockTime patience = 5 * GST_SECOND;
/** What JFIF takes samples for: those of BT.601, in full range. */
constexpr const char *jpeg_colours = "1:4:7:1";

GstStaticPadTemplate feed_template =
    GST_STATIC_PAD_TEMPLATE ("feed", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
GstStaticPadTemplate decoded_template = GST_STATIC_PAD_TEMPLATE (
    "decoded", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS ("video/x-raw"));

/** The highest ranked that works in software: of what hardware has there are few, and one picture
 * is not worth setting one up. */
Ref<GstElement>
new_decoder (const GstCaps *caps)
{
  GList *all = gst_element_factory_list_get_elements (
      GST_ELEMENT_FACTORY_TYPE_DECODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO, GST_RANK_MARGINAL);
  GList *fit = gst_element_factory_list_filter (all, caps, GST_PAD_SINK, FALSE);
  fit = g_list_sort (fit, gst_plugin_feature_rank_compare_func);
  // libvpx decodes what follows a frame of VP9 in its buffer, too, where a PictureBound can't look.
  const auto is_unsafe = [] (GstElementFactory *factory) {
    return g_str_equal (GST_OBJECT_NAME (factory), "vp9dec");
  };
  GstElementFactory *chosen = nullptr;
  for (GList *l = fit; l != nullptr; l = l->next) {
    auto *factory = GST_ELEMENT_FACTORY (l->data);
    if (!gst_element_factory_list_is_type (factory, GST_ELEMENT_FACTORY_TYPE_HARDWARE)
        && (chosen == nullptr || is_unsafe (chosen)))
      chosen = factory;
  }
  Ref<GstElement> out;
  if (chosen != nullptr)
    out = Ref<GstElement>::sink (gst_element_factory_create (chosen, nullptr));
  gst_plugin_feature_list_free (fit);
  gst_plugin_feature_list_free (all);
  return out;
}

void
set_if_there (GstElement *element, const char *property, const char *value)
{
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (element), property) != nullptr)
    gst_util_set_object_arg (G_OBJECT (element), property, value);
}

/** A decoder between two pads. */
class Decoding
{
public:
  explicit Decoding (Ref<GstElement> decoder);
  ~Decoding ();
  Decoding (const Decoding &) = delete;
  Decoding &operator= (const Decoding &) = delete;

  /** Null when nothing comes of it. */
  Ref<GstSample> decode (GstSample *key_frame);

private:
  static GstFlowReturn on_decoded (GstPad *pad, GstObject *, GstBuffer *buffer);

  const Ref<GstElement> decoder_;
  const Ref<GstPad> feed_, decoded_;
  Ref<GstSample> picture_;
};

Decoding::Decoding (Ref<GstElement> decoder)
    : decoder_ (std::move (decoder)),
      feed_ (Ref<GstPad>::sink (gst_pad_new_from_static_template (&feed_template, "feed"))),
      decoded_ (Ref<GstPad>::sink (gst_pad_new_from_static_template (&decoded_template, "decoded")))
{
  // One thread is this one; frame threads would wait for more frames.
  set_if_there (decoder_.get (), "max-threads", "1");
  set_if_there (decoder_.get (), "threads", "1");
  set_if_there (decoder_.get (), "output-corrupt", "false");
  gst_pad_set_element_private (decoded_.get (), this);
  gst_pad_set_chain_function (decoded_.get (), on_decoded);
  const auto in = adopt (gst_element_get_static_pad (decoder_.get (), "sink"));
  const auto out = adopt (gst_element_get_static_pad (decoder_.get (), "src"));
  gst_pad_link (feed_.get (), in.get ());
  gst_pad_link (out.get (), decoded_.get ());
  gst_pad_set_active (decoded_.get (), TRUE);
  gst_element_set_state (decoder_.get (), GST_STATE_PAUSED);
  gst_pad_set_active (feed_.get (), TRUE);
}

Decoding::~Decoding ()
{
  gst_pad_set_active (feed_.get (), FALSE);
  gst_pad_set_active (decoded_.get (), FALSE);
  gst_element_set_state (decoder_.get (), GST_STATE_NULL);
}

GstFlowReturn
Decoding::on_decoded (GstPad *pad, GstObject *, GstBuffer *raw)
{
  const auto buffer = adopt (raw);
  auto &self = *static_cast<Decoding *> (gst_pad_get_element_private (pad));
  const auto caps = adopt (gst_pad_get_current_caps (pad));
  if (!self.picture_ && caps)
    self.picture_ = adopt (gst_sample_new (buffer.get (), caps.get (), nullptr, nullptr));
  return GST_FLOW_OK;
}

/** What a decoder has is out when it has taken the end of the stream. */
Ref<GstSample>
Decoding::decode (GstSample *key_frame)
{
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  GstBuffer *alone = gst_buffer_copy (gst_sample_get_buffer (key_frame));
  GST_BUFFER_PTS (alone) = 0;
  GST_BUFFER_DTS (alone) = GST_BUFFER_DURATION (alone) = GST_CLOCK_TIME_NONE;
  gst_pad_push_event (feed_.get (), gst_event_new_stream_start ("thumbnail"));
  gst_pad_push_event (feed_.get (), gst_event_new_caps (gst_sample_get_caps (key_frame)));
  gst_pad_push_event (feed_.get (), gst_event_new_segment (&segment));
  if (gst_pad_push (feed_.get (), alone) == GST_FLOW_OK)
    gst_pad_push_event (feed_.get (), gst_event_new_eos ());
  return std::move (picture_);
}

Made<Ref<GstSample>>
convert (GstSample *sample, const GstCaps *caps)
{
  GError *raw = nullptr;
  auto out = adopt (gst_video_convert_sample (sample, caps, patience, &raw));
  const Error error (raw);
  if (out)
    return out;
  return tl::unexpected (std::string (error ? error->message : "it takes too long"));
}

/** Square pixels; nothing gets larger. */
Ref<GstCaps>
small_format (const GstVideoInfo &info)
{
  const double width = double (info.width) * info.par_n / info.par_d, height = info.height;
  const double scale = std::min ({1.0, most_width / width, most_height / height});
  const auto side = [scale] (double length, int most) {
    return std::clamp (static_cast<int> (length * scale + 0.5), 1, most);
  };
  return adopt (
      gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, "BGRx", "width", G_TYPE_INT,
          side (width, most_width), "height", G_TYPE_INT, side (height, most_height), nullptr));
}

/** jpegenc takes any samples as they are; webpenc makes them what it needs. */
Made<Ref<GstSample>>
in_colours_of (Format format, GstSample *picture)
{
  if (format == Format::webp)
    return share (picture);
  const auto caps = adopt (gst_caps_copy (gst_sample_get_caps (picture)));
  gst_caps_set_simple (caps.get (), "format", G_TYPE_STRING, "I420", "colorimetry", G_TYPE_STRING,
      jpeg_colours, nullptr);
  return convert (picture, caps.get ());
}

} // namespace

const char *
media_type (Format format)
{
  return format == Format::webp ? "image/webp" : "image/jpeg";
}

Made<Ref<GstSample>>
make_small_picture (GstSample *key_frame)
{
  const auto *caps = gst_sample_get_caps (key_frame);
  if (!PictureBound (caps).holds (gst_sample_get_buffer (key_frame)))
    return tl::unexpected (std::string ("the picture is larger than 4096x2304, or damaged"));
  auto decoder = new_decoder (caps);
  if (!decoder)
    return tl::unexpected (std::string ("this server has no decoder for ")
                           + gst_structure_get_name (gst_caps_get_structure (caps, 0)));
  const auto picture = Decoding (std::move (decoder)).decode (key_frame);
  GstVideoInfo info;
  if (!picture || !gst_video_info_from_caps (&info, gst_sample_get_caps (picture.get ())))
    return tl::unexpected (std::string ("the key frame can't be decoded"));
  return convert (picture.get (), small_format (info).get ());
}

Made<std::string>
make_file (GstSample *picture, Format format)
{
  const auto caps = adopt (gst_caps_new_empty_simple (media_type (format)));
  const auto file = in_colours_of (format, picture).and_then ([&caps] (const auto &raw) {
    return convert (raw.get (), caps.get ());
  });
  if (!file)
    return tl::unexpected (
        std::string ("this server can't make ") + media_type (format) + ": " + file.error ());
  GstMapInfo map;
  auto *buffer = gst_sample_get_buffer (file->get ());
  if (buffer == nullptr || !gst_buffer_map (buffer, &map, GST_MAP_READ))
    return tl::unexpected (std::string ("the encoder made nothing"));
  std::string out (reinterpret_cast<const char *> (map.data), map.size);
  gst_buffer_unmap (buffer, &map);
  return out;
}

} // namespace stagedoor::thumbnail
