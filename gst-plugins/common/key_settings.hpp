// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements' properties that say who may come in: a key file, or its content, or anybody.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "libs/keys/verifier.hpp"

namespace stagedoor {

struct KeySettings
{
  std::string key_file, keys;
  bool anybody = false;
};

/** Null when the properties name no way of deciding. Error text is for people, and quotes nothing
 * of the secrets. */
tl::expected<std::shared_ptr<const keys::Verifier>, std::string> verifier_of (
    const KeySettings &settings);

} // namespace stagedoor
