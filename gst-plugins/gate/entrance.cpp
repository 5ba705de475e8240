// SPDX-License-Identifier: LGPL-2.1-or-later
// From properties to a gate that admits the element's publisher.
#include "gst-plugins/gate/entrance.hpp"

#include "gst-plugins/common/certificate.hpp"
#include "gst-plugins/common/shared_service.hpp"
#include "gst-plugins/gate/location.hpp"
#include "libs/keys/keyfile.hpp"
#include "libs/keys/public.hpp"

GST_DEBUG_CATEGORY_EXTERN (gst_stage_gate_src_debug);
#define GST_CAT_DEFAULT gst_stage_gate_src_debug

namespace stagedoor::gate {
namespace {

using Verifier = std::shared_ptr<const keys::Verifier>;

tl::unexpected<Failure>
wrong_settings (std::string text)
{
  return tl::unexpected (Failure{GST_RESOURCE_ERROR_SETTINGS, std::move (text)});
}

tl::expected<Verifier, Failure>
keyring_of (std::string_view text, const std::string &where)
{
  auto settings = keys::parse_keyfile (text);
  if (!settings)
    return wrong_settings (where + ": " + settings.error ());
  return std::make_shared<keys::Keyring> (std::move (*settings));
}

tl::expected<Verifier, Failure>
keyring_of_file (const std::string &path)
{
  gchar *text = nullptr;
  gsize size = 0;
  GError *error = nullptr;
  const bool read = g_file_get_contents (path.c_str (), &text, &size, &error);
  const Error owned (error);
  const String content (text);
  if (!read)
    return wrong_settings (std::string ("key-file: ") + error->message);
  return keyring_of ({text, size}, "key-file " + path);
}

/** Null when the properties name no way of deciding. */
tl::expected<Verifier, Failure>
verifier_of (const Settings &settings)
{
  const int ways = settings.public_stream + !settings.key_file.empty () + !settings.keys.empty ();
  if (ways > 1)
    return wrong_settings ("set one of key-file, keys and public, not several");
  if (settings.public_stream)
    return std::make_shared<keys::Public> ();
  if (!settings.key_file.empty ())
    return keyring_of_file (settings.key_file);
  if (!settings.keys.empty ())
    return keyring_of (settings.keys, "keys");
  return nullptr;
}

tl::expected<SrtSettings, Failure>
srt_settings_of (const Settings &settings)
{
  SrtSettings out{.latency = std::chrono::milliseconds (settings.srt_latency_ms)};
  const auto size = settings.srt_passphrase.size ();
  if (size == 0)
    return out;
  if (size < 10 || size > 79)
    return wrong_settings ("srt-passphrase has to have 10 to 79 bytes");
  out.passphrase = [passphrase = settings.srt_passphrase] (const std::string &) {
    return passphrase;
  };
  return out;
}

/** Null when the properties name none. */
tl::expected<std::shared_ptr<Certificate>, Failure>
certificate_of (const Settings &settings)
{
  if (settings.tls_certificate.empty () && settings.tls_private_key.empty ())
    return nullptr;
  if (settings.tls_certificate.empty () || settings.tls_private_key.empty ())
    return wrong_settings ("tls-certificate and tls-private-key go together");
  return Certificate::open ({settings.tls_certificate, settings.tls_private_key},
      [] (const std::string &news) { GST_WARNING ("%s", news.c_str ()); })
      .map_error ([] (std::string error) {
        return Failure{GST_RESOURCE_ERROR_SETTINGS, "tls-certificate: " + std::move (error)};
      });
}

tl::expected<DoorSettings, Failure>
door_settings_of (const Settings &settings)
{
  auto srt = srt_settings_of (settings);
  if (!srt)
    return tl::unexpected (srt.error ());
  auto certificate = certificate_of (settings);
  if (!certificate)
    return tl::unexpected (certificate.error ());
  return DoorSettings{.srt = std::move (*srt),
      .whip = {.webrtc_address = settings.webrtc_address,
          .public_address = settings.public_address},
      .certificate = std::move (*certificate)};
}

/** Empty when there is none. */
tl::expected<std::shared_ptr<webhook::Webhook>, Failure>
webhook_of (const Settings &settings)
{
  if (settings.webhook.empty ())
    return nullptr;
  webhook::Settings out{.url = settings.webhook, .dialect = settings.webhook_dialect};
  if (!settings.webhook_secret_file.empty ()) {
    auto secret = webhook::read_secret (settings.webhook_secret_file);
    if (!secret)
      return wrong_settings ("webhook-secret-file: " + secret.error ());
    out.secret = std::move (*secret);
  }
  auto opened = webhook::Webhook::open (std::move (out));
  if (!opened)
    return wrong_settings ("webhook: " + opened.error ());
  return std::move (*opened);
}

/** Gate thread. */
void
post_refused (GstElement *element, const Refused &refused)
{
  gst_element_post_message (element,
      gst_message_new_element (GST_OBJECT (element),
          gst_structure_new ("stagedoor-refused", "name", G_TYPE_STRING, refused.name.c_str (),
              "peer", G_TYPE_STRING, refused.peer.ip.to_string ().c_str (), "reason", G_TYPE_STRING,
              refused.reason.c_str (), "text", G_TYPE_STRING, refused.text.c_str (), nullptr)));
}

} // namespace

tl::expected<Entrance, Failure>
open_entrance (GstElement *element, const Settings &settings)
{
  const auto location = parse_location (settings.location);
  if (!location)
    return wrong_settings (location.error ());
  auto verifier = verifier_of (settings);
  if (!verifier)
    return tl::unexpected (verifier.error ());
  const auto door = door_settings_of (settings);
  if (!door)
    return tl::unexpected (door.error ());
  if (!settings.limits)
    return wrong_settings ("limits: " + settings.limits.error ());
  const bool alone = *verifier != nullptr;
  if (!alone && !settings.webhook.empty ())
    return wrong_settings ("webhook needs key-file, keys or public: it is asked after the key");
  auto webhook = webhook_of (settings);
  if (!webhook)
    return tl::unexpected (webhook.error ());
  const auto service = service_for (element, gate_context, location->address, [&] {
    return Gate::open (location->address, *settings.limits, *door).map ([] (auto g) {
      return AnyService (g);
    });
  });
  if (!service)
    return tl::unexpected (Failure{GST_RESOURCE_ERROR_OPEN_READ, service.error ()});
  Entrance out{location->name, webhook::Hook (*webhook), std::static_pointer_cast<Gate> (*service),
      nullptr, nullptr};
  if (alone)
    out.admitted =
        out.gate->admit (out.name, Terms (std::move (*verifier), settings.takeover, *webhook));
  else if (!out.gate->admits (out.name))
    return wrong_settings (
        "nobody could publish: set key-file or keys, or public=true to let anybody in");
  // An application that has opened the gate hears of the others itself.
  out.refused = out.gate->on_refused ([element, alone, name = out.name] (const Refused &refused) {
    if (refused.name == name || (alone && !refused.name.empty ()))
      post_refused (element, refused);
  });
  return out;
}

} // namespace stagedoor::gate
