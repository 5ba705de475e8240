// SPDX-License-Identifier: LGPL-2.1-or-later
// Wakes consumers that wait for a publication or for its next item.
#include "gst-plugins/common/gate.hpp"

#include <algorithm>

namespace stagedoor::gate {

void
Interrupt::set ()
{
  set_ = true;
  const std::lock_guard own (mutex_); // keeps the attached alive
  for (auto *waiter : attached_) {
    const std::lock_guard lock (waiter->mutex_); // else it may miss it between its check and wait
    waiter->changed_.notify_all ();
  }
}

Interrupt::Attached::Attached (
    Interrupt &interrupt, std::mutex &mutex, std::condition_variable &changed)
    : interrupt_ (interrupt), mutex_ (mutex), changed_ (changed)
{
  const std::lock_guard lock (interrupt_.mutex_);
  interrupt_.attached_.push_back (this);
}

Interrupt::Attached::~Attached ()
{
  const std::lock_guard lock (interrupt_.mutex_);
  std::erase (interrupt_.attached_, this);
}

} // namespace stagedoor::gate
