// SPDX-License-Identifier: LGPL-2.1-or-later
// From properties to a gate that admits the element's publisher.
#include "gst-plugins/gate/entrance.hpp"

#include "gst-plugins/common/certificate.hpp"

GST_DEBUG_CATEGORY_EXTERN (gst_stage_gate_src_debug);
#define GST_CAT_DEFAULT gst_stage_gate_src_debug

namespace stagedoor::gate {
namespace {

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
  auto certificate = certificate_of (settings);
  if (!certificate)
    return tl::unexpected (certificate.error ());
  return DoorSettings{.srt = {},
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

} // namespace

tl::expected<Entrance, Failure>
open_entrance (GstElement *element, const Settings &settings)
{
  auto door = door_settings_of (settings);
  if (!door)
    return tl::unexpected (door.error ());
  if (!settings.limits)
    return wrong_settings ("limits: " + settings.limits.error ());
  auto webhook = webhook_of (settings);
  if (!webhook)
    return tl::unexpected (webhook.error ());
  auto found = find_gate (element, settings, *settings.limits, std::move (*door));
  if (!found)
    return tl::unexpected (found.error ());
  const bool alone = found->verifier != nullptr;
  if (!alone && !settings.webhook.empty ())
    return wrong_settings ("webhook needs key-file, keys or public: it is asked after the key");
  Entrance out{found->name, webhook::Hook (*webhook), found->gate, nullptr, nullptr};
  if (alone)
    out.admitted = out.gate->admit (
        out.name, Terms (std::move (found->verifier), settings.takeover, *webhook));
  else if (!out.gate->admits (out.name))
    return wrong_settings (
        "nobody could publish: set key-file or keys, or public=true to let anybody in");
  // An application that has opened the gate hears of the others itself. Gate thread.
  out.refused = out.gate->on_refused ([element, alone, name = out.name] (const Refused &refused) {
    if (refused.role == keys::Role::publish
        && (refused.name == name || (alone && !refused.name.empty ())))
      post_refused (element, refused);
  });
  return out;
}

} // namespace stagedoor::gate
