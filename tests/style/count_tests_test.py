#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The closing line of ./check: what each kind of test output counts for."""

import importlib.util
import sys
import unittest
from pathlib import Path

path = Path(sys.argv.pop(1)) / "scripts" / "count-tests.py"
spec = importlib.util.spec_from_file_location("count_tests", path)
count_tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(count_tests)


def entry(result, stdout="", stderr=""):
    return {"name": "x", "result": result, "stdout": stdout, "stderr": stderr}


class Counts(unittest.TestCase):
    def test_check(self):
        said = "50%: Checks: 4, Failures: 1, Errors: 1\nx.cpp:1:F:a:b:0: broken\n"
        self.assertEqual(count_tests.counts(entry("FAIL", said)), (2, 2, 0))

    def test_two_check_runners(self):
        said = "100%: Checks: 4, Failures: 0, Errors: 0\n100%: Checks: 2, Failures: 0, Errors: 0\n"
        self.assertEqual(count_tests.counts(entry("OK", said)), (6, 0, 0))

    def test_said_well_then_died(self):
        said = "100%: Checks: 4, Failures: 0, Errors: 0\n"
        self.assertEqual(count_tests.counts(entry("FAIL", said, "LeakSanitizer")), (4, 1, 0))

    def test_node(self):
        said = "# tests 6\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n"
        self.assertEqual(count_tests.counts(entry("FAIL", said)), (3, 2, 1))

    def test_unittest(self):
        said = "Ran 6 tests in 0.1s\n\nFAILED (failures=1, errors=2, skipped=1)\n"
        self.assertEqual(count_tests.counts(entry("FAIL", stderr=said)), (2, 3, 1))

    def test_nothing_said(self):
        self.assertEqual(count_tests.counts(entry("OK")), (1, 0, 0))
        self.assertEqual(count_tests.counts(entry("TIMEOUT")), (0, 1, 0))
        self.assertEqual(count_tests.counts(entry("ERROR")), (0, 1, 0))

    def test_skip_is_not_a_pass(self):
        skip = entry("SKIP", "no chromium here\n")
        self.assertEqual(count_tests.counts(skip), (0, 0, 1))
        self.assertEqual(count_tests.skip_reasons(skip), ["no chromium here"])


if __name__ == "__main__":
    unittest.main()
