// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/gate/properties.hpp"

#include <array>

namespace stagedoor::gate {
namespace {

using Specs = std::array<GParamSpec *, N_PROPS>;

// Each may be set until READY.
constexpr auto readable =
    static_cast<GParamFlags> (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto secret =
    static_cast<GParamFlags> (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);

std::string
text_of (const GValue *value)
{
  const char *set = g_value_get_string (value);
  return set != nullptr ? set : "";
}

void
install_admission (Specs &props)
{
  /**
   * GstStageGateSrc:location:
   *
   * Where to listen and for which stream: rtmp://[HOST][:PORT]/APP/STREAM, or srt:// likewise. No
   * host means all addresses, no port 1935 or 9999, and port 0 a free one.
   *
   * Since: 0.1
   */
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "rtmp:// or srt://[HOST][:PORT]/APP/STREAM to listen on", "rtmp://:1935/live/demo", readable);
  /**
   * GstStageGateSrc:key-file:
   *
   * File with the secrets that publishers' keys are signed with, as docs/keys.md describes it.
   *
   * Since: 0.1
   */
  props[PROP_KEY_FILE] = g_param_spec_string (
      "key-file", "Key file", "File with the secrets that keys are signed with", nullptr, readable);
  /**
   * GstStageGateSrc:keys:
   *
   * The content of a #GstStageGateSrc:key-file, instead of one. It can't be read back.
   *
   * Since: 0.1
   */
  props[PROP_KEYS] = g_param_spec_string (
      "keys", "Keys", "Content of a key file, instead of one", nullptr, secret);
  /**
   * GstStageGateSrc:public:
   *
   * Lets anybody publish, without a key.
   *
   * Since: 0.1
   */
  props[PROP_PUBLIC] = g_param_spec_boolean (
      "public", "Public", "Let anybody publish, without a key", FALSE, readable);
}

void
install_behaviour (Specs &props)
{
  /**
   * GstStageGateSrc:keep-listening:
   *
   * What comes after the end of a stream, which is #GstStageGateSrc:reconnect-grace after its
   * publisher left: another stream on the same pads, whenever its publisher comes, instead of EOS.
   *
   * Since: 0.1
   */
  props[PROP_KEEP_LISTENING] = g_param_spec_boolean ("keep-listening", "Keep listening",
      "Wait for another stream when one has ended, instead of EOS", FALSE, readable);
  /**
   * GstStageGateSrc:reconnect-grace:
   *
   * How many milliseconds an interruption may last before the stream ends: for so long a publisher
   * that is gone may come back, by any protocol, or one that fell silent may go on. One that is
   * connected and still silent by then is sent away. With 0 there is no coming back: the stream
   * ends when its publisher leaves, and silence alone doesn't end it.
   *
   * Since: 0.1
   */
  props[PROP_RECONNECT_GRACE] = g_param_spec_uint ("reconnect-grace", "Reconnect grace",
      "How long a publisher may be away before the stream ends (ms)", 0, 3600 * 1000, 0, readable);
}

void
install_srt (Specs &props)
{
  /**
   * GstStageGateSrc:srt-latency:
   *
   * How many milliseconds a packet that was lost on the way may take to come again; the publisher
   * may ask for more. Without effect when the listener is open already.
   *
   * Since: 0.1
   */
  props[PROP_SRT_LATENCY] = g_param_spec_uint ("srt-latency", "SRT latency",
      "How long lost packets may take to come again (ms)", 0, 8000, 120, readable);
  /**
   * GstStageGateSrc:srt-passphrase:
   *
   * What publishers by SRT must encrypt with, besides showing a key: 10 to 79 bytes. It can't be
   * read back. Without effect when the listener is open already.
   *
   * Since: 0.1
   */
  props[PROP_SRT_PASSPHRASE] = g_param_spec_string ("srt-passphrase", "SRT passphrase",
      "What publishers by SRT must encrypt with", nullptr, secret);
}

} // namespace

void
install_properties (GObjectClass *object_class)
{
  static Specs props;
  install_admission (props);
  install_behaviour (props);
  install_srt (props);
  /**
   * GstStageGateSrc:stats:
   *
   * The "address" with the port really bound, and what happened there: "connections", "admitted",
   * "refused", "refused-limits", "protocol-errors" and "open"; and in "publication", while there is
   * one, its "name", "protocol", "bytes", "video-frames", "audio-frames", "dropped-frames",
   * "broken-frames" and "timeline-repairs"; by SRT also "rtt-ms", "packets", "lost-packets",
   * "retransmitted-packets", "dropped-packets", "buffer-ms" and "latency-ms".
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics", "What happened at this address",
      GST_TYPE_STRUCTURE, static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_properties (object_class, props.size (), props.data ());
}

bool
set_setting (Settings &settings, guint id, const GValue *value)
{
  switch (id) {
    case PROP_LOCATION:
      settings.location = text_of (value);
      return true;
    case PROP_KEY_FILE:
      settings.key_file = text_of (value);
      return true;
    case PROP_KEYS:
      settings.keys = text_of (value);
      return true;
    case PROP_PUBLIC:
      settings.public_stream = g_value_get_boolean (value);
      return true;
    case PROP_KEEP_LISTENING:
      settings.keep_listening = g_value_get_boolean (value);
      return true;
    case PROP_RECONNECT_GRACE:
      settings.reconnect_grace_ms = g_value_get_uint (value);
      return true;
    case PROP_SRT_LATENCY:
      settings.srt_latency_ms = g_value_get_uint (value);
      return true;
    case PROP_SRT_PASSPHRASE:
      settings.srt_passphrase = text_of (value);
      return true;
    default:
      return false;
  }
}

bool
get_setting (const Settings &settings, guint id, GValue *value)
{
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, settings.location.c_str ());
      return true;
    case PROP_KEY_FILE:
      g_value_set_string (value, settings.key_file.c_str ());
      return true;
    case PROP_PUBLIC:
      g_value_set_boolean (value, settings.public_stream);
      return true;
    case PROP_KEEP_LISTENING:
      g_value_set_boolean (value, settings.keep_listening);
      return true;
    case PROP_RECONNECT_GRACE:
      g_value_set_uint (value, settings.reconnect_grace_ms);
      return true;
    case PROP_SRT_LATENCY:
      g_value_set_uint (value, settings.srt_latency_ms);
      return true;
    default:
      return false;
  }
}

} // namespace stagedoor::gate
