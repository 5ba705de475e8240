#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks every box of one CMAF track: an initialization segment and what follows it, in segments or in parts.

    mp4_boxes.py INIT CHUNK...

Written from ISO/IEC 14496-12, 14496-15, 23000-19 and the bindings of AV1, VP9 and Opus. Prints what is wrong, then one
line about the track; exits with 1 when there are errors, and with --strict when there are warnings, too.
In Python: check(init, chunks) gives the Report, or a Checker takes them one by one."""
import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from mp4_codecs import look_into
from mp4_init import check_brands, check_init
from mp4_walk import Malformed, Report, check_children, check_leaf, check_order, walk

TFHD_FLAGS, TRUN_FLAGS, PRFT_FLAGS = 0x03003b, 0xf05, (0, 1, 2, 4, 8, 24)


@dataclass
class Sample:
    dts: int
    pts: int
    duration: int
    size: int
    key: bool


class Fragment:
    """What moof says about samples."""

    def __init__(self, moof):
        self.moof = moof
        self.sequence = self.track_id = self.time = 0
        self.defaults = [None, None, None]  # duration, size, flags
        self.runs = []  # (offset, [(duration, size, flags, composition)])

    def read_tfhd(self, box, fields):
        if box.version or box.flags & ~TFHD_FLAGS:
            yield f"version {box.version}, flags {box.flags:#x}"
        if not box.flags & 0x020000 or box.flags & 1:
            yield "offsets don't begin at moof (default-base-is-moof)"
        self.track_id = fields.u32()
        if box.flags & 2 and fields.u32() != 1:
            yield "its sample entry isn't the first"
        for index, flag in enumerate((8, 16, 32)):
            if box.flags & flag:
                self.defaults[index] = fields.u32()

    def read_tfdt(self, box, fields):
        if box.version > 1 or box.flags:
            yield f"version {box.version}, flags {box.flags:#x}"
        self.time = fields.u64() if box.version else fields.u32()

    def read_trun(self, box, fields):
        if box.version > 1 or box.flags & ~TRUN_FLAGS:
            yield f"version {box.version}, flags {box.flags:#x}"
        if box.flags & 4 and box.flags & 0x400:
            yield "flags for the first sample and for each"
        count = fields.u32()
        if count == 0:
            yield "has no samples"
        if not box.flags & 1 and not self.runs:
            yield "has no offset, which the first run must have"
        offset = fields.i32() if box.flags & 1 else None
        first_flags = fields.u32() if box.flags & 4 else None
        samples = []
        for _ in range(count):
            values = list(self.defaults)
            for index, flag in enumerate((0x100, 0x200, 0x400)):
                if box.flags & flag:
                    values[index] = fields.u32()
            composition = 0
            if box.flags & 0x800:
                composition = fields.i32() if box.version else fields.u32()
            samples.append((*values, composition))
        if first_flags is not None and samples:
            samples[0] = (*samples[0][:2], first_flags, samples[0][3])
        self.runs.append((offset, samples))


def flag_complaints(flags):
    depends, non_sync = flags >> 24 & 3, flags >> 16 & 1
    if flags >> 28 or depends == 3 or flags >> 22 & 3 == 3 or flags >> 20 & 3 == 3:
        yield f"sample flags {flags:#010x} have reserved values"
    if depends == 1 and not non_sync:
        yield f"sample flags {flags:#010x}: depends on others, but decoding can begin there"


class Checker:
    """Takes a track's files in their order."""

    def __init__(self, init, name="init", gaps=False):
        self.report = Report()
        self.gaps = gaps
        self.samples = []
        self.chunks = 0
        self.next_time = None  # where the next fragment has to begin
        self.sequence = None
        self.track = None
        try:
            self.track = check_init(init, self.report, name)
        except Malformed as error:
            self.report.error(name, str(error))

    def feed(self, data, name="chunk"):
        """One file of segments or parts: any number of whole chunks."""
        if self.track is None:
            return
        try:
            boxes = walk(data, self.report, name)
            self.report.expect(boxes, name, "is empty")
            while boxes:
                boxes = self._chunk(boxes, data, name)
        except Malformed as error:
            self.report.error(name, str(error))

    def restart(self):
        """What follows is behind a discontinuity."""
        self.next_time = self.sequence = None

    def _chunk(self, boxes, data, name):
        kinds = [box.type for box in boxes]
        if "mdat" not in kinds:
            raise Malformed(f"{name}: boxes without mdat at the end: {' '.join(kinds)}")
        count = kinds.index("mdat") + 1
        chunk, rest = boxes[:count], boxes[count:]
        check_order(chunk, [("styp", 0, 1), ("prft", 0, 1), ("moof", 1, 1), ("mdat", 1, 1)], name, self.report)
        by_type = {box.type: box for box in chunk}
        self.report.expect(kinds[:count][-2:] == ["moof", "mdat"], name, "mdat isn't behind moof")
        if "styp" in by_type:
            self.report.expect(kinds[0] == "styp", name, "styp isn't in front")
            check_brands(by_type["styp"], self.report)
        if "prft" in by_type:
            check_leaf(by_type["prft"], self.report, lambda fields: list(self._prft(by_type["prft"], fields)))
        if "moof" in by_type:
            self._fragment(by_type["moof"], by_type["mdat"], data)
        self.chunks += 1
        return rest

    def _prft(self, box, fields):
        if box.version > 1 or box.flags not in PRFT_FLAGS:
            yield f"version {box.version}, flags {box.flags}"
        if fields.u32() != self.track.track_id:
            yield "is of another track"
        if fields.u64() >> 32 == 0:
            yield "the time of day is missing"
        fields.u64() if box.version else fields.u32()

    def _fragment(self, moof, mdat, data):
        check_children(moof, [("mfhd", 1, 1), ("traf", 1, 1)], self.report)
        traf = moof.first("traf")
        if traf is None or moof.first("mfhd") is None:
            raise Malformed(f"{moof.where}: isn't complete")
        check_children(traf, [("tfhd", 1, 1), ("tfdt", 1, 1), ("trun", 1, 99)], self.report)
        fragment = Fragment(moof)
        check_leaf(moof.first("mfhd"), self.report, lambda fields: list(self._mfhd(fields)))
        for box in traf.all("tfhd") + traf.all("tfdt") + traf.all("trun"):
            rule = getattr(fragment, "read_" + box.type)
            check_leaf(box, self.report, lambda fields: list(rule(box, fields)))
        self.report.expect(fragment.track_id == self.track.track_id, traf.where, "is of another track")
        self._times(fragment, traf.where)
        self._samples(fragment, mdat, data)

    def _mfhd(self, fields):
        number = fields.u32()
        if self.sequence is not None and number <= self.sequence:
            yield f"sequence number {number} after {self.sequence}"
        self.sequence = number

    def _times(self, fragment, where):
        if self.next_time not in (None, fragment.time):
            text = f"begins at {fragment.time}, what was before it ended at {self.next_time}"
            if self.gaps and fragment.time > self.next_time:
                self.report.warn(where, text)
            else:
                self.report.error(where, text)

    def _samples(self, fragment, mdat, data):
        where = fragment.moof.where
        at, time = mdat.body_start, fragment.time
        for offset, samples in fragment.runs:
            begin = fragment.moof.start + offset if offset is not None else at
            self.report.expect(begin == at, where, f"a run's data is at {begin}, not at {at}")
            for duration, size, flags, composition in samples:
                duration, size, flags = self._defaulted(duration, size, flags, where)
                self._sample(Sample(time, time + composition, duration, size, not flags >> 16 & 1), flags, where)
                if at + size <= mdat.end:
                    self._content(data[at:at + size], where)
                at, time = at + size, time + duration
        self.report.expect(at == mdat.end, where, f"samples end at {at}, mdat at {mdat.end}")
        self.next_time = time

    def _defaulted(self, duration, size, flags, where):
        values = (duration, size, flags)
        if None in values:
            self.report.warn(where, "relies on defaults of trex, which cmf2 doesn't allow")
        return [default if value is None else value for value, default in zip(values, self.track.defaults)]

    def _sample(self, sample, flags, where):
        for complaint in flag_complaints(flags):
            self.report.error(where, complaint)
        self.report.expect(sample.size > 0, where, f"the sample at {sample.dts} is empty")
        self.report.expect(sample.pts >= 0, where, f"a sample is shown at {sample.pts}")
        if sample.duration == 0:
            self.report.warn(where, f"the sample at {sample.dts} has no duration")
        if not self.samples and not sample.key:
            self.report.error(where, "decoding can't begin with the first sample")
        self.samples.append(sample)

    def _content(self, data, where):
        sample = self.samples[-1]
        try:
            key, complaints = look_into(self.track, data)
        except (Malformed, IndexError) as error:
            self.report.error(where, f"the sample at {sample.dts} is broken: {error}")
            return
        for complaint in complaints:
            self.report.warn(where, complaint)
        self.report.expect(key is None or key == sample.key, where,
                           f"the sample at {sample.dts} is{'' if key else ' not'} key, its flags say otherwise")

    def summary(self):
        seconds = sum(sample.duration for sample in self.samples) / self.track.timescale if self.track else 0
        codec = self.track.codec if self.track else "no track"
        return (f"{codec}: {self.report.boxes} boxes, {self.chunks} chunks, {len(self.samples)} samples, {seconds:.3f} s, "
                f"{len(self.report.errors)} errors, {len(self.report.warnings)} warnings")


def check(init, chunks):
    checker = Checker(init)
    for index, chunk in enumerate(chunks):
        checker.feed(chunk, f"chunk {index}")
    return checker.report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strict", action="store_true", help="warnings fail, too")
    parser.add_argument("--gaps", action="store_true", help="time that is left out is a warning, not an error")
    parser.add_argument("--samples", action="store_true", help="print dts, pts, duration, size, key of each")
    parser.add_argument("init", type=Path)
    parser.add_argument("chunk", type=Path, nargs="*")
    args = parser.parse_args()
    checker = Checker(args.init.read_bytes(), str(args.init), args.gaps)
    for path in args.chunk:
        checker.feed(path.read_bytes(), str(path))
    if args.samples:
        for sample in checker.samples:
            print(sample.dts, sample.pts, sample.duration, sample.size, int(sample.key))
    for kind, texts in (("error", checker.report.errors), ("warning", checker.report.warnings)):
        for text in texts:
            print(f"{kind}: {text}")
    print(checker.summary())
    return 1 if checker.report.errors or (args.strict and checker.report.warnings) else 0


if __name__ == "__main__":
    sys.exit(main())
