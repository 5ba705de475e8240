// SPDX-License-Identifier: LGPL-2.1-or-later
// Offers of real programs, and changes to them.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <check.h> // last: it defines "fail"

namespace stagedoor::test {

inline std::string
recorded (const std::string &name)
{
  std::ifstream file (std::string (OFFERS) + "/" + name + ".sdp", std::ios::binary);
  std::string text{std::istreambuf_iterator<char> (file), {}};
  ck_assert (!text.empty ());
  return text;
}

inline std::string
replaced (std::string text, std::string_view what, std::string_view with)
{
  const auto at = text.find (what);
  ck_assert (at != text.npos);
  return text.replace (at, what.size (), with);
}

} // namespace stagedoor::test
