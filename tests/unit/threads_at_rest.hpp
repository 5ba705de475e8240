// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests that leave threads behind: pools', which GLib and GStreamer keep for the next one.
#pragma once

#include <dirent.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

extern "C" {
// GLib's, in programs that have it.
__attribute__ ((weak)) void g_thread_pool_set_max_unused_threads (int most);
__attribute__ ((weak)) void g_thread_pool_set_max_idle_time (unsigned milliseconds);
}

namespace stagedoor::test {

/** "S": it waits; empty: it has just ended. */
inline std::string
state_of_thread (const std::string &id)
{
  const std::unique_ptr<FILE, int (*) (FILE *)> file (
      std::fopen (("/proc/self/task/" + id + "/stat").c_str (), "re"), std::fclose);
  char stat[512];
  const auto length = file ? std::fread (stat, 1, sizeof stat, file.get ()) : 0;
  const std::string_view text (stat, length);
  const auto name_end = text.rfind (") ");
  return name_end == text.npos ? "" : std::string (text.substr (name_end + 2, 1));
}

/** Whether no thread but the caller's has anything to do. */
inline bool
are_others_at_rest ()
{
  const auto own = std::to_string (gettid ());
  const std::unique_ptr<DIR, int (*) (DIR *)> tasks (opendir ("/proc/self/task"), closedir);
  while (const auto *task = tasks ? readdir (tasks.get ()) : nullptr)
    if (task->d_name[0] != '.' && task->d_name != own && state_of_thread (task->d_name) != "S")
      return false;
  return true;
}

/** From now on, or after 5 s: LeakSanitizer of g++ 12 crashes when a thread ends while it looks. */
inline void
put_threads_at_rest ()
{
  if (g_thread_pool_set_max_unused_threads != nullptr) { // those of pools stay
    g_thread_pool_set_max_unused_threads (-1);
    g_thread_pool_set_max_idle_time (0);
  }
  constexpr int enough = 3, most = 1000;
  for (int tries = 0, in_a_row = 0; tries < most && in_a_row < enough; ++tries) {
    in_a_row = are_others_at_rest () ? in_a_row + 1 : 0;
    usleep (5'000);
  }
}

} // namespace stagedoor::test
