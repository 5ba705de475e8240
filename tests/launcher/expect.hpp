// SPDX-License-Identifier: LGPL-2.1-or-later
// Comparison of texts that Check's macros, which evaluate their arguments twice, can't make.
#pragma once

#include <string>

#include "tests/unit/suite.hpp" // last: check.h defines "fail"

namespace stagedoor::test {

inline void
expect_same (const std::string &got, const std::string &wanted)
{
  ck_assert_str_eq (got.c_str (), wanted.c_str ());
}

} // namespace stagedoor::test

using stagedoor::test::expect_same;
