// SPDX-License-Identifier: LGPL-2.1-or-later
// Built without threads, queues or a decodebin.
#include "gst-plugins/transcode/audio_chain.hpp"

#include "gst-plugins/transcode/audio_conform.hpp"

namespace stagedoor::transcode {

namespace {

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

bool
AudioChain::decode (const GstCaps *caps)
{
  if (is_raw (caps))
    return true;
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
  return row_.add (std::move (decoder));
}

bool
AudioChain::encode (const AudioSpec &spec, GstClockTime floor)
{
  // Timestamps are mended at the source's rate: a resampler that is shown steps starts anew with
  // each.
  const auto mixed =
      adopt (gst_caps_new_simple ("audio/x-raw", "channels", G_TYPE_INT, spec.channels, nullptr));
  const auto raw = adopt (gst_caps_new_simple ("audio/x-raw", "rate", G_TYPE_INT, spec.rate,
      "channels", G_TYPE_INT, spec.channels, nullptr));
  auto encoder = make_audio_encoder (spec);
  const auto lead = gst_util_uint64_scale_int (GST_SECOND, encoder.delay, spec.rate);
  if (!row_.add (make_converter ()) || !row_.add (make_filter (mixed.get ()))
      || !row_.add (make_audio_conform (lead, floor)) || !row_.add (make ("audioresample"))
      || !row_.add (make_converter ()) || !row_.add (make_filter (raw.get ()))
      || !row_.add (std::move (encoder.element)))
    return false;
  // Encoders don't say that they put out whole frames, nor all of them with the headers wanted.
  return spec.codec != "aac"
         || (row_.add (make ("aacparse")) && row_.add (make_filter (audio_caps (spec).get ())));
}

void
AudioChain::open (const Hooks &hooks)
{
  feed_ = Ref<GstPad>::sink (gst_pad_new ("feed", GST_PAD_SRC));
  gst_pad_set_query_function (feed_.get (), hooks.query_upstream);
  gst_pad_set_event_function (feed_.get (), drop_upstream_event);
  gst_pad_set_element_private (feed_.get (), hooks.source);

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

std::shared_ptr<AudioChain>
AudioChain::build (
    GstBin *bin, const GstCaps *caps, const AudioSpec &spec, GstClockTime floor, const Hooks &hooks)
{
  std::shared_ptr<AudioChain> chain{new AudioChain (bin)};
  if (!chain->decode (caps) || !chain->encode (spec, floor))
    return nullptr;
  chain->open (hooks);
  return chain;
}

AudioChain::~AudioChain ()
{
  if (feed_) {
    gst_pad_set_active (feed_.get (), FALSE);
    gst_pad_set_active (tail_.get (), FALSE);
  }
}

} // namespace stagedoor::transcode
