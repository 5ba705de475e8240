// SPDX-License-Identifier: LGPL-2.1-or-later
// Why a command gives up: a sentence for people and the exit code that goes with it.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "launcher/exit_codes.hpp"

namespace stagedoor {

struct Failure
{
  Exit code;
  std::string text; ///< never holds a secret
};

template <class T>
using Result = tl::expected<T, Failure>;

inline tl::unexpected<Failure>
fail (Exit code, std::string text)
{
  return tl::unexpected (Failure{code, std::move (text)});
}

} // namespace stagedoor
