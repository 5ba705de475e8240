#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""count-tests.py BUILD=TESTLOG…: counts the single tests in Meson's logs and ends with "N passed, N failed".

A Meson test counts for as many tests as it says it ran (Check, node:test, unittest), or else for one.
"""

import json
import re
import sys
from pathlib import Path


def check_counts(text):
    """Check: "75%: Checks: 4, Failures: 1, Errors: 0", once per suite runner."""
    found = re.findall(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", text, re.M)
    ran = sum(int(row[0]) for row in found)
    failed = sum(int(row[1]) + int(row[2]) for row in found)
    return (ran - failed, failed, 0) if found else None


def node_counts(text):
    """node:test: "# pass 3", or "ℹ pass 3" from its other reporter."""
    found = dict(re.findall(r"^(?:#|ℹ) (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.M))
    if not {"pass", "fail"} <= found.keys():
        return None
    number = {name: int(value) for name, value in found.items()}
    return number["pass"], number["fail"] + number.get("cancelled", 0), number.get("skipped", 0)


def unittest_counts(text):
    """unittest: "Ran 5 tests in 0.1s" and "OK (skipped=1)" or "FAILED (failures=1, errors=1)"."""
    ran = re.findall(r"^Ran (\d+) tests? in", text, re.M)
    if not ran:
        return None
    last = re.findall(r"^(?:OK|FAILED)(?: \((.*)\))?$", text, re.M)
    number = dict(re.findall(r"(\w+)=(\d+)", last[-1])) if last else {}
    failed = sum(int(number.get(name, 0)) for name in ("failures", "errors"))
    skipped = int(number.get("skipped", 0))
    return int(ran[-1]) - failed - skipped, failed, skipped


def counts(test):
    """(passed, failed, skipped) of one entry of the log."""
    if test["result"] == "SKIP":
        return 0, 0, 1
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    good = test["result"] in ("OK", "EXPECTEDFAIL")
    for parse in (check_counts, node_counts, unittest_counts):
        said = parse(text)
        if said and (not good or sum(said) > 0):
            passed, failed, skipped = said
            # It said all was well and then died: a leak, a crash at exit, a time-out.
            return passed, failed if good or failed else 1, skipped
    return (1, 0, 0) if good else (0, 1, 0)


def skip_reasons(test):
    """Why the test, or parts of it, did not run."""
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    if test["result"] == "SKIP":
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1:] or ["no reason given"]
    return re.findall(r"(?:# SKIP|skipped) ['\"]?([^'\"\n]+)", text)


def main(arguments):
    passed = failed = skipped = 0
    for argument in arguments:
        build, path = argument.split("=", 1)
        if not Path(path).exists():
            print(f"FAILED   {build}: no test ran ({path} is missing)")
            failed += 1
            continue
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            test = json.loads(line)
            good, bad, left_out = counts(test)
            passed, failed, skipped = passed + good, failed + bad, skipped + left_out
            if bad:
                print(f"FAILED   {build}: {test['name']}: {bad} of {good + bad} ({test['result']})")
            if left_out:
                print(f"skipped  {build}: {test['name']}: {'; '.join(skip_reasons(test))}")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
