# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may change from one version of a media playlist to the next (rfc8216bis sections 6.2.1, 6.2.2 and 6.2.5.1)."""

import copy

from m3u8 import date_of
from media_playlist import EPSILON
from report import SHOULD

HEAD = (("target", "target duration changed"), ("part_target", "PART-TARGET changed"),
        ("control", "EXT-X-SERVER-CONTROL changed"), ("kind", "EXT-X-PLAYLIST-TYPE changed"))


def complete(old, delta, report):
    """A delta update with what it skipped put back, from the version before; None if that can't be."""
    boundary = delta.control_value("CAN-SKIP-UNTIL")
    report.expect(boundary is not None, "6.2.5.1", "delta update without CAN-SKIP-UNTIL", delta.where)
    known = {segment.msn: segment for segment in old.segments}
    wanted = range(delta.first_msn, delta.first_msn + delta.skipped)
    lost = [msn for msn in wanted if msn not in known or not known[msn].uri]
    if not report.expect(not lost, "6.2.5.1", "delta update skips what was never listed", f"{delta.where}, segment {lost[:1]}"):
        return None
    whole = copy.deepcopy(delta)
    front = [copy.deepcopy(known[msn]) for msn in wanted]
    whole.segments = front + whole.segments
    distance = sum(segment.duration for segment in whole.finished()[delta.skipped:])
    report.expect(boundary is None or distance >= boundary - EPSILON, "6.2.5.1", "delta update skips beyond the boundary",
                  f"{delta.where}: {distance:.3f} s remain of {boundary}")
    carry_over(whole)
    if delta.removed_dates is not None:
        kept = {name: a for name, a in old.dates.items() if name not in delta.removed_dates}
        whole.dates = {**kept, **delta.dates}
    whole.skipped = 0
    return whole


def carry_over(whole):
    """Maps and discontinuities of what was skipped go on into what wasn't."""
    current, sequence = "", whole.discontinuity
    for segment in whole.segments:
        sequence += segment.discontinuities
        segment.discontinuity = sequence
        current = segment.map = segment.map or current


def check_update(old, new, report):
    """Two whole versions, the older one first."""
    where = new.where
    for name, what in HEAD:
        report.expect(getattr(old, name) == getattr(new, name), "6.2.1", what,
                      f"{where}: from {getattr(old, name)} to {getattr(new, name)}")
    report.expect(new.first_msn >= old.first_msn, "6.2.2", "media sequence number went back", where)
    report.expect(new.discontinuity >= old.discontinuity, "6.2.2", "discontinuity sequence number went back", where)
    report.expect(new.edge() >= old.edge(), "6.2.1", "end of the playlist went back", f"{where}: from {old.edge()} to {new.edge()}")
    report.expect(not old.ended or new.ended, "6.2.1", "EXT-X-ENDLIST was taken back", where)
    report.expect(not old.ended or new.edge() == old.edge(), "6.2.1", "segments after EXT-X-ENDLIST", where)
    check_kept(old, new, report)
    check_removal(old, new, report)
    check_hinted(old, new, report)
    check_ranges(old, new, report)


def check_kept(old, new, report):
    known = {segment.msn: segment for segment in old.segments}
    for segment in new.segments:
        before = known.get(segment.msn)
        if before is None:
            continue
        here = f"{new.where}, segment {segment.msn}"
        if before.uri:
            same_sequence = before.discontinuity == segment.discontinuity
            report.expect(same_sequence, "6.2.2", "discontinuity sequence number of a segment changed", here)
            report.expect(not same_sequence or before.identity() == segment.identity(), "6.2.1", "segment changed after publication",
                          f"{here}: {before.identity()} became {segment.identity()}")
        else:
            report.expect(before.map == segment.map and before.date == segment.date, "6.2.1", "segment changed after publication", here)
        if segment.parts:
            grew = segment.parts[:len(before.parts)] == before.parts and (not before.uri or len(segment.parts) == len(before.parts))
            report.expect(grew or not before.parts, "6.2.1", "parts changed after publication", here)
            report.expect(before.parts or not before.uri, "6.2.1", "parts of an old segment were added", here)


def check_removal(old, new, report):
    removed = [segment for segment in old.segments if segment.msn < new.first_msn]
    if removed:
        report.expect("EXT-X-MEDIA-SEQUENCE" in new.tags, "6.2.2", "segments left without EXT-X-MEDIA-SEQUENCE", new.where)
        report.expect(new.ended or new.duration() >= 3 * new.target - EPSILON, "6.2.2", "less than three target durations remain",
                      f"{new.where}: {new.duration():.3f} s")
    present = {segment.msn for segment in new.segments}
    lost = [s.msn for s in old.segments if s.msn >= new.first_msn and s.msn not in present]
    report.expect(not lost, "6.2.2", "segment vanished from the middle", f"{new.where}, segment {lost[:1]}")
    after = sum(part.duration for segment in new.segments if not segment.uri for part in segment.parts)
    had = {segment.msn for segment in old.segments if segment.parts}
    for segment in reversed(new.finished()):
        if segment.msn in had and not segment.parts:
            report.expect(new.ended or after > 3 * new.target - EPSILON, "6.2.2", "parts left within three target durations of the end",
                          f"{new.where}, segment {segment.msn}, {after:.3f} s before the end")
        after += segment.duration


def check_hinted(old, new, report):
    """What is hinted at is what comes next, unless the plan changed; section 6.2.6 allows that."""
    hinted = [uri for kind, uri in old.hints if kind == "PART"]
    msn, index = old.edge()
    came = [part.uri for segment in new.segments if segment.msn >= msn for number, part in enumerate(segment.parts)
            if (segment.msn, number) > (msn, index)]
    if hinted and came:
        report.expect(hinted[0] == came[0], "4.4.5.3", "another part came than was hinted at", f"{new.where}: {hinted[0]}, then {came[0]}", SHOULD)


def check_ranges(old, new, report):
    first = new.segments[0].date if new.segments else None
    for name, a in old.dates.items():
        here = f"{new.where}, date range {name}"
        if name in new.dates:
            changed = [key for key in a if new.dates[name].get(key, a[key]) != a[key]]
            report.expect(not changed, "4.4.5.1", "date range changed", f"{here}: {changed}")
            continue
        end = end_of(a, old.dates)
        report.expect(first is None or (end is not None and end <= first + 0.001), "6.2.1", "date range left before its segments", here)


def end_of(a, dates):
    start = date_of(a.get("START-DATE", "")) or 0
    if "END-DATE" in a:
        return date_of(a["END-DATE"])
    if "DURATION" in a:
        return start + float(a["DURATION"])
    if a.get("END-ON-NEXT") == "YES":
        later = [date_of(b.get("START-DATE", "")) or 0 for b in dates.values() if b.get("CLASS") == a.get("CLASS")]
        return min((moment for moment in later if moment > start), default=None)
    return None


class Pace:
    """Section 6.2.1: how soon segments and parts have to follow each other. Times are those of arrival, so `slack` is let pass."""

    def __init__(self, slack):
        self.slack = slack
        self.segment = self.part = None  # (which, when)

    def check(self, playlist, now, report):
        finished = playlist.finished()
        segment = finished[-1].msn if finished else -1
        for name, which, limit, what in (("segment", segment, 1.5 * playlist.target, "no new segment within 1.5 target durations"),
                                         ("part", playlist.edge(), playlist.part_target, "no new part within PART-TARGET")):
            before = getattr(self, name)
            if limit is None or (name == "segment" and segment < 0):
                continue
            if before is None or which != before[0]:
                if before is not None:
                    waited = now - before[1]
                    report.expect(waited <= limit + self.slack, "6.2.1", what, f"{playlist.where}: {waited:.3f} s for {which}")
                setattr(self, name, (which, now))
