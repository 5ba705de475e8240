// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/srt/properties.hpp"

#include <array>

namespace stagedoor::srtsink {
namespace {

using Specs = std::array<GParamSpec *, N_PROPS>;

// Each may be set until READY.
constexpr auto setting =
    static_cast<GParamFlags> (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto secret =
    static_cast<GParamFlags> (G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
constexpr auto state = static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

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
   * GstStageSrtSink:location:
   *
   * Where viewers call, and for which stream: srt://[HOST][:PORT]/APP/STREAM. No host means all
   * addresses, no port 9999, and port 0 a free one.
   *
   * Since: 0.1
   */
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "srt://[HOST][:PORT]/APP/STREAM to serve", "srt://:9999/live/demo", setting);
  /**
   * GstStageSrtSink:key-file:
   *
   * File with the secrets that viewers' play keys are signed with, as docs/keys.md describes it.
   *
   * Since: 0.1
   */
  props[PROP_KEY_FILE] = g_param_spec_string (
      "key-file", "Key file", "File with the secrets that keys are signed with", nullptr, setting);
  /**
   * GstStageSrtSink:keys:
   *
   * The content of a #GstStageSrtSink:key-file, instead of one. It can't be read back.
   *
   * Since: 0.1
   */
  props[PROP_KEYS] = g_param_spec_string (
      "keys", "Keys", "Content of a key file, instead of one", nullptr, secret);
  /**
   * GstStageSrtSink:public:
   *
   * Lets anybody watch, without a key.
   *
   * Since: 0.1
   */
  props[PROP_PUBLIC] =
      g_param_spec_boolean ("public", "Public", "Let anybody watch, without a key", FALSE, setting);
}

void
install_srt (Specs &props)
{
  /**
   * GstStageSrtSink:srt-latency:
   *
   * How many milliseconds a packet that was lost on the way may take to come again; a viewer may
   * ask for more. Without effect when the listener is open already.
   *
   * Since: 0.1
   */
  props[PROP_SRT_LATENCY] = g_param_spec_uint ("srt-latency", "SRT latency",
      "How long lost packets may take to come again (ms)", 0, 8000, 120, setting);
  /**
   * GstStageSrtSink:srt-passphrase:
   *
   * What viewers must encrypt with, besides showing a key: 10 to 79 bytes. It can't be read back.
   * Without effect when the listener is open already.
   *
   * Since: 0.1
   */
  props[PROP_SRT_PASSPHRASE] = g_param_spec_string (
      "srt-passphrase", "SRT passphrase", "What viewers must encrypt with", nullptr, secret);
}

} // namespace

void
install_properties (GObjectClass *object_class)
{
  static Specs props;
  install_admission (props);
  install_srt (props);
  /**
   * GstStageSrtSink:viewers:
   *
   * How many are connected. Doesn't notify.
   *
   * Since: 0.1
   */
  props[PROP_VIEWERS] =
      g_param_spec_uint ("viewers", "Viewers", "Connected viewers", 0, G_MAXUINT, 0, state);
  /**
   * GstStageSrtSink:stats:
   *
   * The "address" with the port really bound and, as guint64, "viewers" as of now; and since the
   * stream began "joined", "packets" and "bytes" (sent, each of up to seven packets of the
   * transport stream), "retransmitted", "lost" (as viewers reported), "dropped" (by libsrt, too
   * late) and "skipped" (how often a slow viewer went on with a later key frame).
   *
   * Since: 0.1
   */
  props[PROP_STATS] =
      g_param_spec_boxed ("stats", "Statistics", "Counters", GST_TYPE_STRUCTURE, state);
  g_object_class_install_properties (object_class, props.size (), props.data ());
}

bool
set_setting (gate::DoorSetup &setup, guint id, const GValue *value)
{
  switch (id) {
    case PROP_LOCATION:
      setup.location = text_of (value);
      return true;
    case PROP_KEY_FILE:
      setup.key_file = text_of (value);
      return true;
    case PROP_KEYS:
      setup.keys = text_of (value);
      return true;
    case PROP_PUBLIC:
      setup.public_stream = g_value_get_boolean (value);
      return true;
    case PROP_SRT_LATENCY:
      setup.srt_latency_ms = g_value_get_uint (value);
      return true;
    case PROP_SRT_PASSPHRASE:
      setup.srt_passphrase = text_of (value);
      return true;
    default:
      return false;
  }
}

bool
get_setting (const gate::DoorSetup &setup, guint id, GValue *value)
{
  switch (id) {
    case PROP_LOCATION:
      g_value_set_string (value, setup.location.c_str ());
      return true;
    case PROP_KEY_FILE:
      g_value_set_string (value, setup.key_file.c_str ());
      return true;
    case PROP_PUBLIC:
      g_value_set_boolean (value, setup.public_stream);
      return true;
    case PROP_SRT_LATENCY:
      g_value_set_uint (value, setup.srt_latency_ms);
      return true;
    default:
      return false;
  }
}

} // namespace stagedoor::srtsink
