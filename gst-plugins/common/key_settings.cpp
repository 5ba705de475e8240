// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst-plugins/common/key_settings.hpp"

#include "gst-plugins/common/ref.hpp"
#include "libs/keys/keyfile.hpp"
#include "libs/keys/public.hpp"

namespace stagedoor {
namespace {

using Verifier = std::shared_ptr<const keys::Verifier>;

tl::expected<Verifier, std::string>
keyring_of (std::string_view text, const std::string &where)
{
  auto parsed = keys::parse_keyfile (text);
  if (!parsed)
    return tl::unexpected (where + ": " + parsed.error ());
  return std::make_shared<keys::Keyring> (std::move (*parsed));
}

tl::expected<Verifier, std::string>
keyring_of_file (const std::string &path)
{
  gchar *text = nullptr;
  gsize size = 0;
  GError *error = nullptr;
  const bool read = g_file_get_contents (path.c_str (), &text, &size, &error);
  const Error owned (error);
  const String content (text);
  if (!read)
    return tl::unexpected (std::string ("key-file: ") + error->message);
  return keyring_of ({text, size}, "key-file " + path);
}

} // namespace

tl::expected<Verifier, std::string>
verifier_of (const KeySettings &settings)
{
  const int ways = settings.anybody + !settings.key_file.empty () + !settings.keys.empty ();
  if (ways > 1)
    return tl::unexpected (std::string ("set one of key-file, keys and public, not several"));
  if (settings.anybody)
    return std::make_shared<keys::Public> ();
  if (!settings.key_file.empty ())
    return keyring_of_file (settings.key_file);
  if (!settings.keys.empty ())
    return keyring_of (settings.keys, "keys");
  return nullptr;
}

} // namespace stagedoor
