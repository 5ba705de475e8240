#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The validator against a server that is right, which it has to find right, and against one that is wrong in one thing at a
time, which it has to name. A check that can't fail would be found here."""

import sys
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import fragments  # noqa: E402
import toy_media  # noqa: E402
import wrong_media  # noqa: E402
import wrongs  # noqa: E402
from media_playlist import read_media  # noqa: E402
from media_rules import check_media  # noqa: E402
from multivariant_rules import check_multivariant, read_multivariant  # noqa: E402
from report import Report  # noqa: E402
from toy_server import FIRST_TICK, MULTIVARIANT, PARTS, Toy, serve  # noqa: E402
from update_rules import Pace, check_update  # noqa: E402
from validate_hls import Unusable, validate  # noqa: E402

UPDATES = 26


def run(toy, updates=UPDATES):
    url, server = serve(toy)
    try:
        return validate(url, updates=updates)
    finally:
        server.shutdown()
        server.server_close()


def names(report, section, what):
    return any(found == section and what in text for _, found, text in report.found)


class LiveTest(unittest.TestCase):
    def expect_each(self, cases):
        with ThreadPoolExecutor(6) as pool:
            reports = pool.map(lambda case: run(Toy(case[2]), case[2].get("updates", UPDATES)), cases)
        for (section, what, _), report in zip(cases, reports):
            with self.subTest(section=section, what=what):
                self.assertTrue(names(report, section, what), "\n".join(report.lines()) or "nothing was found")

    def test_what_is_right_is_found_right(self):
        for ends_at in (None, FIRST_TICK + 40):
            report = run(Toy(ends_at=ends_at), 140)
            self.assertEqual(list(report.lines()), [])
            self.assertGreater(sum(report.checked.values()), 10_000)
            kinds = {"updates", "delta updates", "parts", "hinted parts", "segments"} | ({"discontinuities"} if ends_at is None else set())
            self.assertLessEqual(kinds, {what for what, number in report.seen.items() if number})

    def test_updates(self):
        self.expect_each(wrongs.UPDATES)

    def test_media_and_answers(self):
        self.expect_each(wrong_media.ALL)

    def test_nothing_there(self):
        for wrong in ({"answer": lambda *_: 404}, {"multivariant": lambda _: "#EXTM3U\n"}):
            with self.assertRaises(Unusable):
                run(Toy(wrong))


class TextTest(unittest.TestCase):
    """Playlists by themselves."""

    def expect_each(self, cases, look):
        for section, what, wrong in cases:
            with self.subTest(section=section, what=what):
                report = Report()
                look(wrong, report)
                self.assertTrue(names(report, section, what), "\n".join(report.lines()) or "nothing was found")

    def look_at_media(self, wrong, report):
        for skip in (None, "v2"):
            text = wrong["text"]("video", Toy().playlist("video", FIRST_TICK, skip), FIRST_TICK)
            check_media(read_media(text if isinstance(text, bytes) else text.encode(), "video", report), report, 1)

    def look_at_multivariant(self, wrong, report):
        check_multivariant(read_multivariant(wrong["multivariant"](MULTIVARIANT).encode(), "live", report), report)

    def test_what_is_right_is_found_right(self):
        report = Report()
        self.look_at_media({"text": lambda _name, text, _tick: text}, report)
        self.look_at_multivariant({"multivariant": lambda text: text}, report)
        self.assertEqual(list(report.lines()), [])

    def test_syntax(self):
        self.expect_each(wrongs.SYNTAX, self.look_at_media)

    def test_tags(self):
        self.expect_each(wrongs.TAGS, self.look_at_media)

    def test_multivariant(self):
        self.expect_each(wrongs.MAIN, self.look_at_multivariant)

    def test_nothing_in_it(self):
        report = Report()
        read_multivariant(b"#EXTM3U\n", "nothing", report)
        self.assertTrue(names(report, "4.4.6.2", "no variant"))


class VersionsTest(unittest.TestCase):
    """What no live run comes to."""

    def read(self, tick=FIRST_TICK, change=lambda text: text, ends_at=None):
        report = Report()
        playlist = read_media(change(Toy(ends_at=ends_at).playlist("video", tick, None)).encode(), f"tick {tick}", report)
        self.assertEqual(list(report.lines()), [])
        return playlist

    def expect(self, old, new, section, what):
        report = Report()
        check_update(old, new, report)
        self.assertTrue(names(report, section, what), list(report.lines()))

    def test_an_end_is_final(self):
        ended = self.read(ends_at=FIRST_TICK)
        self.expect(ended, self.read(), "6.2.1", "EXT-X-ENDLIST was taken back")
        self.expect(ended, self.read(FIRST_TICK + 1, ends_at=FIRST_TICK), "6.2.1", "segments after EXT-X-ENDLIST")

    def test_a_target_stays(self):
        risen = self.read(change=lambda text: text.replace("TARGETDURATION:1", "TARGETDURATION:2"))
        for old, new in ((self.read(), risen), (risen, self.read())):
            self.expect(old, new, "6.2.1", "target duration changed")

    def test_nothing_goes_back(self):
        self.expect(self.read(FIRST_TICK + 1), self.read(), "6.2.1", "end of the playlist went back")
        shorter = self.read()
        del shorter.segments[3]
        self.expect(self.read(), shorter, "6.2.2", "segment vanished from the middle")

    def test_an_ended_list_hints_at_nothing(self):
        report = Report()
        hinting = self.read(change=lambda text: text + "#EXT-X-ENDLIST\n")
        check_media(hinting, report)
        self.assertTrue(names(report, "4.4.5.3", "has ended"))
        late = self.read(change=lambda text: text.replace("SEQUENCE:3\n", "SEQUENCE:3\n#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n") + "#EXT-X-ENDLIST\n")
        check_media(late, report)
        self.assertTrue(names(report, "6.2.5.1", "has ended"), list(report.lines()))

    def test_parts_and_segments_are_due(self):
        for late, what in ((0.71, "no new part"), (2.1, "no new segment")):
            report, pace = Report(), Pace(0.5)
            pace.check(self.read(), 10.0, report)
            pace.check(self.read(FIRST_TICK + PARTS), 10.0 + late, report)
            self.assertTrue(names(report, "6.2.1", what), list(report.lines()))
        report, pace = Report(), Pace(0.5)
        for step in range(30):
            pace.check(self.read(FIRST_TICK + step), 0.2 * step, report)
        self.assertEqual(list(report.lines()), [])


class FragmentsTest(unittest.TestCase):
    def test_cut_anywhere_they_are_refused(self):
        init, part = toy_media.init(b"vide"), toy_media.part(3, 0.2, True, 1)
        head = fragments.read_init(init)
        (one,) = fragments.read_fragments(part, head)
        self.assertEqual((one.begin, one.duration, one.presented, one.sync), (3000, 200, 3000, [True, False, False, False]))
        for data, read in ((init, fragments.read_init), (part, lambda same: fragments.read_fragments(same, head))):
            for size in range(len(data)):
                if size != len(data) - len(toy_media.box(b"mdat", bytes(64))):
                    with self.assertRaises(fragments.Broken):
                        read(data[:size])


if __name__ == "__main__":
    unittest.main()
