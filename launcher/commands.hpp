// SPDX-License-Identifier: LGPL-2.1-or-later
// What the commands do. Each prints its result on standard output.
#pragma once

#include "launcher/cli.hpp"
#include "launcher/failure.hpp"

namespace stagedoor {

Result<Exit> run_serve (const ServeOptions &options);
Result<Exit> run_check (const CheckOptions &options);
Result<Exit> run_key_new (const KeyNewOptions &options);
Result<Exit> run_key_inspect (const KeyInspectOptions &options);
Result<Exit> run_key_revoke (const KeyRevokeOptions &options);

} // namespace stagedoor
