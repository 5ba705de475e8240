// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests that leave threads behind: pools', which GLib and GStreamer keep for the next one.
#pragma once

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace stagedoor::test {

/** Whether no thread but the caller's has anything to do. */
inline bool
are_others_at_rest ()
{
  const auto own = std::to_string (gettid ());
  std::error_code none;
  for (const auto &task : std::filesystem::directory_iterator ("/proc/self/task", none)) {
    if (task.path ().filename () == own)
      continue;
    std::ifstream file (task.path () / "stat");
    const std::string stat{std::istreambuf_iterator<char> (file), {}};
    if (!stat.substr (stat.rfind (')') + 1).starts_with (" S"))
      return false; // or it has just ended
  }
  return true;
}

/** Waits for up to 5 s: LeakSanitizer of g++ 12 crashes when a thread ends while it looks. */
inline void
wait_for_threads_at_rest ()
{
  constexpr int enough = 3, most = 1000;
  for (int tries = 0, in_a_row = 0; tries < most && in_a_row < enough; ++tries) {
    in_a_row = are_others_at_rest () ? in_a_row + 1 : 0;
    std::this_thread::sleep_for (std::chrono::milliseconds{5});
  }
}

} // namespace stagedoor::test
