// SPDX-License-Identifier: LGPL-2.1-or-later
// The authority that asks a control server by HTTP; docs/webhook.md has what is said there.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "gst-plugins/common/authority.hpp"
#include "libs/webhook/webhook.hpp"

namespace stagedoor::webhook {

struct Settings
{
  std::string url;    ///< http:// or https://
  std::string secret; ///< signs what is sent; empty: nothing is signed
  Dialect dialect = Dialect::stagedoor;
};

/** What a file with a secret holds, without the end of the line. The error is for people. */
tl::expected<std::string, std::string> read_secret (const std::string &path);

/** Has a thread of its own ("webhook"). Each event gets 3 s, from being handed over on; redirects
 * aren't followed, and nobody comes in on an answer that isn't right. An opening that was sent and
 * wasn't answered properly is followed by a closing, too. */
class Webhook : public gate::Authority
{
public:
  static tl::expected<std::shared_ptr<Webhook>, std::string> open (Settings settings);

  /** Waits until all that was handed over is delivered or given up, at most 6 s. For whoever ends
   * the process, once the gate is gone; not on the gate's thread. */
  virtual void flush () = 0;
};

/** Holds a webhook, and flushes it when it goes: to be declared before the gate. May be empty. */
class Hook
{
public:
  Hook () = default;
  explicit Hook (std::shared_ptr<Webhook> webhook) : webhook_ (std::move (webhook)) {}
  Hook (Hook &&) noexcept = default;
  Hook &operator= (Hook &&) = delete;
  ~Hook ()
  {
    if (webhook_)
      webhook_->flush ();
  }
  const std::shared_ptr<Webhook> &get () const { return webhook_; }

private:
  std::shared_ptr<Webhook> webhook_;
};

} // namespace stagedoor::webhook
