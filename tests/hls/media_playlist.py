# SPDX-License-Identifier: LGPL-2.1-or-later
"""One media playlist: its segments and parts, and the rules of rfc8216bis that it can break by itself."""

from dataclasses import dataclass, field
from math import floor

from m3u8 import DATE, FLOAT, date_of, read_lines, unquote, version_of

EPSILON = 1e-6
LATE_TAGS = ("EXT-X-DISCONTINUITY", "EXT-X-MAP", "EXT-X-PROGRAM-DATE-TIME", "EXT-X-KEY")


@dataclass(frozen=True)
class Part:
    uri: str
    duration: float
    independent: bool = False
    gap: bool = False


@dataclass
class Segment:
    msn: int
    discontinuity: int  # its Discontinuity Sequence Number
    map: str = ""
    date: float = None
    discontinuities: int = 0  # tags before it
    gap: bool = False
    duration: float = None
    uri: str = ""  # empty while only parts are there
    parts: list = field(default_factory=list)

    def identity(self):
        """What never changes (section 6.2.1); parts may leave."""
        return (self.uri, self.duration, self.date, self.map, self.discontinuity, self.discontinuities, self.gap)


@dataclass
class MediaPlaylist:
    where: str
    version: int = 1
    target: int = 0
    part_target: float = None
    control: dict = field(default_factory=dict)
    has_control: bool = False
    first_msn: int = 0
    discontinuity: int = 0
    segments: list = field(default_factory=list)  # the last one may be open
    skipped: int = 0
    removed_dates: list = None
    hints: list = field(default_factory=list)  # (type, uri)
    reports: list = field(default_factory=list)  # (uri, msn, part)
    dates: dict = field(default_factory=dict)  # id: attributes
    ended: bool = False
    kind: str = ""
    independent: bool = False
    tags: set = field(default_factory=set)

    def finished(self):
        return [segment for segment in self.segments if segment.uri]

    def duration(self):
        return sum(segment.duration for segment in self.finished())

    def edge(self):
        """(msn, part index) of the last part, or segment; (-1, -1) of an empty one."""
        if not self.segments:
            return (self.first_msn - 1, -1)
        last = self.segments[-1]
        return (last.msn, len(last.parts) - 1)

    def control_value(self, name):
        value = self.control.get(name)
        return float(value) if value and FLOAT.fullmatch(value) else None


class Reader:
    """Makes a MediaPlaylist of lines; keeps what is known of the segment that they are about."""

    def __init__(self, lines, where, report):
        self.list = MediaPlaylist(where, version_of(lines))
        self.report = report
        self.map = ""
        self.map_date = None
        self.current = None
        self.seen_segment = False
        for line in lines:
            self.list.tags.add(line.tag)
            self.take(line, f"{where}, line {line.number}")
        self.list.segments = [s for s in self.list.segments if s.uri or s.parts]

    def segment(self):
        if self.current is None:
            before = self.list.segments[-1] if self.list.segments else None
            msn = before.msn + 1 if before else self.list.first_msn + self.list.skipped
            sequence = before.discontinuity if before else self.list.discontinuity
            self.current = Segment(msn, sequence, self.map)
            self.list.segments.append(self.current)
        return self.current

    def take(self, line, here):
        name = line.tag.removeprefix("EXT-X-").removeprefix("EXT").lower().replace("-", "_")
        handler = getattr(self, "on_" + name, None) if line.tag else self.on_uri
        if line.tag in LATE_TAGS and self.current is not None:
            self.report.expect(not self.current.parts, "4.4.4.9", f"{line.tag} behind the first part of its segment", here)
        if handler:
            handler(line, here)

    def on_uri(self, line, here):
        segment = self.segment()
        if self.report.expect(segment.duration is not None, "4.4.4.1", "segment without EXTINF", here):
            segment.uri = line.value
        else:
            segment.uri, segment.duration = line.value, 0.0
        self.current = None
        self.seen_segment = True

    def on_inf(self, line, here):
        number = line.value.split(",")[0]
        good = "," in line.value and FLOAT.fullmatch(number)
        self.report.expect(good, "4.4.4.1", "EXTINF has the wrong value", f"{here}: {line.value!r}")
        if "." in number:
            self.report.expect(self.list.version >= 3, "8", "fractional EXTINF before version 3", here)
        self.segment().duration = float(number) if FLOAT.fullmatch(number) else 0.0

    def on_targetduration(self, line, here):
        self.list.target = int(line.value) if line.value.isdigit() else 0
        self.report.expect(self.list.target >= 1, "4.4.3.1", "target duration below 1", here)

    def on_media_sequence(self, line, here):
        self.report.expect(self.current is None and not self.seen_segment, "4.4.3.2", "EXT-X-MEDIA-SEQUENCE behind a segment", here)
        self.list.first_msn = int(line.value) if line.value.isdigit() else 0

    def on_discontinuity_sequence(self, line, here):
        self.report.expect(self.current is None and not self.seen_segment, "4.4.3.3",
                           "EXT-X-DISCONTINUITY-SEQUENCE behind a segment or discontinuity", here)
        self.list.discontinuity = int(line.value) if line.value.isdigit() else 0

    def on_discontinuity(self, _line, _here):
        segment = self.segment()
        segment.discontinuities += 1
        segment.discontinuity += 1

    def on_map(self, line, _here):
        self.map = unquote(line.attributes.get("URI", ""))
        self.segment().map = self.map

    def on_program_date_time(self, line, here):
        self.report.expect(DATE.fullmatch(line.value) and '"' not in line.value, "4.4.4.6", "date without time zone or wrong", here)
        self.segment().date = date_of(line.value)

    def on_gap(self, _line, _here):
        self.segment().gap = True

    def on_part(self, line, _here):
        a = line.attributes
        duration = a.get("DURATION", "")
        self.segment().parts.append(Part(unquote(a.get("URI", "")), float(duration) if FLOAT.fullmatch(duration) else 0.0,
                                         a.get("INDEPENDENT") == "YES", a.get("GAP") == "YES"))

    def on_part_inf(self, line, _here):
        text = line.attributes.get("PART-TARGET", "")
        self.list.part_target = float(text) if FLOAT.fullmatch(text) else 0.0

    def on_server_control(self, line, _here):
        self.list.control, self.list.has_control = line.attributes, True

    def on_skip(self, line, here):
        self.report.expect(self.current is None and not self.seen_segment, "4.4.5.2", "EXT-X-SKIP behind a segment", here)
        text = line.attributes.get("SKIPPED-SEGMENTS", "0")
        self.list.skipped = int(text) if text.isdigit() else 0
        self.report.expect(self.list.skipped > 0, "4.4.5.2", "EXT-X-SKIP skips nothing", here, "SHOULD")
        removed = line.attributes.get("RECENTLY-REMOVED-DATERANGES")
        self.list.removed_dates = None if removed is None else [one for one in unquote(removed).split("\t") if one]

    def on_preload_hint(self, line, _here):
        self.list.hints.append((line.attributes.get("TYPE"), unquote(line.attributes.get("URI", ""))))

    def on_rendition_report(self, line, here):
        a = line.attributes
        uri = unquote(a.get("URI", ""))
        self.report.expect("://" not in uri and not uri.startswith("/"), "4.4.5.4", "URI of a rendition report is not relative", here)
        values = [a.get(name, "") for name in ("LAST-MSN", "LAST-PART")]
        self.list.reports.append((uri, *(int(v) if v.isdigit() else -1 for v in values)))

    def on_daterange(self, line, here):
        a = line.attributes
        known = self.list.dates.setdefault(unquote(a.get("ID", "")), {})
        changed = [name for name in a if known.get(name, a[name]) != a[name]]
        self.report.expect(not changed, "4.4.5.1", "date range with two values of one attribute", here)
        known.update(a)

    def on_endlist(self, _line, _here):
        self.list.ended = True

    def on_playlist_type(self, line, _here):
        self.list.kind = line.value

    def on_independent_segments(self, _line, _here):
        self.list.independent = True


def rounded(duration):
    return floor(duration + 0.5)


def read_media(body, where, report):
    return Reader(read_lines(body, where, report), where, report).list
