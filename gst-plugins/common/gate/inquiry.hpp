// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking an authority about a publisher, and telling it of the end.
#pragma once

#include "gst-plugins/common/gate/core.hpp"

namespace stagedoor::gate {

/** What the authority is told of @p knock, which holds its key no more. */
Visit visit_of (const Knock &knock, const keys::Grant &grant);

/** Pairs events: an authority that has allowed a visit hears of its end when this goes, whatever
 * became of the publisher. Any thread. */
class OpenVisit
{
public:
  OpenVisit (std::shared_ptr<Authority> authority, Visit visit)
      : authority_ (std::move (authority)), visit_ (std::move (visit))
  {
  }
  ~OpenVisit () { authority_->closing (visit_); }
  OpenVisit (const OpenVisit &) = delete;
  OpenVisit &operator= (const OpenVisit &) = delete;

private:
  const std::shared_ptr<Authority> authority_;
  const Visit visit_;
};

} // namespace stagedoor::gate
