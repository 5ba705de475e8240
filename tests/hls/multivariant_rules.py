# SPDX-License-Identifier: LGPL-2.1-or-later
"""The multivariant playlist, and what its renditions owe each other (rfc8216bis sections 4.4.6 and 6.2.4)."""

from dataclasses import dataclass, field

from m3u8 import read_lines, unquote, version_of

CODECS = ("avc1.", "avc3.", "hvc1.", "hev1.", "av01.", "vp08.", "vp09.", "mp4a.", "opus", "Opus", "mp3")
VIDEO = ("avc", "hvc", "hev", "av01", "vp0")
DATE_TOLERANCE = 0.050  # seconds between the mappings of two renditions


@dataclass
class Multivariant:
    where: str
    version: int = 1
    independent: bool = False
    variants: list = field(default_factory=list)  # (attributes, uri)
    media: list = field(default_factory=list)  # attributes

    def uris(self):
        """Of all media playlists, each once, with whether it has video."""
        out = {}
        for attributes, uri in self.variants:
            codecs = unquote(attributes.get("CODECS", ""))
            out[uri] = any(one.startswith(VIDEO) for one in codecs.split(",")) or "RESOLUTION" in attributes
        for media in self.media:
            if "URI" in media:
                out.setdefault(unquote(media["URI"]), media.get("TYPE") == "VIDEO")
        return out


def read_multivariant(body, where, report):
    lines = read_lines(body, where, report)
    out = Multivariant(where, version_of(lines))
    pending = None
    for line in lines:
        here = f"{where}, line {line.number}"
        if pending is not None:
            report.expect(line.tag == "", "4.4.6.2", "EXT-X-STREAM-INF without a URI line", here)
        if line.tag == "" and pending is not None:
            out.variants.append((pending, line.value))
        elif line.tag == "":
            report.violation("4.4.6.2", "URI line without EXT-X-STREAM-INF", here)
        pending = line.attributes if line.tag == "EXT-X-STREAM-INF" else None
        if line.tag == "EXT-X-MEDIA":
            out.media.append(line.attributes)
        out.independent = out.independent or line.tag == "EXT-X-INDEPENDENT-SEGMENTS"
    report.expect(pending is None, "4.4.6.2", "EXT-X-STREAM-INF without a URI line", where)
    report.expect(out.variants, "4.4.6.2", "no variant", where)
    return out


def check_multivariant(m, report):
    groups = {}
    for media in m.media:
        groups.setdefault((media.get("TYPE"), media.get("GROUP-ID")), []).append(media)
    for (kind, name), members in groups.items():
        check_group(f"{m.where}, group {name}", kind, members, report)
    by_kind = {}
    for (kind, _), members in groups.items():
        by_kind.setdefault(kind, []).append({media.get("NAME") for media in members})
    for kind, sets in by_kind.items():
        report.expect(all(one == sets[0] for one in sets), "4.4.6.1.1", "groups of one type with different members", f"{m.where}, {kind}")
    for attributes, uri in m.variants:
        check_variant(m, attributes, uri, groups, report)
    none = [a.get("CLOSED-CAPTIONS") == "NONE" for a, _ in m.variants]
    report.expect(all(none) or not any(none), "4.4.6.2", "CLOSED-CAPTIONS=NONE on some variants only", m.where)


def check_group(where, kind, members, report):
    names = [media.get("NAME") for media in members]
    report.expect(len(names) == len(set(names)), "4.4.6.1.1", "two renditions of a group with one NAME", where)
    report.expect(sum(media.get("DEFAULT") == "YES" for media in members) <= 1, "4.4.6.1.1", "two defaults in one group", where)
    for media in members:
        if media.get("DEFAULT") == "YES":
            report.expect(media.get("AUTOSELECT", "YES") == "YES", "4.4.6.1", "DEFAULT=YES with AUTOSELECT=NO", where)
        report.expect("FORCED" not in media or kind == "SUBTITLES", "4.4.6.1", "FORCED on what isn't subtitles", where)
        report.expect("CHANNELS" not in media or kind == "AUDIO", "4.4.6.1", "CHANNELS on what isn't audio", where)
        report.expect("CHANNELS" in media or kind != "AUDIO", "4.4.6.1", "audio without CHANNELS", where, "SHOULD")
        report.expect("URI" not in media or kind != "CLOSED-CAPTIONS", "4.4.6.1", "closed captions with a URI", where)


def check_variant(m, attributes, uri, groups, report):
    here = f"{m.where}, variant {uri}"
    bandwidth = attributes.get("BANDWIDTH", "")
    report.expect(bandwidth.isdigit() and int(bandwidth) > 0, "4.4.6.2", "BANDWIDTH is nothing", here)
    average = attributes.get("AVERAGE-BANDWIDTH", "0")
    if bandwidth.isdigit() and average.isdigit():
        report.expect(int(average) <= int(bandwidth), "4.4.6.2", "average above peak", here)
    codecs = unquote(attributes.get("CODECS", ""))
    if report.expect(codecs, "4.4.6.2", "variant without CODECS", here, "SHOULD"):
        report.expect(all(one.startswith(CODECS) for one in codecs.split(",")), "4.4.6.2", "unknown codec", f"{here}: {codecs}")
    if any(one.startswith(VIDEO) for one in codecs.split(",")):
        report.expect("RESOLUTION" in attributes, "4.4.6.2", "video without RESOLUTION", here, "SHOULD")
    if "AUDIO" in attributes:
        report.expect(("AUDIO", attributes["AUDIO"]) in groups, "4.4.6.2", "AUDIO names no group", here)
        sound = [one for one in codecs.split(",") if not one.startswith(VIDEO)]
        report.expect(not codecs or sound, "6.2.4", "CODECS lacks that of the sound", here)
        rate = attributes.get("FRAME-RATE")
        report.expect(rate is None or len(rate.partition(".")[2]) <= 3, "4.4.6.2", "FRAME-RATE isn't rounded to three decimals", here)


def check_presentation(playlists, report):
    """Whole media playlists of all renditions, as of about the same time."""
    first = playlists[0]
    has_dates = [any(s.date is not None for s in p.segments) for p in playlists]
    report.expect(all(has_dates) or not any(has_dates), "6.2.4", "dates in some renditions only", first.where)
    report.expect(len({p.has_control for p in playlists}) == 1, "6.2.4", "EXT-X-SERVER-CONTROL in some renditions only", first.where)
    for other in playlists[1:]:
        here = f"{first.where} and {other.where}"
        report.expect(first.target == other.target, "6.2.4", "target durations differ", here)
        report.expect(first.control == other.control, "6.2.4", "EXT-X-SERVER-CONTROL differs", here)
        if first.dates and other.dates:
            both = set(first.dates) & set(other.dates)
            report.expect(both, "6.2.4", "date ranges differ", here)
            report.expect(all(first.dates[one] == other.dates[one] for one in both), "6.2.4", "date ranges differ", here)
        check_discontinuities(first, other, report, here)


def check_discontinuities(first, other, report, here):
    """What is of the same time is of the same discontinuity, but for a target duration around it."""
    for segment in first.finished():
        if segment.date is None:
            continue
        middle = segment.date + segment.duration / 2
        for match in other.finished():
            if match.date is not None and match.date <= middle < match.date + match.duration:
                near = any(s.discontinuities and s.date is not None and abs(s.date - middle) <= first.target
                           for p in (first, other) for s in p.segments)
                report.expect(near or segment.discontinuity == match.discontinuity, "6.2.4", "discontinuity sequence numbers differ",
                              f"{here}, segments {segment.msn} and {match.msn}")


def check_mappings(mappings, report):
    """{rendition: {discontinuity: date - media time}}: the same in all (section 6.2.4)."""
    seen = {}
    for name, by_discontinuity in mappings.items():
        for discontinuity, offset in by_discontinuity.items():
            other, known = seen.setdefault(discontinuity, (name, offset))
            report.expect(abs(offset - known) <= DATE_TOLERANCE, "6.2.4", "dates map to different media times",
                          f"{other} and {name}, discontinuity {discontinuity}: {(offset - known) * 1000:.0f} ms")
