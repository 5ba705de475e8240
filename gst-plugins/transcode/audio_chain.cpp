// SPDX-License-Identifier: LGPL-2.1-or-later
// Builds decoder -> audioconvert -> audioresample -> opusenc without threads, queues or a
// decodebin.
#include "gst-plugins/transcode/opus_chain.hpp"

namespace stagedoor::transcode {

namespace {

// 96 kbit/s is transparent enough for stereo; from complexity 5 on libopus costs 15 % more for
// gains that are inaudible at this rate. In-band FEC exists in SILK frames only, never at this
// rate, so it is left off. A jump beyond the tolerance restarts the encoder's clock at the input's.
constexpr int bitrate = 96'000;
constexpr int complexity = 4;
constexpr gint64 tolerance = 10 * GST_MSECOND;

bool
is_framed (const GstCaps *caps)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  gboolean framed = FALSE, parsed = FALSE;
  gst_structure_get_boolean (s, "framed", &framed);
  gst_structure_get_boolean (s, "parsed", &parsed);
  return framed || parsed;
}

bool
is_raw (const GstCaps *caps)
{
  return gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw");
}

Ref<GstElement>
make_encoder ()
{
  auto encoder = make ("opusenc");
  if (encoder)
    g_object_set (encoder.get (), "bitrate", bitrate, "complexity", complexity, "tolerance",
        tolerance, nullptr);
  return encoder;
}

Ref<GstElement>
make_converter ()
{
  // Dither would spend time on noise that the encoder then spends bits on.
  auto converter = make ("audioconvert");
  if (converter)
    gst_util_set_object_arg (G_OBJECT (converter.get ()), "dithering", "none");
  return converter;
}

/** Nothing inside the chain has business with the publisher. */
gboolean
drop_upstream_event (GstPad *, GstObject *, GstEvent *event)
{
  gst_event_unref (event);
  return TRUE;
}

} // namespace

Ref<GstCaps>
opus_caps ()
{
  return adopt (
      gst_caps_from_string ("audio/x-opus,rate=48000,channels=2,channel-mapping-family=0"));
}

bool
OpusChain::assemble (const GstCaps *caps)
{
  if (!is_raw (caps)) {
    auto parser =
        is_framed (caps) ? Ref<GstElement>{} : make_for (GST_ELEMENT_FACTORY_TYPE_PARSER, caps);
    if (parser && !row_.add (std::move (parser)))
      return false;
    auto framed = adopt (gst_caps_copy (caps));
    gst_caps_set_simple (
        framed.get (), "framed", G_TYPE_BOOLEAN, TRUE, "parsed", G_TYPE_BOOLEAN, TRUE, nullptr);
    auto decoder = make_for (
        GST_ELEMENT_FACTORY_TYPE_DECODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_AUDIO, framed.get ());
    if (decoder)
      tolerate_errors (decoder.get ());
    if (!row_.add (std::move (decoder)))
      return false;
  }
  const auto format = adopt (gst_caps_from_string ("audio/x-raw,rate=48000,channels=2"));
  return row_.add (make_converter ()) && row_.add (make ("audioresample"))
         && row_.add (make_filter (format.get ())) && row_.add (make_encoder ());
}

void
OpusChain::open (const Hooks &hooks)
{
  feed_ = Ref<GstPad>::sink (gst_pad_new ("feed", GST_PAD_SRC));
  gst_pad_set_query_function (feed_.get (), hooks.query_upstream);
  gst_pad_set_event_function (feed_.get (), drop_upstream_event);
  gst_pad_set_element_private (feed_.get (), hooks.owner);

  tail_ = Ref<GstPad>::sink (gst_pad_new ("tail", GST_PAD_SINK));
  gst_pad_set_chain_function (tail_.get (), hooks.output);
  gst_pad_set_event_function (tail_.get (), hooks.output_event);
  gst_pad_set_element_private (tail_.get (), hooks.owner);

  gst_pad_link (feed_.get (), row_.sink ().get ());
  gst_pad_link (row_.src ().get (), tail_.get ());
  gst_pad_set_active (tail_.get (), TRUE);
  row_.start ();
  gst_pad_set_active (feed_.get (), TRUE);
}

std::shared_ptr<OpusChain>
OpusChain::build (GstBin *bin, const GstCaps *caps, const Hooks &hooks)
{
  std::shared_ptr<OpusChain> chain{new OpusChain (bin)};
  if (!chain->assemble (caps))
    return nullptr;
  chain->open (hooks);
  return chain;
}

OpusChain::~OpusChain ()
{
  if (feed_) {
    gst_pad_set_active (feed_.get (), FALSE);
    gst_pad_set_active (tail_.get (), FALSE);
  }
}

} // namespace stagedoor::transcode
