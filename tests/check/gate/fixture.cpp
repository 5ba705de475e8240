// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/check/gate/fixture.hpp"

#include "libs/keys/keyfile.hpp"

namespace stagedoor::test {
namespace {

keys::Secret
secret (char fill)
{
  return {"k1", Bytes (32, static_cast<std::uint8_t> (fill))};
}

keys::KeyringSettings
settings (const std::string &revoked_credential)
{
  keys::KeyringSettings out;
  out.secrets.push_back (secret ('s'));
  if (!revoked_credential.empty ())
    out.revoked_credentials.insert (revoked_credential);
  return out;
}

} // namespace

bool
eventually (const std::function<bool ()> &condition)
{
  const auto end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  while (!condition ()) {
    if (g_get_monotonic_time () > end)
      return false;
    g_usleep (1000);
  }
  return true;
}

std::int64_t
unix_now ()
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

std::string
key_for (const char *scope, keys::Role role, std::int64_t lifetime_s, bool right_secret)
{
  const auto token = keys::mint (secret (right_secret ? 's' : 'x'),
      {.role = role, .scope = *keys::Scope::parse (scope), .expires = unix_now () + lifetime_s});
  ck_assert (token.has_value ());
  return *token;
}

std::shared_ptr<const keys::Verifier>
keyring (const std::string &revoked_credential)
{
  return std::make_shared<keys::Keyring> (settings (revoked_credential));
}

std::string
keyring_text ()
{
  return keys::format_keyfile (settings ({}));
}

std::uint16_t
port_of (const std::string &address)
{
  return static_cast<std::uint16_t> (std::stoul (address.substr (address.rfind (':') + 1)));
}

TestGate::TestGate (const gate::Limits &limits, const gate::DoorSettings &settings)
{
  auto opened = gate::Gate::open ("127.0.0.1:0", limits, settings);
  ck_assert_msg (opened.has_value (), "%s", opened ? "" : opened.error ().c_str ());
  gate_ = *opened;
  admission_ = gate_->admit ("live/demo", keyring ());
  refusals_ = gate_->on_refused ([this] (const gate::Refused &refused) {
    const std::lock_guard lock (mutex_);
    refused_.push_back (refused);
  });
}

std::vector<gate::Refused>
TestGate::refused () const
{
  const std::lock_guard lock (mutex_);
  return refused_;
}

std::shared_ptr<gate::Publication>
TestGate::claim (const std::string &name)
{
  gate::Interrupt never;
  auto publication = gate_->wait_for (name, never);
  ck_assert (publication != nullptr);
  return publication;
}

gate::Item
pop (gate::Publication &publication)
{
  gate::Interrupt never;
  auto item = publication.pop (never);
  ck_assert (item.has_value ());
  return std::move (*item);
}

std::optional<gate::Item>
pop_until (gate::Publication &publication, const std::function<bool (const gate::Item &)> &wanted)
{
  gate::Interrupt never;
  while (auto item = publication.pop (never))
    if (wanted (*item))
      return item;
  return std::nullopt;
}

const gate::Frame &
frame_of (const gate::Item &item)
{
  ck_assert (std::holds_alternative<gate::Frame> (item));
  return std::get<gate::Frame> (item);
}

bool
is_key (const gate::Frame &frame)
{
  return !GST_BUFFER_FLAG_IS_SET (frame.buffer.get (), GST_BUFFER_FLAG_DELTA_UNIT);
}

} // namespace stagedoor::test
