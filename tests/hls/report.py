# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a validation found: violations of rfc8216bis by section, each told once with how often it was seen."""

import threading

MUST = "MUST"
SHOULD = "SHOULD"


class Report:
    """Collects from several threads. `found` maps (level, section, what) to [where first seen, times]."""

    def __init__(self):
        self.found = {}
        self.checked = {}
        self.seen = {}  # what there was to check, so that a test can tell whether it was put to the test
        self._lock = threading.Lock()

    def violation(self, section, what, where, level=MUST):
        with self._lock:
            entry = self.found.setdefault((level, section, what), [where, 0])
            entry[1] += 1

    def should(self, section, what, where):
        self.violation(section, what, where, SHOULD)

    def expect(self, holds, section, what, where, level=MUST):
        """A check that was made, whatever came of it; returns what came of it."""
        with self._lock:
            self.checked[section] = self.checked.get(section, 0) + 1
        if not holds:
            self.violation(section, what, where, level)
        return bool(holds)

    def note(self, what, number=1):
        with self._lock:
            self.seen[what] = self.seen.get(what, 0) + number

    def count(self, strict=False):
        return sum(1 for level, _, _ in self.found if strict or level == MUST)

    def sections(self, level=None):
        return {section for found_level, section, _ in self.found if level in (None, found_level)}

    def lines(self):
        for (level, section, what), (where, times) in sorted(self.found.items()):
            often = f" ({times} times)" if times > 1 else ""
            yield f"{level} {section}: {what}: {where}{often}"
