# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is coded how: sample entries with their setups, and what samples look like inside."""
from mp4_walk import Fields, Malformed, check_leaf

CONFIGS = {"avc1": "avcC", "hvc1": "hvcC", "av01": "av1C", "vp08": "vpcC", "vp09": "vpcC", "mp4a": "esds", "Opus": "dOps"}


def read_units(fields, count, kinds, type_of):
    found = []
    for _ in range(count):
        unit = fields.take(fields.u16())
        if not unit:
            raise Malformed("a parameter set is empty")
        found.append(type_of(unit))
    return [] if set(found) <= kinds else [f"units of type {found} among those of {kinds}"]


def read_avcc(fields, track):
    out = [] if fields.u8() == 1 else ["version isn't 1"]
    profile, constraints, level = fields.take(3)
    lengths = fields.u8()
    counts = fields.u8()
    if lengths >> 2 != 63 or counts >> 5 != 7:
        out.append("reserved bits aren't 1")
    track.nal_length = (lengths & 3) + 1
    if track.nal_length == 3:
        out.append("lengths of 3 bytes")
    start = fields.at
    out += read_units(fields, counts & 31, {7}, lambda unit: unit[0] & 31)
    if counts & 31 == 0:
        out.append("no sequence parameter set")
    elif fields.data[start + 3:start + 6] != bytes((profile, constraints, level)):
        out.append("profile and level aren't those of the sequence parameter set")
    pictures = fields.u8()
    if pictures == 0:
        out.append("no picture parameter set")
    out += read_units(fields, pictures, {8}, lambda unit: unit[0] & 31)
    if profile not in (66, 77, 88) and fields.left:
        chroma, luma_depth, chroma_depth, extensions = fields.take(4)
        if chroma >> 2 != 63 or luma_depth >> 3 != 31 or chroma_depth >> 3 != 31:
            out.append("reserved bits of the extension aren't 1")
        out += read_units(fields, extensions, {13}, lambda unit: unit[0] & 31)
    return out


def read_hvcc(fields, track):
    out = [] if fields.u8() == 1 else ["version isn't 1"]
    fields.take(12)
    reserved = (fields.u16() >> 12, fields.u8() >> 2, fields.u8() >> 2, fields.u8() >> 3, fields.u8() >> 3)
    if reserved != (15, 63, 63, 31, 31):
        out.append("reserved bits aren't 1")
    fields.take(2)
    track.nal_length = (fields.u8() & 3) + 1
    if track.nal_length == 3:
        out.append("lengths of 3 bytes")
    seen = []
    for _ in range(fields.u8()):
        head = fields.u8()
        kind = head & 63
        seen.append(kind)
        if kind in (32, 33, 34) and not head & 0x80:
            out.append(f"hvc1 without all units of type {kind} (array_completeness)")
        if head & 0x40:
            out.append("a reserved bit isn't 0")
        out += read_units(fields, fields.u16(), {kind}, lambda unit: unit[0] >> 1 & 63)
    if sorted(set(seen) & {32, 33, 34}) != [32, 33, 34] or len(seen) != len(set(seen)):
        out.append(f"arrays of types {seen}: VPS, SPS and PPS must be there, each once")
    return out


def read_obus(data):
    """(type, payload) of each; all must have sizes."""
    fields, out = Fields(data), []
    while fields.left:
        head = fields.u8()
        if head & 0x81 or not head & 2:
            raise Malformed(f"OBU header {head:#x}")
        fields.take(1 if head & 4 else 0)
        size, shift = 0, 0
        while True:
            byte = fields.u8()
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        out.append((head >> 3 & 15, fields.take(size)))
    return out


def read_av1c(fields, _track):
    out = [] if fields.u8() == 0x81 else ["marker or version"]
    head, _, delay = fields.take(3)
    if delay >> 5 or (not delay & 0x10 and delay & 15):
        out.append("reserved bits aren't 0")
    obus = read_obus(fields.take(fields.left))
    if [kind for kind, _ in obus].count(1) != 1 or obus[0][0] != 1:
        out.append("configOBUs must begin with their only sequence header")
    elif obus[0][1][0] >> 5 != head >> 5:
        out.append("the profile isn't that of the sequence header")
    return out


def read_vpcc(fields, _track):
    profile, level = fields.take(2)
    depth, *_ = fields.take(4)
    out = []
    if profile > 3 or depth >> 4 not in (8, 10, 12) or depth >> 1 & 7 > 3:
        out.append(f"profile {profile}, level {level}, depth and chroma {depth:#x}")
    if fields.u16() != 0:
        out.append("has setup data that VP8 and VP9 don't have")
    return out


def read_dops(fields, track):
    out = [] if fields.u8() == 0 else ["version isn't 0"]
    channels, pre_skip, _rate, _gain, family = fields.u8(), fields.u16(), fields.u32(), fields.u16(), fields.u8()
    if channels != track.channels or (family == 0 and channels > 2):
        out.append(f"{channels} channels in family {family}, {track.channels} in the entry")
    if pre_skip > 48000:
        out.append(f"skips {pre_skip} samples")
    if family:
        streams, coupled = fields.u8(), fields.u8()
        mapping = fields.take(channels)
        if coupled > streams or any(index != 255 and index >= streams + coupled for index in mapping):
            out.append("its mapping names streams that aren't there")
    return out


def read_descriptor(fields, tag):
    if fields.u8() != tag:
        raise Malformed(f"no descriptor {tag}")
    size = 0
    for _ in range(4):
        byte = fields.u8()
        size = size << 7 | byte & 127
        if byte < 128:
            return Fields(fields.take(size))
    raise Malformed("the size of a descriptor doesn't end")


def read_esds(fields, track):
    es = read_descriptor(fields, 3)
    out = [] if es.u24() == 0 else ["id or flags of the stream aren't 0"]
    decoder = read_descriptor(es, 4)
    kind, stream = decoder.u8(), decoder.u8()
    if stream != 0x15:
        out.append(f"{stream:#x} is no audio stream")
    decoder.take(11)
    if kind == 0x40:
        specific = read_descriptor(decoder, 5)
        track.config = specific.take(specific.left)
        if len(track.config) < 2:
            out.append("AudioSpecificConfig is too short")
    elif kind not in (0x67, 0x69, 0x6b):
        out.append(f"object type {kind:#x}")
    sync = read_descriptor(es, 6)
    if sync.take(sync.left) != b"\x02":
        out.append("isn't for files")
    if decoder.left or es.left:
        out.append("descriptors hold more than they should")
    return out


READERS = {"avcC": read_avcc, "hvcC": read_hvcc, "av1C": read_av1c, "vpcC": read_vpcc, "dOps": read_dops, "esds": read_esds}


def check_picture(entry, track, report):
    fields = Fields(entry.data)
    fields.take(8)
    zeros = fields.zeros(16)
    width, height = fields.u16(), fields.u16()
    resolution = (fields.u32(), fields.u32())
    zeros = fields.zeros(4) and zeros
    frames, _name, depth, last = fields.u16(), fields.take(32), fields.u16(), fields.u16()
    report.expect(zeros and frames == 1 and depth == 24 and last == 0xffff, entry.where, "fixed fields have other values")
    report.expect(resolution == (72 << 16, 72 << 16), entry.where, f"resolution {resolution}")
    report.expect(width and height, entry.where, f"{width} x {height}")
    pasp = entry.first("pasp")
    aspect = 1.0
    if pasp:
        num, den = int.from_bytes(pasp.data[:4], "big"), int.from_bytes(pasp.data[4:], "big")
        if report.expect(len(pasp.data) == 8 and num and den, pasp.where, f"{num}:{den}"):
            aspect = num / den
    shown = (width * aspect, height)
    report.expect(abs(shown[0] - track.width) < 1 and abs(shown[1] - track.height) < 1, entry.where,
                  f"is shown as {shown}, but {track.width} x {track.height} in tkhd")
    for colr in entry.all("colr"):
        report.expect(colr.data[:4] != b"nclx" or (len(colr.data) == 11 and not colr.data[10] & 127), colr.where, "nclx")
    track.width, track.height = width, height


def check_sound(entry, track, report):
    fields = Fields(entry.data)
    fields.take(8)
    zeros = fields.zeros(8)
    track.channels, bits = fields.u16(), fields.u16()
    zeros = fields.zeros(4) and zeros
    rate = fields.u32()
    track.rate = rate >> 16
    report.expect(zeros and bits == 16 and track.channels and not rate & 0xffff, entry.where,
                  f"{track.channels} channels of {bits} bits at {rate / 65536} Hz")
    report.expect(entry.type != "Opus" or track.rate == 48000 == track.timescale, entry.where, "Opus isn't at 48000 Hz")


def check_entry(stsd, track, report):
    entry = stsd.children[0]
    track.codec = entry.type
    config_type = CONFIGS.get(entry.type)
    if not report.expect(config_type, stsd.where, f"a {entry.type} entry"):
        return
    data = entry.data
    report.expect(not any(data[:6]) and data[6:8] == b"\0\1", entry.where, "reserved bytes or the data reference")
    (check_picture if track.handler == "vide" else check_sound)(entry, track, report)
    configs = entry.all(config_type)
    if not report.expect(len(configs) == 1, entry.where, f"has {len(configs)} {config_type}"):
        return
    track.config = configs[0].data
    check_leaf(configs[0], report, lambda fields: READERS[config_type](fields, track))


def nal_units(data, length):
    fields, out = Fields(data), []
    while fields.left:
        unit = fields.take(fields.uint(length))
        if not unit:
            raise Malformed("a NAL unit is empty")
        out.append(unit)
    return out


def look_into(track, data):
    """(key or None when it can't be told, complaints) of a sample."""
    if track.codec == "avc1":
        kinds = [unit[0] & 31 for unit in nal_units(data, track.nal_length)]
        extra = [f"parameter sets within a sample of avc1 ({kinds})"] if {7, 8} & set(kinds) else []
        return (True if 5 in kinds else None if 6 in kinds else False), extra
    if track.codec == "hvc1":
        kinds = [unit[0] >> 1 & 63 for unit in nal_units(data, track.nal_length)]
        extra = [f"parameter sets within a sample of hvc1 ({kinds})"] if {32, 33, 34} & set(kinds) else []
        return any(16 <= kind <= 21 for kind in kinds), extra
    if track.codec == "av01":
        kinds = [kind for kind, _ in read_obus(data)]
        extra = ["a temporal delimiter or padding is stored"] if {2, 15} & set(kinds) else []
        return (None if 1 in kinds else False), extra
    if track.codec == "vp08":
        return not data[0] & 1, []
    if track.codec == "vp09":
        profile3 = data[0] & 0x30 == 0x30
        shows, delta = data[0] >> (2 if profile3 else 3) & 1, data[0] >> (1 if profile3 else 2) & 1
        return not shows and not delta, [] if data[0] >> 6 == 2 else ["no frame marker"]
    return True, []
