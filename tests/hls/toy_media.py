# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fragmented MP4 without content, for the validator's own tests."""

SCALE = 1000
FRAMES = 4  # of a part


def box(kind, *payload):
    body = b"".join(payload)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def words(*values):
    return b"".join(value.to_bytes(4, "big") for value in values)


def init(handler):
    mdhd = box(b"mdhd", words(0, 0, 0, SCALE, 0, 0))
    hdlr = box(b"hdlr", words(0, 0), handler, bytes(13))
    trex = box(b"trex", words(0, 1, 1, 0, 0, 0))
    trak = box(b"trak", box(b"mdia", mdhd, hdlr))
    return box(b"ftyp", b"cmf2", words(0)) + box(b"moov", trak, box(b"mvex", trex))


def part(begin, duration, key, filler):
    """Times in seconds; `filler` makes each part's bytes its own."""
    each = round(duration * SCALE) // FRAMES
    rest = round(duration * SCALE) - each * FRAMES
    samples = []
    for index in range(FRAMES):
        length = each + (rest if index == FRAMES - 1 else 0)
        samples.append(words(length, 0 if key and index == 0 else 0x10000))
    tfhd = box(b"tfhd", words(0x020000, 1))
    tfdt = box(b"tfdt", words(0x01000000), round(begin * SCALE).to_bytes(8, "big"))
    trun = box(b"trun", words(0x500, FRAMES), *samples)
    moof = box(b"moof", box(b"mfhd", words(0, 0)), box(b"traf", tfhd, tfdt, trun))
    return moof + box(b"mdat", f"{filler:064}".encode())
