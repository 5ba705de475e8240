# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a media playlist has to keep to, looked at by itself (rfc8216bis sections 4.4, 6.2.2, 8 and B.1)."""

from m3u8 import date_of, unquote
from media_playlist import EPSILON, rounded

LEAST_PART = 0.85
PART_SUM_TOLERANCE = 0.001  # seconds; durations are texts with finitely many digits


def check_media(playlist, report, others=None):
    """`others`: how many renditions the presentation has beside this one, if known."""
    check_version(playlist, report)
    check_control(playlist, report)
    check_segments(playlist, report)
    check_parts(playlist, report)
    check_dates(playlist, report)
    check_date_ranges(playlist, report)
    check_hints(playlist, report)
    if playlist.part_target is not None:
        check_low_latency_profile(playlist, report, others)


def check_version(p, report):
    needed = 1
    if "EXT-X-MAP" in p.tags:
        needed = 6
    if "EXT-X-SKIP" in p.tags:
        needed = 10 if p.removed_dates is not None else 9
    report.expect(p.version >= needed, "8", f"version below {needed}, which its tags need", p.where)
    report.expect(p.version <= max(needed, 3), "6.2.1", f"version above {max(needed, 3)}, which is all that its tags need",
                  p.where, "SHOULD")
    report.expect(needed == 1 or "EXT-X-VERSION" in p.tags, "4.4.1.2", "no EXT-X-VERSION", p.where)


def check_control(p, report):
    report.expect("EXT-X-TARGETDURATION" in p.tags, "4.4.3.1", "no EXT-X-TARGETDURATION", p.where)
    skip, hold, part_hold = map(p.control_value, ("CAN-SKIP-UNTIL", "HOLD-BACK", "PART-HOLD-BACK"))
    if skip is not None:
        report.expect(skip >= 6 * p.target - EPSILON, "4.4.3.8", "CAN-SKIP-UNTIL below six target durations", p.where)
    if "CAN-SKIP-DATERANGES" in p.control:
        report.expect(skip is not None, "4.4.3.8", "CAN-SKIP-DATERANGES without CAN-SKIP-UNTIL", p.where)
    if hold is not None:
        report.expect(hold >= 3 * p.target - EPSILON, "4.4.3.8", "HOLD-BACK below three target durations", p.where)
    if p.part_target is not None:
        if report.expect(part_hold is not None, "4.4.3.8", "EXT-X-PART-INF without PART-HOLD-BACK", p.where):
            report.expect(part_hold >= 2 * p.part_target - EPSILON, "4.4.3.8", "PART-HOLD-BACK below two part targets", p.where)
            report.expect(part_hold >= 3 * p.part_target - EPSILON, "4.4.3.8", "PART-HOLD-BACK below three part targets",
                          p.where, "SHOULD")


def check_segments(p, report):
    for segment in p.finished():
        report.expect(rounded(segment.duration) <= p.target, "4.4.3.1", "segment longer than the target duration",
                      f"{p.where}, segment {segment.msn} of {segment.duration} s")
    uris = [segment.uri for segment in p.finished()]
    report.expect(len(uris) == len(set(uris)), "6.2.1", "two segments with one URI", p.where)
    if "EXT-X-DISCONTINUITY" in p.tags and p.first_msn > 0:
        report.expect("EXT-X-DISCONTINUITY-SEQUENCE" in p.tags, "6.2.2", "no EXT-X-DISCONTINUITY-SEQUENCE though segments leave", p.where)
    if p.first_msn > 0 and not p.ended and not p.skipped:
        report.expect(p.kind == "", "6.2.2", "live playlist with EXT-X-PLAYLIST-TYPE", p.where)
    report.expect(p.skipped == 0 or not p.ended, "6.2.5.1", "EXT-X-SKIP in a playlist that has ended", p.where)


def check_parts(p, report):
    has_parts = any(segment.parts for segment in p.segments)
    report.expect(not has_parts or p.part_target is not None, "4.4.3.7", "parts without EXT-X-PART-INF", p.where)
    for segment in p.segments:
        here = f"{p.where}, segment {segment.msn}"
        check_part_durations(p, segment, report, here)
        if segment.parts and segment.uri:
            total = sum(part.duration for part in segment.parts)
            report.expect(abs(total - segment.duration) <= PART_SUM_TOLERANCE, "3", "parts don't sum up to their segment",
                          f"{here}: {total:.6f} of {segment.duration}")
            all_gaps = all(part.gap for part in segment.parts)
            report.expect(segment.gap or not all_gaps, "6.2.1", "segment without media and without EXT-X-GAP", here)
            report.expect(all_gaps or not segment.gap, "6.2.1", "part of an absent segment without GAP=YES", here)


def check_part_durations(p, segment, report, here):
    target = p.part_target or 0
    for index, part in enumerate(segment.parts):
        where = f"{here}, part {index} of {part.duration} s"
        report.expect(part.duration <= target + EPSILON, "4.4.4.9", "part longer than PART-TARGET", where)
        last = index + 1 == len(segment.parts)
        before_gap = not last and segment.parts[index + 1].gap
        if not (part.independent or part.gap or last or before_gap):
            report.expect(part.duration >= LEAST_PART * target - EPSILON, "4.4.4.9", "part shorter than 85 % of PART-TARGET", where)
    uris = [part.uri for part in segment.parts]
    report.expect(len(uris) == len(set(uris)), "4.4.4.9", "two parts with one URI", here)


def check_dates(p, report):
    """Section 6.2.1: a date maps to one segment; overlaps of less than a second are let pass."""
    before = None
    for segment in p.segments:
        here = f"{p.where}, segment {segment.msn}"
        if before is not None and before.date is not None and segment.date is not None:
            end = before.date + before.duration
            report.expect(end - segment.date < 1 and segment.date >= before.date, "6.2.1", "date belongs to two segments", here)
            if not segment.discontinuities:
                report.expect(abs(end - segment.date) < 0.25, "6.2.1", "dates and durations disagree", f"{here}, by {segment.date - end:.3f} s", "SHOULD")
        if segment.discontinuities and any(one.date is not None for one in p.segments):
            report.expect(segment.date is not None, "6.2.1", "discontinuity without a date", here, "SHOULD")
        before = segment if segment.uri else None


def check_date_ranges(p, report):
    if p.dates and not p.skipped:
        report.expect(any(s.date is not None for s in p.segments), "4.4.5.1", "date range in a playlist without dates", p.where)
    classes = {}
    for name, a in p.dates.items():
        here = f"{p.where}, date range {name}"
        start, end = date_of(a.get("START-DATE", "")), date_of(a.get("END-DATE", ""))
        report.expect(start is not None, "4.4.5.1", "date range without START-DATE", here)
        if start is not None and end is not None:
            report.expect(end >= start, "4.4.5.1", "date range that ends before it begins", here)
            if "DURATION" in a:
                report.expect(abs(start + float(a["DURATION"]) - end) < 0.002, "4.4.5.1", "END-DATE isn't START-DATE + DURATION", here)
        if a.get("END-ON-NEXT") == "YES":
            report.expect("CLASS" in a, "4.4.5.1", "END-ON-NEXT without CLASS", here)
            report.expect("DURATION" not in a and "END-DATE" not in a, "4.4.5.1", "END-ON-NEXT with another end", here)
        classes.setdefault(unquote(a.get("CLASS", "")), []).append((start, end))
    for name, ranges in classes.items():
        known = sorted(r for r in ranges if name and None not in r)
        overlap = any(first[1] > second[0] for first, second in zip(known, known[1:]))
        report.expect(not overlap, "4.4.5.1", "date ranges of one class overlap", f"{p.where}, class {name}")


def check_hints(p, report):
    report.expect(not (p.ended and p.hints), "4.4.5.3", "preload hint in a playlist that has ended", p.where)
    kinds = [kind for kind, _ in p.hints]
    report.expect(len(kinds) == len(set(kinds)), "6.2.6", "two preload hints of one type", p.where, "SHOULD")
    listed = {part.uri for segment in p.segments for part in segment.parts}
    report.expect(not any(uri in listed for kind, uri in p.hints if kind == "PART"), "4.4.5.3", "hint at what is listed", p.where)


def check_low_latency_profile(p, report, others):
    has_parts = any(segment.parts for segment in p.segments)
    if has_parts and not p.ended:
        report.expect(any(kind == "PART" for kind, _ in p.hints), "B.1", "parts without a preload hint", p.where)
    missing = [s.msn for s in p.segments if s.date is None]
    report.expect(not missing, "B.1", "no EXT-X-PROGRAM-DATE-TIME", p.where)
    if others is not None:
        report.expect(len({uri for uri, _, _ in p.reports}) == others, "B.1", "not one rendition report for each other rendition",
                      f"{p.where}: {len(p.reports)} for {others}")
