// SPDX-License-Identifier: LGPL-2.1-or-later
// Webhook on its courier: every call only hands over.
#include "gst-plugins/common/webhook.hpp"

#include <thread>

#include "gst-plugins/common/webhook/courier.hpp"

namespace stagedoor::webhook {
namespace {

constexpr std::chrono::milliseconds most_flush{6500}; // an opening, then its closing
constexpr std::size_t most_secret = 1024;

Event
event_of (Event::Kind kind, const gate::Visit &visit)
{
  return {.kind = kind,
      .id = visit.id,
      .protocol = visit.protocol,
      .app = visit.app,
      .stream = visit.stream,
      .url = visit.url,
      .published_as = visit.published_as,
      .peer = visit.peer,
      .credential = visit.credential,
      .time_ms = g_get_real_time () / 1000};
}

bool
is_http (GUri *uri)
{
  if (uri == nullptr)
    return false;
  const std::string_view scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);
  return (scheme == "http" || scheme == "https") && host != nullptr && *host != 0;
}

class WebhookOnCourier final : public Webhook
{
public:
  explicit WebhookOnCourier (std::shared_ptr<Courier> courier)
      : courier_ (std::move (courier)), thread_ ([courier = courier_] { courier->run (); })
  {
  }
  ~WebhookOnCourier () override
  {
    courier_->retire ();
    // The gate's thread may be the one that drops it, and must not wait for a control server.
    const bool own = thread_.get_id () == std::this_thread::get_id ();
    if (!own && courier_->wait_until_idle ({}))
      thread_.join ();
    else
      thread_.detach ();
  }

  void opening (const gate::Visit &visit, Reply reply) override
  {
    courier_->hand_over (event_of (Event::Kind::opening, visit), std::move (reply));
  }
  void closing (const gate::Visit &visit) override
  {
    courier_->hand_over (event_of (Event::Kind::closing, visit), nullptr);
  }
  void flush () override { courier_->wait_until_idle (most_flush); }

private:
  const std::shared_ptr<Courier> courier_;
  std::thread thread_;
};

} // namespace

tl::expected<std::string, std::string>
read_secret (const std::string &path)
{
  gchar *text = nullptr;
  gsize size = 0;
  GError *error = nullptr;
  const bool read = g_file_get_contents (path.c_str (), &text, &size, &error);
  const Error owned (error);
  const String content (text);
  if (!read)
    return tl::unexpected (std::string (error->message));
  std::string_view secret (text, size);
  while (secret.ends_with ('\n') || secret.ends_with ('\r'))
    secret.remove_suffix (1);
  if (secret.empty () || secret.size () > most_secret)
    return tl::unexpected (path + " has to hold 1 to 1024 bytes");
  return std::string (secret);
}

tl::expected<std::shared_ptr<Webhook>, std::string>
Webhook::open (Settings settings)
{
  Uri uri (
      g_uri_parse (settings.url.c_str (), static_cast<GUriFlags> (SOUP_HTTP_URI_FLAGS), nullptr));
  if (!is_http (uri.get ()))
    return tl::unexpected (std::string ("a webhook is http://HOST/PATH or https://HOST/PATH"));
  if (g_uri_get_userinfo (uri.get ()) != nullptr)
    return tl::unexpected (std::string ("a webhook's URL takes no user and password"));
  auto courier = std::make_shared<Courier> (std::move (uri), std::move (settings));
  return std::make_shared<WebhookOnCourier> (std::move (courier));
}

} // namespace stagedoor::webhook
