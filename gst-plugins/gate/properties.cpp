// SPDX-License-Identifier: LGPL-2.1-or-later
// What the properties are; property_values.cpp has their values.
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

static_assert (static_cast<int> (Takeover::same_key) == 0
               && static_cast<int> (webhook::Dialect::stagedoor) == 0);

GType
takeover_type ()
{
  static const GEnumValue values[] = {
      {static_cast<gint> (Takeover::same_key), "Whoever shows the same key", "same-key"},
      {static_cast<gint> (Takeover::any_key), "Whoever shows a key that holds", "any-key"},
      {static_cast<gint> (Takeover::never), "Nobody", "never"}, {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static ("GstStageGateTakeover", values);
  return type;
}

GType
dialect_type ()
{
  static const GEnumValue values[] = {
      {static_cast<gint> (webhook::Dialect::stagedoor), "Stagedoor's own", "stagedoor"},
      {static_cast<gint> (webhook::Dialect::ome), "OvenMediaEngine's AdmissionWebhooks", "ome"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static ("GstStageGateWebhookDialect", values);
  return type;
}

void
install_admission (Specs &props)
{
  /**
   * GstStageGateSrc:location:
   *
   * Where to listen and for which stream: rtmp://[HOST][:PORT]/APP/STREAM, or rtmps://, srt://
   * or whip:// likewise. No host means all addresses, no port 1935, 1936, 9999 or 8080, and port 0
   * a free one.
   *
   * Since: 0.1
   */
  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "rtmp://, rtmps://, srt:// or whip://[HOST][:PORT]/APP/STREAM to listen on",
      "rtmp://:1935/live/demo", readable);
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

void
install_bounds (Specs &props)
{
  /**
   * GstStageGateSrc:limits:
   *
   * What strangers may take up, in fields of whole numbers: "connections",
   * "connections-per-address", "unauthenticated", "unauthenticated-per-address",
   * "authentication-ms", "silence-ms", "wrong-keys", "wrong-keys-ms", "back-off-first-ms",
   * "back-off-most-ms" and "back-off-sites". docs/limits.md explains them; one that is left out has
   * its default. Without effect when the listener is open already.
   *
   * Since: 0.1
   */
  props[PROP_LIMITS] = g_param_spec_boxed (
      "limits", "Limits", "What strangers may take up", GST_TYPE_STRUCTURE, readable);
}

void
install_tls (Specs &props)
{
  /**
   * GstStageGateSrc:tls-certificate:
   *
   * File with the certificate for rtmps://, in PEM: the server's own first, then those that vouch
   * for it. With rtmp:// it lets publishers choose: TLS is found out at the same port. Once the
   * file has changed, new connections get the new one. Without effect when the listener is open
   * already.
   *
   * Since: 0.1
   */
  props[PROP_TLS_CERTIFICATE] = g_param_spec_string ("tls-certificate", "TLS certificate",
      "File with the certificate for rtmps://, PEM", nullptr, readable);
  /**
   * GstStageGateSrc:tls-private-key:
   *
   * File with the private key of #GstStageGateSrc:tls-certificate, in PEM, without a password.
   *
   * Since: 0.1
   */
  props[PROP_TLS_PRIVATE_KEY] = g_param_spec_string ("tls-private-key", "TLS private key",
      "File with the certificate's private key, PEM", nullptr, readable);
}

void
install_webrtc (Specs &props)
{
  /**
   * GstStageGateSrc:webrtc-address:
   *
   * The UDP port that the media of publishers by WHIP comes to; stagewhepsink may use the same.
   *
   * Since: 0.1
   */
  props[PROP_WEBRTC_ADDRESS] = g_param_spec_string (
      "webrtc-address", "WebRTC address", "The UDP port for media by WHIP", ":8189", readable);
  /**
   * GstStageGateSrc:public-address:
   *
   * The IP address under which publishers by WHIP reach this machine, when that isn't one of its
   * own (1:1 NAT). Counts for whoever opens the UDP port first.
   *
   * Since: 0.1
   */
  props[PROP_PUBLIC_ADDRESS] = g_param_spec_string ("public-address", "Public address",
      "IP address told to publishers before those of the interfaces", nullptr, readable);
}

void
install_takeover (Specs &props)
{
  gst_type_mark_as_plugin_api (takeover_type (), static_cast<GstPluginAPIFlags> (0));
  /**
   * GstStageGateSrc:takeover:
   *
   * Who may replace the publisher while there is one: whoever shows the same key, any key that
   * holds, or nobody. Others get to hear that the stream is busy. Without effect when the
   * application decides who may publish.
   *
   * Since: 0.1
   */
  props[PROP_TAKEOVER] = g_param_spec_enum ("takeover", "Takeover",
      "Who may replace the publisher while there is one", takeover_type (), 0, readable);
}

void
install_webhook (Specs &props)
{
  gst_type_mark_as_plugin_api (dialect_type (), static_cast<GstPluginAPIFlags> (0));
  /**
   * GstStageGateSrc:webhook:
   *
   * http:// or https:// URL of a control server, which is asked about each publisher whose key
   * holds, and told when it has gone, as docs/webhook.md describes it. Without its answer nobody
   * comes in. It can't be read back, because its path may hold a token.
   *
   * Since: 0.1
   */
  props[PROP_WEBHOOK] = g_param_spec_string ("webhook", "Webhook",
      "URL of a control server that is asked about publishers", nullptr, secret);
  /**
   * GstStageGateSrc:webhook-secret-file:
   *
   * File with the secret that signs what is sent to #GstStageGateSrc:webhook.
   *
   * Since: 0.1
   */
  props[PROP_WEBHOOK_SECRET_FILE] =
      g_param_spec_string ("webhook-secret-file", "Webhook secret file",
          "File with the secret that signs what is sent to the webhook", nullptr, readable);
  /**
   * GstStageGateSrc:webhook-dialect:
   *
   * How #GstStageGateSrc:webhook is spoken to: in Stagedoor's own way, or as OvenMediaEngine's
   * AdmissionWebhooks are.
   *
   * Since: 0.1
   */
  props[PROP_WEBHOOK_DIALECT] = g_param_spec_enum ("webhook-dialect", "Webhook dialect",
      "How the webhook is spoken to", dialect_type (), 0, readable);
}

} // namespace

void
install_properties (GObjectClass *object_class)
{
  static Specs props;
  install_admission (props);
  install_behaviour (props);
  install_srt (props);
  install_webrtc (props);
  install_tls (props);
  install_takeover (props);
  install_webhook (props);
  install_bounds (props);
  /**
   * GstStageGateSrc:stats:
   *
   * The "address" with the port really bound, and what happened there: "connections", "admitted",
   * "refused", "refused-limits", "refused-back-off", "protocol-errors" and "open"; and in
   * "publication", while there is one, its "name", "protocol", "bytes", "video-frames",
   * "audio-frames", "dropped-frames", "broken-frames" and "timeline-repairs"; by SRT also "rtt-ms",
   * "packets", "lost-packets", "retransmitted-packets", "dropped-packets", "buffer-ms" and
   * "latency-ms";
   * by WHIP most of these, "jitter-ms" and "key-frame-requests".
   *
   * Since: 0.1
   */
  props[PROP_STATS] = g_param_spec_boxed ("stats", "Statistics", "What happened at this address",
      GST_TYPE_STRUCTURE, static_cast<GParamFlags> (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_properties (object_class, props.size (), props.data ());
}

} // namespace stagedoor::gate
