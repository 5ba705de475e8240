// SPDX-License-Identifier: LGPL-2.1-or-later
// Tells ThreadSanitizer of synchronisation by GLib, whose locks and queues are bare futexes that it
// can't see. Nothing in any other build.
#pragma once

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace stagedoor {

/** What this thread did so far is seen by whoever calls taken_over() with the same @p token. */
inline void
handed_over ([[maybe_unused]] void *token)
{
#ifdef __SANITIZE_THREAD__
  __tsan_release (token);
#endif
}

inline void
taken_over ([[maybe_unused]] void *token)
{
#ifdef __SANITIZE_THREAD__
  __tsan_acquire (token);
#endif
}

} // namespace stagedoor
