// SPDX-License-Identifier: LGPL-2.1-or-later
// The few lines every libs/ test needs around Check.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <string>

#ifdef __SANITIZE_ADDRESS__
#include "tests/unit/threads_at_rest.hpp"
#endif

#include <check.h> // last: it defines "fail"

/** ck_assert_str_eq() for strings that do not live longer than the line. */
#define assert_text(X, Y)                                                                          \
  do {                                                                                             \
    const std::string text_x_ (X), text_y_ (Y);                                                    \
    ck_assert_str_eq (text_x_.c_str (), text_y_.c_str ());                                         \
  } while (0)

namespace stagedoor::test {

/** Runs one suite; for `int main () { return run ("keys", {test_a, test_b}); }`. */
inline int
run (const char *name, std::initializer_list<const TTest *> tests)
{
  Suite *suite = suite_create (name);
  TCase *tcase = tcase_create (name);
  suite_add_tcase (suite, tcase);
  for (const auto *test : tests)
    tcase_add_test (tcase, test);
  SRunner *runner = srunner_create (suite);
  srunner_run_all (runner, CK_NORMAL);
  const int failed = srunner_ntests_failed (runner);
  srunner_free (runner);
#ifdef __SANITIZE_ADDRESS__
  put_threads_at_rest ();
#endif
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace stagedoor::test
