// SPDX-License-Identifier: LGPL-2.1-or-later
#include "launcher/admission.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <glib-unix.h>

#include "launcher/log.hpp"

namespace stagedoor {
namespace {

/** The embedded default carries the app "live". */
class LiveOnly final : public keys::Verifier
{
public:
  explicit LiveOnly (std::shared_ptr<const keys::Keyring> keys) : keys_ (std::move (keys)) {}
  tl::expected<keys::Grant, keys::Refusal> verify (const keys::Request &request) const override
  {
    auto grant = keys_->verify (request);
    if (grant && request.app != "live")
      return tl::unexpected (keys::Refusal::wrong_stream);
    return grant;
  }

private:
  const std::shared_ptr<const keys::Keyring> keys_;
};

tl::expected<gate::Takeover, std::string>
parse_takeover (const std::string &text)
{
  for (const auto &[name, value] : {std::pair ("same-key", gate::Takeover::same_key),
           {"any-key", gate::Takeover::any_key}, {"never", gate::Takeover::never}})
    if (text == name)
      return value;
  return tl::unexpected (std::string ("--takeover is same-key, any-key or never"));
}

Result<std::shared_ptr<webhook::Webhook>>
open_webhook (const ServeOptions &options)
{
  const auto dialect = webhook::parse_dialect (options.webhook_dialect);
  if (!dialect)
    return fail (exit_usage, "--webhook-dialect is stagedoor or ome");
  if (options.webhook.empty ()) {
    if (!options.webhook_secret_file.empty ())
      return fail (exit_usage, "--webhook-secret-file wants a --webhook");
    return nullptr;
  }
  webhook::Settings settings{.url = options.webhook, .dialect = *dialect};
  if (!options.webhook_secret_file.empty ()) {
    auto secret = webhook::read_secret (options.webhook_secret_file);
    if (!secret)
      return fail (exit_no_input, "--webhook-secret-file: " + secret.error ());
    settings.secret = std::move (*secret);
  }
  auto opened = webhook::Webhook::open (std::move (settings));
  if (!opened)
    return fail (exit_usage, "--webhook: " + opened.error ());
  return std::move (*opened);
}

} // namespace

Result<AdmissionRules>
AdmissionRules::of (const ServeOptions &options)
{
  const auto takeover = parse_takeover (options.takeover);
  if (!takeover)
    return fail (exit_usage, takeover.error ());
  auto webhook = open_webhook (options);
  if (!webhook)
    return tl::unexpected (webhook.error ());
  return AdmissionRules{*takeover, std::move (*webhook)};
}

Admission::~Admission ()
{
  if (source_ != 0)
    g_source_remove (source_);
}

Result<void>
Admission::load ()
{
  auto settings = state_.read_keys ();
  if (!settings)
    return tl::unexpected (settings.error ());
  const auto keyring = std::make_shared<const keys::Keyring> (std::move (*settings));
  // The new entry is there before the old one is dropped: nobody is refused in between.
  auto admitted = gate_->admit (
      "*", gate::Terms (std::make_shared<LiveOnly> (keyring), rules_.takeover, rules_.webhook));
  admitted_ = std::move (admitted);
  for (const auto refusal :
      {keys::Refusal::revoked, keys::Refusal::unknown_key_id, keys::Refusal::not_accepted}) {
    const std::string why (keys::explain (refusal));
    gate_->close_where (
        [&keyring, refusal] (const gate::Publication &publication) {
          return keyring->recheck (publication.grant ()) == refusal;
        },
        why);
    gate_->close_viewers_where (
        [&keyring, refusal] (
            const gate::Viewer &viewer) { return keyring->recheck (viewer.grant) == refusal; },
        why);
  }
  return {};
}

void
Admission::reload ()
{
  if (const auto loaded = load (); loaded)
    log_line ("keys read again");
  else
    log_line ("the keys stay as they were: " + loaded.error ().text);
}

void
Admission::on_folder_changed ()
{
  alignas (inotify_event) char buffer[4096];
  bool changed = false;
  for (;;) {
    const auto got = ::read (inotify_.get (), buffer, sizeof buffer);
    if (got <= 0)
      break;
    for (const char *at = buffer; at < buffer + got;) {
      const auto *event = reinterpret_cast<const inotify_event *> (at);
      changed |= event->len > 0 && std::string_view (event->name) == "keys";
      at += sizeof *event + event->len;
    }
  }
  if (changed)
    reload ();
}

void
Admission::watch ()
{
  inotify_ = Fd (inotify_init1 (IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify_
      || inotify_add_watch (inotify_.get (), state_.path ().c_str (), IN_MOVED_TO | IN_CLOSE_WRITE)
             < 0)
    return log_line ("changes of the keys need a SIGHUP: the state folder can't be watched");
  source_ = g_unix_fd_add (
      inotify_.get (), G_IO_IN,
      [] (gint, GIOCondition, gpointer self) -> gboolean {
        static_cast<Admission *> (self)->on_folder_changed ();
        return G_SOURCE_CONTINUE;
      },
      this);
}

} // namespace stagedoor
