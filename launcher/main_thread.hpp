// SPDX-License-Identifier: LGPL-2.1-or-later
// Hands work to the main thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace stagedoor {

/** Any thread: runs @p call on the main thread, later, in order. */
void post_to_main (std::function<void ()> call);

/** Main thread: runs @p call there after @p delay, unless the timer is dropped before. */
using Timer = std::shared_ptr<void>;
Timer after (std::chrono::milliseconds delay, std::function<void ()> call);

} // namespace stagedoor
