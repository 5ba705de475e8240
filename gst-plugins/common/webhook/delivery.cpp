// SPDX-License-Identifier: LGPL-2.1-or-later
// A bounded POST with libsoup.
#include "gst-plugins/common/webhook/delivery.hpp"

#include <utility>

#include "gst-plugins/common/webhook/log.hpp"

namespace stagedoor::webhook {

/** Sending again is harmless, because the event has an id: libsoup may do so on a connection that
 * the server closed just then. */
Delivery::Delivery (GUri *to, Header signature, const std::string &body)
    : message_ (soup_message_new_from_uri (SOUP_METHOD_POST, to)),
      cancellable_ (g_cancellable_new ())
{
  soup_message_set_flags (message_.get (),
      static_cast<SoupMessageFlags> (SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_IDEMPOTENT));
  auto *headers = soup_message_get_request_headers (message_.get ());
  soup_message_headers_replace (headers, "Accept", "application/json");
  if (!signature.value.empty ())
    soup_message_headers_replace (headers, signature.name, signature.value.c_str ());
  GBytes *bytes = g_bytes_new (body.data (), body.size ());
  soup_message_set_request_body_from_bytes (message_.get (), "application/json", bytes);
  g_bytes_unref (bytes);
  const auto call = +[] (SoupMessage *, gpointer self) {
    static_cast<Delivery *> (self)->was_sent_ = true;
  };
  g_signal_connect (message_.get (), "wrote-headers", G_CALLBACK (call), this);
}

Delivery::~Delivery ()
{
  g_signal_handlers_disconnect_by_data (message_.get (), this);
  if (timer_ == nullptr)
    return;
  g_source_destroy (timer_);
  g_source_unref (timer_);
}

void
Delivery::start (SoupSession *session, std::chrono::milliseconds patience, Done done)
{
  session_ = session;
  done_ = std::move (done);
  give_up_after (patience);
  soup_session_send_async (
      session, message_.get (), G_PRIORITY_DEFAULT, cancellable_.get (),
      [] (GObject *, GAsyncResult *result, gpointer self) {
        static_cast<Delivery *> (self)->on_answer (result);
      },
      this);
}

void
Delivery::give_up_after (std::chrono::milliseconds patience)
{
  timer_ = g_timeout_source_new (static_cast<guint> (patience.count ()));
  g_source_set_callback (
      timer_,
      [] (gpointer data) -> gboolean {
        auto *self = static_cast<Delivery *> (data);
        self->is_late_ = true;
        g_cancellable_cancel (self->cancellable_.get ());
        return G_SOURCE_REMOVE;
      },
      this, nullptr);
  g_source_attach (timer_, g_main_context_get_thread_default ());
}

void
Delivery::on_answer (GAsyncResult *result)
{
  GError *error = nullptr;
  answer_.reset (soup_session_send_finish (session_, result, &error));
  const Error owned (error);
  if (answer_ == nullptr)
    return end (tl::unexpected (describe (error)));
  read_.resize (most_answer + 1);
  g_input_stream_read_all_async (
      answer_.get (), read_.data (), read_.size (), G_PRIORITY_DEFAULT, cancellable_.get (),
      [] (GObject *, GAsyncResult *read, gpointer self) {
        static_cast<Delivery *> (self)->on_read (read);
      },
      this);
}

void
Delivery::on_read (GAsyncResult *result)
{
  GError *error = nullptr;
  gsize size = 0;
  const bool read = g_input_stream_read_all_finish (answer_.get (), result, &size, &error);
  const Error owned (error);
  if (!read)
    return end (tl::unexpected (describe (error)));
  if (size > most_answer) {
    g_cancellable_cancel (cancellable_.get ()); // the rest is of no interest
    return end (tl::unexpected (std::string ("answers more than 64 KiB")));
  }
  if (auto text = objection (); !text.empty ())
    return end (tl::unexpected (std::move (text)));
  end (std::string (read_.data (), size));
}

/** The first thing that is wrong with the answer's head. */
std::string
Delivery::objection () const
{
  const auto status = soup_message_get_status (message_.get ());
  if (SOUP_STATUS_IS_REDIRECTION (status))
    return "sends us elsewhere, where we don't go (status " + std::to_string (status) + ")";
  if (status != SOUP_STATUS_OK)
    return "answers with status " + std::to_string (status);
  auto *headers = soup_message_get_response_headers (message_.get ());
  const char *type = soup_message_headers_get_content_type (headers, nullptr);
  if (type == nullptr || g_ascii_strcasecmp (type, "application/json") != 0
      || soup_message_headers_get_list (headers, "Content-Encoding") != nullptr)
    return "answers with something else than application/json";
  return {};
}

std::string
Delivery::describe (const GError *error) const
{
  if (is_late_)
    return "does not answer in time";
  GST_WARNING ("the control server: %s", error->message);
  return was_sent_ ? "breaks off" : "can't be reached";
}

void
Delivery::end (Body body)
{
  answer_.reset ();
  std::exchange (done_, nullptr) (std::move (body)); // may destroy this
}

} // namespace stagedoor::webhook
