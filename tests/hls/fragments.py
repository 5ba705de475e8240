# SPDX-License-Identifier: LGPL-2.1-or-later
"""The little of fragmented MP4 (ISO/IEC 14496-12) that rules on segments are about: times, and which samples are independent."""

from dataclasses import dataclass

CONTAINERS = {b"moov", b"trak", b"mdia", b"mvex", b"moof", b"traf"}
NOT_SYNC = 0x00010000


class Broken(Exception):
    """Not what it should be; the text says what."""


@dataclass
class Init:
    timescale: int
    handler: str
    flags: int  # of samples, unless a fragment says otherwise
    duration: int


@dataclass
class Fragment:
    begin: int  # decode time of the first sample
    duration: int
    presented: int  # the first presentation time
    sync: list  # of each sample


def number(data, at, size):
    if at + size > len(data):
        raise Broken("a box ends too early")
    return int.from_bytes(data[at:at + size], "big")


def walk(data, begin=0, end=None):
    """(type, payload) of each box, containers before their children."""
    end = len(data) if end is None else end
    while begin < end:
        size, kind, head = number(data, begin, 4), bytes(data[begin + 4:begin + 8]), 8
        if size == 1:
            size, head = number(data, begin + 8, 8), 16
        if size < head or begin + size > end:
            raise Broken(f"box {kind!r} of {size} bytes")
        yield kind, data[begin + head:begin + size]
        if kind in CONTAINERS:
            yield from walk(data, begin + head, begin + size)
        begin += size


def read_init(data):
    boxes = dict(walk(data))
    for kind in (b"ftyp", b"moov", b"mdhd", b"hdlr", b"trex"):
        if kind not in boxes:
            raise Broken(f"no {kind.decode()} in the init segment")
    mdhd, trex = boxes[b"mdhd"], boxes[b"trex"]
    scale = number(mdhd, 20 if mdhd[0] == 1 else 12, 4)
    if scale == 0:
        raise Broken("timescale of 0")
    return Init(scale, bytes(boxes[b"hdlr"][8:12]).decode("latin-1"), number(trex, 20, 4), number(trex, 12, 4))


def read_tfhd(box, init):
    flags, at = number(box, 1, 3), 8
    duration, sample_flags = init.duration, init.flags
    for bit, size in ((0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4), (0x20, 4)):
        if flags & bit:
            value = number(box, at, size)
            at += size
            duration = value if bit == 0x08 else duration
            sample_flags = value if bit == 0x20 else sample_flags
    return duration, sample_flags


def read_trun(box, default_duration, default_flags):
    """(duration, flags, composition offset) of each sample."""
    version, flags, count, at = box[0], number(box, 1, 3), number(box, 4, 4), 8
    at += 4 if flags & 0x01 else 0
    first_flags = None
    if flags & 0x04:
        first_flags = number(box, at, 4)
        at += 4
    for index in range(count):
        values = {0x100: default_duration, 0x200: 0, 0x400: default_flags, 0x800: 0}
        for bit in values:
            if flags & bit:
                values[bit] = number(box, at, 4)
                at += 4
        offset = values[0x800]
        if version == 1 and offset >= 1 << 31:
            offset -= 1 << 32
        sample_flags = first_flags if index == 0 and first_flags is not None else values[0x400]
        yield values[0x100], sample_flags, offset


def read_fragments(data, init):
    """Of a part or a segment: one for each moof."""
    out, begin, defaults = [], None, (init.duration, init.flags)
    for kind, box in walk(data):
        if kind == b"tfhd":
            defaults = read_tfhd(box, init)
        elif kind == b"tfdt":
            begin = number(box, 4, 8 if box[0] == 1 else 4)
        elif kind == b"trun":
            if begin is None:
                raise Broken("trun without tfdt")
            at, presented, sync = begin, [], []
            for duration, flags, offset in read_trun(box, *defaults):
                presented.append(at + offset)
                sync.append(not flags & NOT_SYNC)
                at += duration
            if not presented:
                raise Broken("trun without samples")
            out.append(Fragment(begin, at - begin, min(presented), sync))
            begin = at
    if not out:
        raise Broken("no samples")
    return out
