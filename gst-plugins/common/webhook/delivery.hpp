// SPDX-License-Identifier: LGPL-2.1-or-later
// One event on its way to the control server.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <libsoup/soup.h>
#include <tl/expected.hpp>

#include "gst-plugins/common/ref.hpp"
#include "libs/webhook/webhook.hpp"

namespace stagedoor::webhook {

/** The webhook thread, but for the constructor. */
class Delivery
{
public:
  using Body = tl::expected<std::string, std::string>;
  /** Called once, later: the body of a proper answer, or what is wrong with it. May destroy the
   * delivery. */
  using Done = std::function<void (Body)>;

  Delivery (GUri *to, Header signature, const std::string &body);
  ~Delivery ();
  Delivery (const Delivery &) = delete;
  Delivery &operator= (const Delivery &) = delete;

  /** Only once; not to be destroyed then before it is done. */
  void start (SoupSession *session, std::chrono::milliseconds patience, Done done);

  /** Whether the control server may have heard of it. */
  bool was_sent () const { return was_sent_; }

private:
  void give_up_after (std::chrono::milliseconds patience);
  void on_answer (GAsyncResult *result);
  void on_read (GAsyncResult *result);
  std::string objection () const;
  void end (Body body);
  std::string describe (const GError *error) const;

  const Owned<SoupMessage, g_object_unref> message_;
  const Owned<GCancellable, g_object_unref> cancellable_;
  SoupSession *session_ = nullptr; // borrowed
  Owned<GInputStream, g_object_unref> answer_;
  std::vector<char> read_;
  GSource *timer_ = nullptr;
  bool was_sent_ = false, is_late_ = false;
  Done done_;
};

} // namespace stagedoor::webhook
