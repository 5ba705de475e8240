// SPDX-License-Identifier: LGPL-2.1-or-later
// From the properties' values to settings, and back.
#include "gst-plugins/gate/properties.hpp"

namespace stagedoor::gate {
namespace {

std::string
text_of (const GValue *value)
{
  const char *set = g_value_get_string (value);
  return set != nullptr ? set : "";
}

bool
set_authority (Settings &settings, guint id, const GValue *value)
{
  switch (id) {
    case PROP_TAKEOVER:
      settings.takeover = static_cast<Takeover> (g_value_get_enum (value));
      return true;
    case PROP_WEBHOOK:
      settings.webhook = text_of (value);
      return true;
    case PROP_WEBHOOK_SECRET_FILE:
      settings.webhook_secret_file = text_of (value);
      return true;
    case PROP_WEBHOOK_DIALECT:
      settings.webhook_dialect = static_cast<webhook::Dialect> (g_value_get_enum (value));
      return true;
    default:
      return false;
  }
}

bool
get_authority (const Settings &settings, guint id, GValue *value)
{
  switch (id) {
    case PROP_TAKEOVER:
      g_value_set_enum (value, static_cast<gint> (settings.takeover));
      return true;
    case PROP_WEBHOOK_SECRET_FILE:
      g_value_set_string (value, settings.webhook_secret_file.c_str ());
      return true;
    case PROP_WEBHOOK_DIALECT:
      g_value_set_enum (value, static_cast<gint> (settings.webhook_dialect));
      return true;
    default:
      return false;
  }
}

bool
set_behaviour (Settings &settings, guint id, const GValue *value)
{
  switch (id) {
    case PROP_KEEP_LISTENING:
      settings.keep_listening = g_value_get_boolean (value);
      return true;
    case PROP_RECONNECT_GRACE:
      settings.reconnect_grace_ms = g_value_get_uint (value);
      return true;
    case PROP_LIMITS: {
      const auto *fields = gst_value_get_structure (value);
      settings.limits = fields != nullptr ? limits_from (fields) : Limits{};
      return true;
    }
    default:
      return set_authority (settings, id, value);
  }
}

bool
get_behaviour (const Settings &settings, guint id, GValue *value)
{
  switch (id) {
    case PROP_KEEP_LISTENING:
      g_value_set_boolean (value, settings.keep_listening);
      return true;
    case PROP_RECONNECT_GRACE:
      g_value_set_uint (value, settings.reconnect_grace_ms);
      return true;
    case PROP_LIMITS:
      g_value_take_boxed (value, limits_structure (settings.limits.value_or (Limits{})));
      return true;
    default:
      return get_authority (settings, id, value);
  }
}

} // namespace

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
    case PROP_SRT_LATENCY:
      settings.srt_latency_ms = g_value_get_uint (value);
      return true;
    case PROP_SRT_PASSPHRASE:
      settings.srt_passphrase = text_of (value);
      return true;
    case PROP_TLS_CERTIFICATE:
      settings.tls_certificate = text_of (value);
      return true;
    case PROP_TLS_PRIVATE_KEY:
      settings.tls_private_key = text_of (value);
      return true;
    case PROP_WEBRTC_ADDRESS:
      settings.webrtc_address = text_of (value);
      return true;
    case PROP_PUBLIC_ADDRESS:
      settings.public_address = text_of (value);
      return true;
    default:
      return set_behaviour (settings, id, value);
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
    case PROP_SRT_LATENCY:
      g_value_set_uint (value, settings.srt_latency_ms);
      return true;
    case PROP_TLS_CERTIFICATE:
      g_value_set_string (value, settings.tls_certificate.c_str ());
      return true;
    case PROP_TLS_PRIVATE_KEY:
      g_value_set_string (value, settings.tls_private_key.c_str ());
      return true;
    case PROP_WEBRTC_ADDRESS:
      g_value_set_string (value, settings.webrtc_address.c_str ());
      return true;
    case PROP_PUBLIC_ADDRESS:
      g_value_set_string (value, settings.public_address.c_str ());
      return true;
    default:
      return get_behaviour (settings, id, value);
  }
}

} // namespace stagedoor::gate
