// SPDX-License-Identifier: LGPL-2.1-or-later
// What somebody by WHIP is told who is not let in; docs/keys.md has the table.
#pragma once

#include "gst-plugins/common/gate/core.hpp"
#include "gst-plugins/common/http_server.hpp"

namespace stagedoor::gate {

/** http thread. */
void respond_denied (const http::Request &request, unsigned status, const std::string &text);

/** To whom showed nothing the answer is the same whether there is such a name or not. */
void answer_denied (http::Deferred &answer, const Denial &denial, bool nothing_shown);

} // namespace stagedoor::gate
