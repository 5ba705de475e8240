# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boxes of ISO/IEC 14496-12: reading them, and the rules that hold for all of them."""
import struct
from dataclasses import dataclass, field


class Malformed(Exception):
    """What can't be read on from here."""


@dataclass
class Report:
    """What was found; a clean file has neither errors nor warnings."""
    errors: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    boxes: int = 0

    def error(self, where, what):
        self.errors.append(f"{where}: {what}")

    def warn(self, where, what):
        self.warnings.append(f"{where}: {what}")

    def expect(self, holds, where, what):
        if not holds:
            self.error(where, what)
        return bool(holds)


class Fields:
    """Big-endian values, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.left:
            raise Malformed(f"{count} bytes wanted, {self.left} there")
        self.at += count
        return self.data[self.at - count:self.at]

    def uint(self, size):
        return int.from_bytes(self.take(size), "big")

    def u8(self):
        return self.uint(1)

    def u16(self):
        return self.uint(2)

    def u24(self):
        return self.uint(3)

    def u32(self):
        return self.uint(4)

    def u64(self):
        return self.uint(8)

    def i32(self):
        return struct.unpack(">i", self.take(4))[0]

    def zeros(self, count):
        """True when all of the next bytes, which are reserved, are 0."""
        return not any(self.take(count))


@dataclass
class Box:
    type: str
    where: str  # path, for messages
    start: int  # in the file
    body_start: int
    data: bytes  # without the header
    children: list = field(default_factory=list)
    version: int = 0
    flags: int = 0

    @property
    def end(self):
        return self.body_start + len(self.data)

    def all(self, *path):
        found = [self]
        for name in path:
            found = [child for box in found for child in box.children if child.type == name]
        return found

    def first(self, *path):
        found = self.all(*path)
        return found[0] if found else None

    def fields(self):
        """Behind version and flags of a FullBox."""
        return Fields(self.data[4:] if self.type in FULL else self.data)


# Those with version and flags.
FULL = {"mvhd", "tkhd", "mdhd", "hdlr", "elng", "vmhd", "smhd", "dref", "url ", "stsd", "stts", "stsc", "stsz", "stco",
        "sgpd", "sbgp", "mehd", "trex", "mfhd", "tfhd", "tfdt", "trun", "prft", "esds", "vpcC", "emsg", "sidx", "elst"}

# Which hold boxes, and behind how many bytes.
CONTAINERS = {"moov": 0, "trak": 0, "edts": 0, "mdia": 0, "minf": 0, "dinf": 0, "stbl": 0, "mvex": 0, "moof": 0,
              "traf": 0, "udta": 0, "dref": 8, "stsd": 8, "avc1": 78, "hvc1": 78, "av01": 78, "vp08": 78, "vp09": 78,
              "mp4a": 28, "Opus": 28}

# What is known, so that the rest is told.
KNOWN = FULL | set(CONTAINERS) | {"ftyp", "styp", "mdat", "free", "skip", "avcC", "hvcC", "av1C", "dOps", "colr", "pasp", "btrt"}


def type_text(raw):
    return raw.decode("ascii") if all(0x20 <= byte < 0x7f for byte in raw) else raw.hex()


def read_head(data, at, end, where):
    if end - at < 8:
        raise Malformed(f"{where}: {end - at} bytes are no box")
    size, head = int.from_bytes(data[at:at + 4], "big"), 8
    if size == 1:
        if end - at < 16:
            raise Malformed(f"{where}: a 64-bit size is cut off")
        size, head = int.from_bytes(data[at + 8:at + 16], "big"), 16
    name = type_text(data[at + 4:at + 8])
    if size == 0:
        raise Malformed(f"{where}/{name}: has no size, goes on to the end of the file")
    if size < head or size > end - at:
        raise Malformed(f"{where}/{name}: is {size} bytes, {end - at} are left")
    return name, size, head


def walk(data, report, where, start=0, end=None):
    """The boxes that fill exactly what is between start and end, with all within them."""
    end = len(data) if end is None else end
    boxes = []
    while start < end:
        name, size, head = read_head(data, start, end, where)
        box = Box(name, f"{where}/{name}", start, start + head, data[start + head:start + size])
        report.boxes += 1
        if name not in KNOWN:
            report.warn(box.where, "is unknown here")
        if name in FULL:
            if len(box.data) < 4:
                raise Malformed(f"{box.where}: has no version")
            box.version, box.flags = box.data[0], int.from_bytes(box.data[1:4], "big")
        if name in CONTAINERS:
            if len(box.data) < CONTAINERS[name]:
                raise Malformed(f"{box.where}: ends within its own fields")
            box.children = walk(data, report, box.where, box.body_start + CONTAINERS[name], box.end)
        boxes.append(box)
        start += size
    return boxes


def check_children(box, rules, report):
    """rules: (type, least, most) in their order; other boxes may stand anywhere."""
    check_order(box.children, rules, box.where, report)


def check_order(boxes, rules, where, report):
    names = [name for name, _, _ in rules]
    for name, least, most in rules:
        count = sum(box.type == name for box in boxes)
        report.expect(least <= count <= most, where, f"has {count} {name}, {least} to {most} are right")
    order = [names.index(box.type) for box in boxes if box.type in names]
    report.expect(order == sorted(order), where, "its boxes aren't in order: " + " ".join(box.type for box in boxes))


def check_leaf(box, report, rule):
    """rule(fields) reads all of it, and says what is wrong in a list."""
    fields = box.fields()
    try:
        for complaint in rule(fields) or []:
            report.error(box.where, complaint)
        report.expect(fields.left == 0, box.where, f"{fields.left} bytes too many")
    except Malformed as error:
        report.error(box.where, f"is too short: {error}")
