# SPDX-License-Identifier: LGPL-2.1-or-later
"""Initialization segments of one track: ISO/IEC 14496-12 section 8, ISO/IEC 23000-19 section 7.3.1."""
from dataclasses import dataclass

import mp4_codecs
from mp4_walk import Malformed, check_children, check_leaf, check_order, walk

CHILDREN = {
    "moov": [("mvhd", 1, 1), ("trak", 1, 1), ("mvex", 1, 1)],
    "trak": [("tkhd", 1, 1), ("edts", 0, 1), ("mdia", 1, 1)],
    "mdia": [("mdhd", 1, 1), ("hdlr", 1, 1), ("elng", 0, 1), ("minf", 1, 1)],
    "dinf": [("dref", 1, 1)],
    "dref": [("url ", 1, 1)],
    "stbl": [("stsd", 1, 1), ("stts", 1, 1), ("stsc", 1, 1), ("stsz", 1, 1), ("stco", 1, 1), ("sgpd", 0, 9)],
    "mvex": [("mehd", 0, 1), ("trex", 1, 1)],
    "vmhd": [], "smhd": [],
}
IDENTITY = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30]


@dataclass
class Track:
    handler: str = ""
    codec: str = ""  # type of the sample entry
    track_id: int = 0
    timescale: int = 0
    nal_length: int = 0
    width: int = 0
    height: int = 0
    channels: int = 0
    rate: int = 0
    config: bytes = b""
    # trex: duration, size, flags
    defaults: tuple = (0, 0, 0)
    has_edits: bool = False


def time_fields(fields, version):
    """Creation and change."""
    for _ in range(2):
        fields.u64() if version else fields.u32()


def read_mvhd(box, fields):
    if box.version > 1:
        yield f"version {box.version}"
    time_fields(fields, box.version)
    if fields.u32() == 0:
        yield "the timescale is 0"
    if (fields.u64() if box.version else fields.u32()) != 0:
        yield "has a duration, though all samples are in chunks"
    if fields.u32() != 1 << 16 or fields.u16() != 0x100:
        yield "rate or volume isn't 1"
    if not fields.zeros(10):
        yield "reserved bytes aren't 0"
    if [fields.u32() for _ in range(9)] != IDENTITY:
        yield "the matrix isn't that of no change"
    if not fields.zeros(24):
        yield "pre-defined bytes aren't 0"
    if fields.u32() < 2:
        yield "the next track's id is taken"


def read_tkhd(box, fields, track):
    if box.version > 1:
        yield f"version {box.version}"
    if not box.flags & 1 or box.flags > 15:
        yield f"flags {box.flags:#x}: isn't enabled, or has unknown ones"
    time_fields(fields, box.version)
    track.track_id = fields.u32()
    if track.track_id == 0:
        yield "the track's id is 0"
    if not fields.zeros(4):
        yield "reserved bytes aren't 0"
    if (fields.u64() if box.version else fields.u32()) != 0:
        yield "has a duration, though all samples are in chunks"
    if not fields.zeros(8):
        yield "reserved bytes aren't 0"
    fields.take(4)  # layer, group
    volume = fields.u16()
    if volume != (0x100 if track.handler == "soun" else 0) or not fields.zeros(2):
        yield f"volume {volume:#x} of a {track.handler} track, or reserved bytes aren't 0"
    if [fields.u32() for _ in range(9)] != IDENTITY:
        yield "the matrix isn't that of no change"
    track.width, track.height = fields.u32() / 65536, fields.u32() / 65536
    sides = (track.width > 0) + (track.height > 0)
    if sides != (2 if track.handler == "vide" else 0):
        yield f"{track.width} x {track.height} of a {track.handler} track"


def read_mdhd(box, fields, track):
    if box.version > 1:
        yield f"version {box.version}"
    time_fields(fields, box.version)
    track.timescale = fields.u32()
    if track.timescale == 0:
        yield "the timescale is 0"
    if (fields.u64() if box.version else fields.u32()) != 0:
        yield "has a duration, though all samples are in chunks"
    language = fields.u16()
    if language >> 15 or not all(1 <= language >> shift & 31 <= 26 for shift in (0, 5, 10)):
        yield f"{language:#x} is no language"
    if fields.u16() != 0:
        yield "pre-defined bytes aren't 0"


def read_hdlr(box, fields, track):
    if fields.u32() != 0:
        yield "pre-defined bytes aren't 0"
    track.handler = fields.take(4).decode("latin-1")
    if track.handler not in ("vide", "soun"):
        yield f"{track.handler!r} is no handler of pictures or sound"
    if not fields.zeros(12):
        yield "reserved bytes aren't 0"
    name = fields.take(fields.left)
    if name.count(0) != 1 or name[-1] != 0:
        yield "the name isn't one text that ends with 0"


def read_media_header(box, fields):
    if box.version or box.flags != (1 if box.type == "vmhd" else 0):
        yield f"version {box.version}, flags {box.flags}"
    if not fields.zeros(8 if box.type == "vmhd" else 4):
        yield "mode, colour, balance or reserved bytes aren't 0"


def read_count(box, fields, count):
    if box.version or box.flags:
        yield f"version {box.version}, flags {box.flags}"
    found = fields.u32()
    if found != count:
        yield f"has {found} entries instead of {count}"
    fields.take(fields.left if box.type in ("dref", "stsd") else 0)


def read_stsz(fields):
    if fields.u32() != 0 or fields.u32() != 0:
        yield "has samples"


def read_trex(fields, track):
    if fields.u32() != track.track_id:
        yield "is of another track"
    if fields.u32() != 1:
        yield "its sample entry isn't the first"
    track.defaults = (fields.u32(), fields.u32(), fields.u32())


def check_brands(box, report):
    brands = [box.data[at:at + 4].decode("latin-1") for at in range(8, len(box.data), 4)]
    report.expect(len(box.data) >= 8 and len(box.data) % 4 == 0, box.where, f"{len(box.data)} bytes of brands")
    report.expect(box.data[:4].decode("latin-1") in brands, box.where, "the major brand isn't compatible")
    report.expect(len(set(brands)) == len(brands), box.where, "a brand stands there twice")
    return brands


def check_ftyp(box, codec, report):
    brands = check_brands(box, report)
    modern = {"iso6", "iso7", "iso8", "iso9", "isoa", "isob", "isoc"}
    report.expect(modern & set(brands), box.where, "has no brand iso6 or higher (RFC 8216bis section 3.1.2)")
    report.expect({"cmfc", "cmf2"} & set(brands), box.where, "isn't CMAF: no cmfc")
    report.expect("cmf2" not in brands or "cmfc" in brands, box.where, "cmf2 without cmfc")
    report.expect(codec != "av01" or "av01" in brands, box.where, "AV1 without its brand")
    return brands


def check_leaves(moov, track, report):
    """In an order in which each has what it needs of others."""
    leaf = lambda box, rule, *more: check_leaf(box, report, lambda fields: list(rule(box, fields, *more)))
    leaf(moov.first("mvhd"), read_mvhd)
    trak = moov.first("trak")
    mdia = trak.first("mdia")
    leaf(mdia.first("hdlr"), read_hdlr, track)
    leaf(mdia.first("mdhd"), read_mdhd, track)
    leaf(trak.first("tkhd"), read_tkhd, track)
    minf = mdia.first("minf")
    header = "vmhd" if track.handler == "vide" else "smhd"
    check_children(minf, [(header, 1, 1), ("dinf", 1, 1), ("stbl", 1, 1)], report)
    leaf(minf.first(header), read_media_header)
    leaf(minf.first("dinf", "dref"), read_count, 1)
    url = minf.first("dinf", "dref", "url ")
    report.expect(url.flags == 1 and len(url.data) == 4, url.where, "isn't just a sign for this file")
    stbl = minf.first("stbl")
    leaf(stbl.first("stsd"), read_count, 1)
    for name in ("stts", "stsc", "stco"):
        leaf(stbl.first(name), read_count, 0)
    check_leaf(stbl.first("stsz"), report, lambda fields: list(read_stsz(fields)))
    check_leaf(moov.first("mvex", "trex"), report, lambda fields: list(read_trex(fields, track)))
    return stbl.first("stsd")


def check_init(data, report, where="init"):
    """Returns the track; raises Malformed when chunks can't be read with it."""
    boxes = walk(data, report, where)
    check_order(boxes, [("ftyp", 1, 1), ("moov", 1, 1)], where, report)
    top = {box.type: box for box in boxes}
    if {"ftyp", "moov"} - set(top):
        raise Malformed(f"{where}: isn't an initialization segment")
    report.expect(boxes[0].type == "ftyp", where, "doesn't begin with ftyp")
    moov, pending = top["moov"], [top["moov"]]
    while pending:
        box = pending.pop()
        if box.type in CHILDREN:
            check_children(box, CHILDREN[box.type], report)
        pending += box.children
    if report.errors:
        raise Malformed(f"{where}: boxes are missing or in a wrong place")
    track = Track(has_edits=bool(moov.all("trak", "edts")))
    stsd = check_leaves(moov, track, report)
    mp4_codecs.check_entry(stsd, track, report)
    brands = check_ftyp(top["ftyp"], track.codec, report)
    edits = track.has_edits and "cmf2" in brands and track.handler == "vide"
    report.expect(not edits, where, "brand cmf2 allows no edit list for video")
    return track
