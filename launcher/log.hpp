// SPDX-License-Identifier: LGPL-2.1-or-later
// One line a fact on standard error, for people and for the journal.
#pragma once

#include <string>
#include <string_view>

namespace stagedoor {

/** Any thread. Control characters are replaced, so that a stranger's name can't forge a line; an
 * overlong line is cut. */
void log_line (std::string_view text);

/** What log_line() does to its text. */
std::string printable (std::string_view text);

} // namespace stagedoor
