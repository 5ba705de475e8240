// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/transcode/wants_properties.hpp"

#include <array>
#include <optional>

#include <gst/gst.h>

namespace stagedoor::transcode {

namespace {

enum Prop : guint {
  PROP_RENDITION = 1,
  PROP_CODEC,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_FRAMERATE,
  PROP_BITRATE,
  PROP_KEY_DISTANCE,
  PROP_CHANNELS,
  PROP_PACKET_LOSS,
  N_PROPS
};
static_assert (PROP_PACKET_LOSS == last_want);
std::array<GParamSpec *, N_PROPS> props;

/** Null: it is no whole number. */
int Wants::*
number (guint id)
{
  switch (id) {
    case PROP_WIDTH:
      return &Wants::width;
    case PROP_HEIGHT:
      return &Wants::height;
    case PROP_KEY_DISTANCE:
      return &Wants::key_distance;
    case PROP_CHANNELS:
      return &Wants::channels;
    case PROP_PACKET_LOSS:
      return &Wants::loss;
    default:
      return nullptr;
  }
}

/** What isn't understood changes nothing. */
void
set_rendition (Wants &wants, const char *text, bool sound)
{
  std::string why;
  const auto read = sound ? parse_audio_rendition : parse_rendition;
  if (const auto parsed = read (text != nullptr ? text : "source", why))
    wants = *parsed;
  else
    g_warning ("rendition: %s", why.c_str ());
}

constexpr auto wants_flags = static_cast<GParamFlags> (
    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

void
install_formats ()
{
  /**
   * GstStageTranscodePad:rendition:
   *
   * All that is wanted of a pad in one text, which sets the other properties: "source" (as it
   * comes), "720p", "720p30", "720p30@2500k", or fields
   * "h=480,w=854,fps=25,b=900k,codec=vp8,key=2000". Of an audio pad: "source", "opus", "aac@128k",
   * or fields "codec=opus,b=32k,ch=1,loss=10", with or without "audio=" before it.
   *
   * Since: 0.1
   */
  props[PROP_RENDITION] =
      g_param_spec_string ("rendition", "Rendition", "What is wanted, e.g. 720p30@2500k", nullptr,
          static_cast<GParamFlags> (
              G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  /**
   * GstStageTranscodePad:codec:
   *
   * "h264", "vp8", "vp9", "h265" or "av1"; empty for the source's, or the first of these that the
   * peer takes and something here encodes. Of sound "opus" or "aac".
   *
   * Since: 0.1
   */
  props[PROP_CODEC] = g_param_spec_string (
      "codec", "Codec", "h264, vp8, vp9, h265, av1; empty for any", "", wants_flags);
}

void
install_bounds ()
{
  /**
   * GstStageTranscodePad:width:
   *
   * The picture is made to fit into width and height, keeps its shape, and is never enlarged. 0:
   * any.
   *
   * Since: 0.1
   */
  props[PROP_WIDTH] = g_param_spec_int (
      "width", "Width", "Most pixels in a row; 0 for any", 0, 8192, 0, wants_flags);
  /**
   * GstStageTranscodePad:height:
   *
   * See #GstStageTranscodePad:width.
   *
   * Since: 0.1
   */
  props[PROP_HEIGHT] =
      g_param_spec_int ("height", "Height", "Most rows; 0 for any", 0, 8192, 0, wants_flags);
  /**
   * GstStageTranscodePad:framerate:
   *
   * The most frames per second; 0/1: any.
   *
   * Since: 0.1
   */
  props[PROP_FRAMERATE] = gst_param_spec_fraction ("framerate", "Frame rate",
      "Most frames per second; 0/1 for any", 0, 1, 240, 1, 0, 1, wants_flags);
  /**
   * GstStageTranscodePad:bitrate:
   *
   * Bits per second of the encoder; 0: what suits the size of the picture.
   *
   * Since: 0.1
   */
  props[PROP_BITRATE] = g_param_spec_uint (
      "bitrate", "Bit rate", "Bits per second; 0 for what suits", 0, 200'000'000, 0, wants_flags);
}

void
install_key_distance ()
{
  /**
   * GstStageTranscodePad:max-key-frame-distance:
   *
   * Milliseconds from one key frame to the next that are too many for the peer, which may say so
   * itself by an int field of the same name in its caps; 0: any. A source that exceeds it by a
   * tenth is transcoded, until it has kept to it for half a minute. What is made here has a key
   * frame every two seconds, so that less can't be had.
   *
   * Since: 0.1
   */
  props[PROP_KEY_DISTANCE] = g_param_spec_int ("max-key-frame-distance", "Key-frame distance",
      "Most milliseconds between key frames; 0 for any", 0, 60'000, 0, wants_flags);
}

void
install_sound ()
{
  /**
   * GstStageTranscodePad:channels:
   *
   * Of the sound: 1 or 2; 0: as the peer wants it, or 2.
   *
   * Since: 0.1
   */
  props[PROP_CHANNELS] =
      g_param_spec_int ("channels", "Channels", "Of sound; 0 for any", 0, 2, 0, wants_flags);
  /**
   * GstStageTranscodePad:packet-loss:
   *
   * How many packets in a hundred are expected to get lost: Opus then carries speech twice, and a
   * player that lost one packet gets it from the next. Music sounds worse for it. 0: none.
   *
   * Since: 0.1
   */
  props[PROP_PACKET_LOSS] = g_param_spec_int ("packet-loss", "Packet loss",
      "Percent of packets that Opus is to make up for", 0, 100, 0, wants_flags);
}

} // namespace

void
install_wants (GObjectClass *klass)
{
  install_formats ();
  install_bounds ();
  install_key_distance ();
  install_sound ();
  g_object_class_install_properties (klass, props.size (), props.data ());
}

bool
set_want (Wants &wants, guint id, const GValue *value, bool sound)
{
  const char *text = G_VALUE_HOLDS_STRING (value) ? g_value_get_string (value) : nullptr;
  if (const auto field = number (id))
    wants.*field = g_value_get_int (value);
  else if (id == PROP_CODEC)
    wants.codec = text != nullptr ? text : "";
  else if (id == PROP_FRAMERATE)
    wants.rate = {
        gst_value_get_fraction_numerator (value), gst_value_get_fraction_denominator (value)};
  else if (id == PROP_BITRATE)
    wants.bitrate = g_value_get_uint (value);
  else if (id == PROP_RENDITION)
    set_rendition (wants, text, sound);
  else
    return false;
  return true;
}

bool
get_want (const Wants &wants, guint id, GValue *value)
{
  if (const auto field = number (id))
    g_value_set_int (value, wants.*field);
  else if (id == PROP_CODEC)
    g_value_set_string (value, wants.codec.c_str ());
  else if (id == PROP_FRAMERATE)
    gst_value_set_fraction (value, wants.rate.num, wants.rate.den);
  else if (id == PROP_BITRATE)
    g_value_set_uint (value, static_cast<guint> (wants.bitrate));
  else
    return false;
  return true;
}

} // namespace stagedoor::transcode
