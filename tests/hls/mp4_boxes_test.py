#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checker itself: what is right passes, and whatever is made wrong is found."""

import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from mp4_boxes import Checker, check

WRITER = sys.argv.pop(1)
FRAME = bytes.fromhex("fffb9064") + bytes(100)


def written():
    """An initialization segment and two chunks of MP3, with styp and prft."""
    data = struct.pack(">I", len(FRAME)) + FRAME
    for number in range(8):
        data += struct.pack(">QIiBI", 1152 * number, 1152, 0, 1, len(FRAME)) + FRAME
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([WRITER, folder, "mp3+", "44100", str(4 * 1152)], input=data, check=True, capture_output=True)
        files = [path.read_bytes() for path in sorted(Path(folder).iterdir(), key=lambda path: path.suffix == ".m4s")]
    return files[0], sorted(files[1:], key=lambda chunk: chunk[chunk.index(b"tfdt") + 8:])


class Boxes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.init, cls.chunks = written()

    def patched(self, chunk, name, offset, raw):
        """With other bytes so far behind a box's type."""
        at = chunk.index(name) + 4 + offset
        return chunk[:at] + raw + chunk[at + len(raw):]

    def assert_found(self, init, chunks, text):
        errors = check(init, chunks).errors
        self.assertTrue(any(text in error for error in errors), f"{text!r} isn't in {errors}")

    def test_good(self):
        self.assertEqual(len(self.chunks), 2)
        checker = Checker(self.init)
        for chunk in self.chunks:
            checker.feed(chunk)
        self.assertEqual((checker.report.errors, checker.report.warnings, len(checker.samples)), ([], [], 8))
        self.assertIn("mp4a: 41 boxes, 2 chunks, 8 samples, 0.209 s, 0 errors, 0 warnings", checker.summary())

    def test_whole_segment(self):
        self.assertEqual(check(self.init, [b"".join(self.chunks)]).errors, [])

    def test_cut_init(self):
        for size in range(len(self.init)):
            self.assertTrue(check(self.init[:size], self.chunks).errors, size)

    def test_cut_chunk(self):
        for size in range(len(self.chunks[0])):
            self.assertTrue(check(self.init, [self.chunks[0][:size]]).errors, size)

    def test_something_behind(self):
        self.assert_found(self.init, [self.chunks[0] + b"\0"], "are no box")
        self.assertIn("chunk 0/wxyz: is unknown here",
                      check(self.init, [struct.pack(">I4s", 8, b"wxyz") + self.chunks[0]]).warnings)
        self.assertTrue(check(self.init, [self.chunks[0] + struct.pack(">I4s", 8, b"free")]).errors)

    def test_time(self):
        first, second = self.chunks
        self.assert_found(self.init, [second, first], "what was before it ended at")
        self.assert_found(self.init, [second, first], "sequence number")
        self.assert_found(self.init, [first, first], "sequence number")
        later = self.patched(second, b"tfdt", 4, struct.pack(">Q", 4 * 1152 + 1))
        self.assert_found(self.init, [first, later], "begins at 4609")
        checker = Checker(self.init, gaps=True)
        for chunk in (first, later):
            checker.feed(chunk)
        self.assertEqual((checker.report.errors, len(checker.report.warnings)), ([], 1))
        checker = Checker(self.init)
        for chunk in (second, first):
            checker.restart()
            checker.feed(chunk)
        self.assertEqual(checker.report.errors, [])

    def test_data(self):
        chunk = self.chunks[0]
        offset = int.from_bytes(chunk[chunk.index(b"trun") + 12:][:4], "big")
        for wrong in (offset - 1, offset + 1, 0, -1):
            self.assert_found(self.init, [self.patched(chunk, b"trun", 8, struct.pack(">i", wrong))], "a run's data is at")
        self.assert_found(self.init, [self.patched(chunk, b"trun", 12, struct.pack(">I", 103))], "samples end at")
        self.assert_found(self.init, [self.patched(chunk, b"trun", 4, struct.pack(">I", 3))], "bytes too many")
        self.assert_found(self.init, [self.patched(chunk, b"trun", 4, struct.pack(">I", 5))], "is too short")

    def test_flags(self):
        chunk = self.chunks[0]
        for name, flags, text in ((b"tfhd", 0x000028, "default-base-is-moof"), (b"tfhd", 0x420028, "flags 0x420028"),
                                  (b"trun", 0x1201, "flags 0x1201"), (b"prft", 3, "flags 3"), (b"tfdt", 1, "flags 0x1")):
            at = chunk.index(name) + 5
            self.assert_found(self.init, [chunk[:at] + struct.pack(">I", flags)[1:] + chunk[at + 3:]], text)
        for flags in (0x01000000, 0x03000000, 0x12000000, 0x02300000):
            self.assert_found(self.init, [self.patched(chunk, b"tfhd", 12, struct.pack(">I", flags))], "sample flags")
        self.assert_found(self.init, [self.patched(chunk, b"tfhd", 12, struct.pack(">I", 0x01010000))], "can't begin")

    def test_other_track(self):
        for name in (b"tfhd", b"prft"):
            self.assert_found(self.init, [self.patched(self.chunks[0], name, 4, struct.pack(">I", 2))], "of another track")

    def test_order(self):
        chunk = self.chunks[0]
        moof, mdat = chunk.index(b"moof") - 4, chunk.index(b"mdat") - 4
        self.assertTrue(check(self.init, [chunk[mdat:] + chunk[moof:mdat]]).errors)
        self.assertTrue(check(self.init, [chunk[moof:mdat]]).errors)
        self.assertTrue(check(self.init, [chunk[moof:mdat] + chunk[moof:]]).errors)
        self.assertTrue(check(self.init, [chunk[mdat:]]).errors)
        self.assertTrue(check(self.init, [b""]).errors)
        begin = self.init.index(b"moov") - 4
        self.assertTrue(check(self.init[begin:] + self.init[:begin], []).errors)
        self.assertTrue(check(self.init + self.init[begin:], []).errors)

    def test_init(self):
        for name, offset, raw, text in (
                (b"mvhd", 12, bytes(4), "timescale is 0"), (b"mdhd", 12, bytes(4), "timescale is 0"),
                (b"mvhd", 16, b"\0\0\0\1", "has a duration"), (b"tkhd", 12, bytes(4), "id is 0"),
                (b"tkhd", 77, b"\1", "of a soun track"), (b"hdlr", 8, b"text", "no handler"),
                (b"hdlr", 24, b"x", "isn't one text"), (b"stts", 4, b"\0\0\0\1", "entries instead of 0"),
                (b"stsz", 8, b"\0\0\0\1", "has samples"), (b"trex", 8, bytes(4), "isn't the first"),
                (b"stco", 4, b"\0\0\0\1", "entries instead of 0"), (b"url ", 3, b"\0", "a sign for this file"),
                (b"mp4a", 16, bytes(2), "0 channels"), (b"esds", 5, b"\x81", "is too short"),
                (b"esds", 18, b"\x14", "no audio stream"), (b"ftyp", 8, b"isom", "major brand")):
            with self.subTest(name=name, text=text):
                self.assert_found(self.patched(self.init, name, offset, raw), [], text)

    def test_sizes(self):
        """Every size is one that nothing else agrees with once it is another."""
        for data, others in ((self.init, None), (self.chunks[0], self.init)):
            for name in (b"ftyp", b"moov", b"trak", b"mdia", b"stbl", b"stsd", b"mp4a", b"esds", b"styp", b"moof",
                         b"traf", b"tfhd", b"trun", b"mdat", b"prft"):
                if name not in data:
                    continue
                at = data.index(name) - 4
                size = int.from_bytes(data[at:at + 4], "big")
                for wrong in (0, 1, 7, size - 1, size + 1, size + 4, 0xffffffff):
                    broken = data[:at] + struct.pack(">I", wrong) + data[at + 4:]
                    found = check(broken, []) if others is None else check(others, [broken])
                    self.assertTrue(found.errors, (name, wrong))


if __name__ == "__main__":
    unittest.main(verbosity=2)
