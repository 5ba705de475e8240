// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys, gates and items for the tests of the gate.
#pragma once

#include <functional>
#include <mutex>

#include <gst/gst.h>

#include "gst-plugins/common/gate.hpp"
#include "libs/keys/keyring.hpp"
#include "tests/check/gate/publisher.hpp"
#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

/** Polls @p condition; false when it didn't hold within 20 s. */
bool eventually (const std::function<bool ()> &condition);

std::int64_t unix_now ();
/** A key signed with the secret of the test's keyring, or with another one of the same id. */
std::string key_for (const char *scope, keys::Role role = keys::Role::publish,
    std::int64_t lifetime_s = 3600, bool right_secret = true);
std::shared_ptr<const keys::Verifier> keyring (const std::string &revoked_credential = {});
std::string keyring_text (); ///< as a key file has it
std::uint16_t port_of (const std::string &address);

/** A gate on a free loopback port, and what it said. */
class TestGate
{
public:
  explicit TestGate (const gate::Limits &limits = {}, const gate::DoorSettings &settings = {});

  gate::Gate *operator->() const { return gate_.get (); }
  std::shared_ptr<gate::Gate> &pointer () { return gate_; }
  std::uint16_t port () const { return gate_->port (); }
  std::vector<gate::Refused> refused () const;
  /** Claims what is or will be published. */
  std::shared_ptr<gate::Publication> claim (const std::string &name = "live/demo");

private:
  std::shared_ptr<gate::Gate> gate_;
  mutable std::mutex mutex_;
  std::vector<gate::Refused> refused_; // protected by mutex_
  gate::Gate::Token admission_, refusals_;
};

/** Pops until @p wanted holds for an item; nullopt when End or nothing came before. */
std::optional<gate::Item> pop_until (
    gate::Publication &publication, const std::function<bool (const gate::Item &)> &wanted);
gate::Item pop (gate::Publication &publication);
const gate::Frame &frame_of (const gate::Item &item);
bool is_key (const gate::Frame &frame);

} // namespace stagedoor::test
