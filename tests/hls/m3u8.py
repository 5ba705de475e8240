# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads playlists as strictly as rfc8216bis section 4 has them; made from the specification alone."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timezone

QUOTED = re.compile(r'"[^"\r\n]+"')
QUOTED_OR_EMPTY = re.compile(r'"[^"\r\n]*"')
INTEGER = re.compile(r"[0-9]{1,20}")
FLOAT = re.compile(r"[0-9]+(\.[0-9]+)?")
SIGNED = re.compile(r"-?[0-9]+(\.[0-9]+)?")
RESOLUTION = re.compile(r"[0-9]{1,20}x[0-9]{1,20}")
YES = re.compile(r"YES")
YES_NO = re.compile(r"YES|NO")
BYTE_RANGE = re.compile(r'"[0-9]+(@[0-9]+)?"')
EXTENSION = re.compile(r'"[^"\r\n]+"|0[xX][0-9A-F]+|-?[0-9]+(\.[0-9]+)?')
DATE = re.compile(r'"?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"?')
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,(?!$)|$)')

# tag: {attribute: (type, required)}
ATTRIBUTES = {
    "EXT-X-SERVER-CONTROL": {"CAN-SKIP-UNTIL": (FLOAT, 0), "CAN-SKIP-DATERANGES": (YES, 0), "HOLD-BACK": (FLOAT, 0),
                             "PART-HOLD-BACK": (FLOAT, 0), "CAN-BLOCK-RELOAD": (YES, 0)},
    "EXT-X-PART-INF": {"PART-TARGET": (FLOAT, 1)},
    "EXT-X-MAP": {"URI": (QUOTED, 1), "BYTERANGE": (BYTE_RANGE, 0)},
    "EXT-X-PART": {"URI": (QUOTED, 1), "DURATION": (FLOAT, 1), "INDEPENDENT": (YES, 0), "BYTERANGE": (BYTE_RANGE, 0),
                   "GAP": (YES, 0)},
    "EXT-X-DATERANGE": {"ID": (QUOTED, 1), "CLASS": (QUOTED, 0), "START-DATE": (DATE, 0), "CUE": (QUOTED, 0),
                        "END-DATE": (DATE, 0), "DURATION": (FLOAT, 0), "PLANNED-DURATION": (FLOAT, 0),
                        "END-ON-NEXT": (YES, 0)},
    "EXT-X-SKIP": {"SKIPPED-SEGMENTS": (INTEGER, 1), "RECENTLY-REMOVED-DATERANGES": (QUOTED_OR_EMPTY, 0)},
    "EXT-X-PRELOAD-HINT": {"TYPE": (re.compile("PART|MAP"), 1), "URI": (QUOTED, 1), "BYTERANGE-START": (INTEGER, 0),
                           "BYTERANGE-LENGTH": (INTEGER, 0)},
    "EXT-X-RENDITION-REPORT": {"URI": (QUOTED, 1), "LAST-MSN": (INTEGER, 0), "LAST-PART": (INTEGER, 0)},
    "EXT-X-MEDIA": {"TYPE": (re.compile("AUDIO|VIDEO|SUBTITLES|CLOSED-CAPTIONS"), 1), "URI": (QUOTED, 0),
                    "GROUP-ID": (QUOTED, 1), "LANGUAGE": (QUOTED, 0), "NAME": (QUOTED, 1), "DEFAULT": (YES_NO, 0),
                    "AUTOSELECT": (YES_NO, 0), "FORCED": (YES_NO, 0),
                    "CHANNELS": (re.compile(r'"[0-9]+(/[^"]*)?"'), 0)},
    "EXT-X-STREAM-INF": {"BANDWIDTH": (INTEGER, 1), "AVERAGE-BANDWIDTH": (INTEGER, 0), "CODECS": (QUOTED, 0),
                         "RESOLUTION": (RESOLUTION, 0), "FRAME-RATE": (FLOAT, 0), "AUDIO": (QUOTED, 0),
                         "VIDEO-RANGE": (re.compile("SDR|HLG|PQ"), 0),
                         "CLOSED-CAPTIONS": (re.compile(r'NONE|"[^"]+"'), 0)},
    "EXT-X-START": {"TIME-OFFSET": (SIGNED, 1), "PRECISE": (YES_NO, 0)},
}
SECTIONS = {
    "EXT-X-SERVER-CONTROL": "4.4.3.8", "EXT-X-PART-INF": "4.4.3.7", "EXT-X-MAP": "4.4.4.5", "EXT-X-PART": "4.4.4.9",
    "EXT-X-DATERANGE": "4.4.5.1", "EXT-X-SKIP": "4.4.5.2", "EXT-X-PRELOAD-HINT": "4.4.5.3",
    "EXT-X-RENDITION-REPORT": "4.4.5.4", "EXT-X-MEDIA": "4.4.6.1", "EXT-X-STREAM-INF": "4.4.6.2",
    "EXT-X-START": "4.4.2.2"}
BASIC = {"EXTM3U", "EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START", "EXT-X-DEFINE"}
MEDIA_ONCE = {"EXT-X-TARGETDURATION": INTEGER, "EXT-X-MEDIA-SEQUENCE": INTEGER,
              "EXT-X-DISCONTINUITY-SEQUENCE": INTEGER, "EXT-X-ENDLIST": None,
              "EXT-X-PLAYLIST-TYPE": re.compile("EVENT|VOD"), "EXT-X-I-FRAMES-ONLY": None, "EXT-X-PART-INF": None,
              "EXT-X-SERVER-CONTROL": None}
SEGMENT = {"EXTINF", "EXT-X-BYTERANGE", "EXT-X-DISCONTINUITY", "EXT-X-KEY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME",
           "EXT-X-GAP", "EXT-X-BITRATE", "EXT-X-PART"}
METADATA = {"EXT-X-DATERANGE", "EXT-X-SKIP", "EXT-X-PRELOAD-HINT", "EXT-X-RENDITION-REPORT"}
MULTIVARIANT = {"EXT-X-MEDIA", "EXT-X-STREAM-INF", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-SESSION-DATA",
                "EXT-X-SESSION-KEY", "EXT-X-CONTENT-STEERING"}
SINGLE = {"EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START", "EXT-X-SKIP"} | set(MEDIA_ONCE)


@dataclass
class Line:
    number: int
    tag: str = ""  # without '#'; empty for a URI
    value: str = ""
    attributes: dict = field(default_factory=dict)


def unquote(value):
    return value[1:-1] if value.startswith('"') else value


def date_of(text):
    """Seconds since 1970, or None."""
    text = unquote(text).replace("Z", "+00:00")
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text)
    text = re.sub(r"\.(\d+)", lambda m: "." + (m[1] + "000000")[:6], text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def decode(body, where, report):
    """Section 4.1: the rules of the text itself."""
    report.expect(not body.startswith(b"\xef\xbb\xbf"), "4.1", "byte order mark", where)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        report.violation("4.1", "not UTF-8", f"{where}, byte {error.start}")
        text = body.decode("utf-8", "replace")
    bad = re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
    if bad and not (bad[0] == "\t" and "RECENTLY-REMOVED-DATERANGES" in text):
        report.violation("4.1", f"control character U+{ord(bad[0]):04X}", where)
    report.expect(unicodedata.normalize("NFC", text) == text, "4.1", "not in normalization form NFC", where)
    report.expect("\r" not in text.replace("\r\n", ""), "4.1", "carriage return without line feed", where)
    return text


def read_attributes(tag, value, where, report):
    """Section 4.2. Values stay as they stand; quoted ones keep their quotes."""
    section = SECTIONS[tag]
    out, at = {}, 0
    while at < len(value):
        match = ATTRIBUTE.match(value, at)
        if not match:
            report.violation("4.2", f"broken attribute list of {tag}", f"{where}: {value[at:at + 40]!r}")
            break
        name, text = match[1], match[2]
        report.expect(name not in out, "4.2", f"{tag} has {name} twice", where)
        kind = ATTRIBUTES[tag].get(name, (EXTENSION if name.startswith("X-") else None, 0))[0]
        if kind is not None and report.expect(kind.fullmatch(text), section, f"{tag}: {name} is of the wrong type", where):
            if kind is INTEGER:
                report.expect(int(text) < 2**64, "4.2", f"{tag}: {name} exceeds 64 bits", where)
        out[name] = text
        at = match.end()
    for name, (_, required) in ATTRIBUTES[tag].items():
        if required:
            report.expect(name in out, section, f"{tag} without {name}", where)
    return out


def read_lines(body, where, report):
    """All lines that mean something; syntax is judged on the way."""
    text = decode(body, where, report)
    raw = text.replace("\r\n", "\n").split("\n")
    report.expect(raw[0] == "#EXTM3U", "4.4.1.1", "does not begin with EXTM3U", where)
    lines, seen = [], set()
    for number, content in enumerate(raw, 1):
        here = f"{where}, line {number}"
        if not content or (content.startswith("#") and not content.startswith("#EXT")):
            continue
        if not content.startswith("#"):
            report.expect(not re.search(r"\s", content), "4.1", "whitespace in a URI", here)
            lines.append(Line(number, "", content))
            continue
        tag, _, value = content[1:].partition(":")
        known = BASIC | set(MEDIA_ONCE) | SEGMENT | METADATA | MULTIVARIANT
        report.expect(tag in known, "4.4", f"unknown tag {tag}", here, "SHOULD")
        if tag in SINGLE:
            report.expect(tag not in seen, "4.4", f"{tag} more than once", here)
        seen.add(tag)
        shape = MEDIA_ONCE.get(tag)
        if shape is not None:
            report.expect(shape.fullmatch(value), "4.4.3", f"{tag} has the wrong value", f"{here}: {value!r}")
        attributes = read_attributes(tag, value, here, report) if tag in ATTRIBUTES else {}
        lines.append(Line(number, tag, value, attributes))
    mixed = seen & MULTIVARIANT and seen & (set(MEDIA_ONCE) | SEGMENT | METADATA)
    report.expect(not mixed, "4.1", "multivariant and media tags in one playlist", where)
    return lines


def version_of(lines):
    for line in lines:
        if line.tag == "EXT-X-VERSION" and INTEGER.fullmatch(line.value):
            return int(line.value)
    return 1
