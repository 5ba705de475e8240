# SPDX-License-Identifier: LGPL-2.1-or-later
"""Follows the media playlist of one rendition as a low-latency player does, and holds every version against the rules."""

from http_client import Client, with_directives
from media_check import MediaCheck
from media_playlist import read_media
from media_rules import check_media
from update_rules import Pace, check_update, complete

COMPARE_EVERY = 7  # updates


class RenditionCheck:
    """One thread calls step(); others may look at `playlist` and `history`."""

    def __init__(self, url, others, report, clock, slack):
        self.url, self.others, self.report, self.clock = url, others, report, clock
        self.client = Client(clock=clock)
        self.media = MediaCheck(url, report, clock)
        self.pace = Pace(slack)
        self.playlist = None  # the last whole version
        self.history = []  # (sent, received, edge, deferred, reports)
        self.listed = {}  # msn: (when first seen, longest playlist since)
        self.steps = 0
        self.refused = 0

    def finish(self):
        self.media.finish()
        self.client.close()

    def wanted(self):
        """What to ask for next: (msn, part), (msn, None) or nothing."""
        p = self.playlist
        if p is None or p.control.get("CAN-BLOCK-RELOAD") != "YES":
            return None, None
        last = p.segments[-1] if p.segments else None
        if p.part_target is None or last is None:
            return (last.msn + 1 if last else p.first_msn), None
        return (last.msn + 1, 0) if last.uri else (last.msn, len(last.parts))

    def step(self):
        """One request. False when there is nothing more to ask."""
        msn, part = self.wanted()
        skip = None
        if self.playlist and "CAN-SKIP-UNTIL" in self.playlist.control and self.steps % 2:
            skip = "v2" if "CAN-SKIP-DATERANGES" in self.playlist.control and self.steps % 4 == 1 else "YES"
        self.steps += 1
        answer = self.client.get(with_directives(self.url, msn=msn, part=part, skip=skip))
        if answer.status == 503 and msn is not None:
            waited = answer.received - answer.sent
            self.report.expect(waited >= 3 * self.playlist.target - 0.5, "6.2.5.2", "503 before three target durations", f"{self.url}: {waited:.2f} s")
            return True
        if not self.report.expect(answer.status == 200, "6.2.1", "media playlist can't be had", f"{answer.url}: {answer.status}"):
            self.refused += 1
            return self.refused < 5
        return self.take(answer, msn, part, skip)

    def take(self, answer, msn, part, skip):
        self.check_headers(answer)
        new = self.read(answer, skip)
        if new is None:
            return True
        check_media(new, self.report, self.others)
        if new.segments and not new.finished():
            self.report.note("playlists of parts only")
        if msn is not None and not new.ended:
            finished = [segment.msn for segment in new.finished()]
            came = new.edge() >= (msn, part) if part is not None else bool(finished) and finished[-1] >= msn
            self.report.expect(came, "6.2.5.2", "answered before what was asked for was there", f"{answer.url}: {new.edge()}")
        old, self.playlist = self.playlist, new
        if old is not None:
            check_update(old, new, self.report)
        self.pace.check(new, answer.received, self.report)
        deferred = msn is not None and old is not None and new.edge() > old.edge()
        self.history.append((answer.sent, answer.received, new.edge(), deferred, new.reports))
        self.schedule(old, new, answer.received)
        if self.steps % COMPARE_EVERY == 0 and not new.ended:
            self.compare_forms()
        return not new.ended

    def read(self, answer, skip):
        p = read_media(answer.body, answer.url, self.report)
        if not p.skipped:
            self.report.expect(p.removed_dates is None, "4.4.5.2", "EXT-X-SKIP that skips nothing", answer.url)
            if skip:
                self.expect_no_delta(p, answer)
            return p
        self.report.expect(skip is not None, "6.2.5.1", "delta update that nobody asked for", answer.url)
        self.report.expect((p.removed_dates is not None) == (skip == "v2"), "4.4.5.2", "RECENTLY-REMOVED-DATERANGES is there for v2 and only then", answer.url)
        check_media(p, self.report)
        self.report.note("delta updates")
        if self.playlist is None:
            return None
        return complete(self.playlist, p, self.report)

    def expect_no_delta(self, p, answer):
        boundary = p.control_value("CAN-SKIP-UNTIL")
        if boundary is None or p.ended or not p.finished():
            return
        after = p.duration() - p.finished()[0].duration
        self.report.expect(after <= boundary + 0.001, "6.2.5.1", "no delta update though segments are old enough", answer.url)

    def compare_forms(self):
        """The same version as delta update and whole (section 6.2.5.1)."""
        if "CAN-SKIP-UNTIL" not in self.playlist.control:
            return
        delta = read_media(self.client.get(with_directives(self.url, skip="YES")).body, self.url, self.report)
        whole = read_media(self.client.get(self.url).body, self.url, self.report)
        same = [(one.edge(), one.first_msn, one.segments[-1:] and one.segments[-1].uri) for one in (delta, whole)]
        if not delta.skipped or same[0] != same[1]:
            return  # something came in between
        made = complete(self.playlist, delta, self.report)
        if made is not None:
            self.report.expect([(s.identity(), s.parts) for s in made.segments] == [(s.identity(), s.parts) for s in whole.segments],
                               "6.2.5.1", "delta update doesn't complete to the whole playlist", self.url)
            self.report.expect(made.dates == whole.dates, "6.2.5.1", "delta update lacks date ranges", self.url)

    def check_headers(self, answer):
        path = answer.url.partition("?")[0]
        kind = answer.kind() in ("application/vnd.apple.mpegurl", "audio/mpegurl")
        self.report.expect(kind or path.endswith((".m3u8", ".m3u")), "4", "playlist can't be told by name or content type", answer.url)
        self.report.expect(kind, "4", "playlist of the wrong content type", f"{answer.url}: {answer.kind() or 'none'}", "SHOULD")
        self.report.expect("cache-control" in answer.headers, "B.1", "playlist without Cache-Control", path, "SHOULD")
        self.report.expect(answer.headers.get("content-encoding") == "gzip", "6.2.1", "playlist without gzip", path, "SHOULD")

    def schedule(self, old, new, now):
        known = {} if old is None else {segment.msn: segment for segment in old.segments}
        self.report.note("updates")
        for segment in new.segments:
            before = known.get(segment.msn)
            if before is None and old is not None:
                self.report.note("discontinuities", segment.discontinuities)
            if segment.uri and segment.gap and (before is None or not before.uri):
                self.report.note("gaps")
            if before is None and old is not None and segment.msn <= old.edge()[0]:
                continue
            fresh = before is None or not before.uri
            if fresh and (old is not None or segment is new.segments[-1] or segment.parts):
                for index, part in list(enumerate(segment.parts))[len(before.parts) if before else 0:]:
                    self.media.put(self.media.part, part, segment, index)
            if segment.uri and fresh:
                self.media.put(self.media.segment, segment)
        for kind, uri in new.hints:
            self.media.put(self.media.hint if kind == "PART" else self.media.init_of, uri)
        self.watch_removed(old, new, now)

    def watch_removed(self, old, new, now):
        """Section 6.2.2: how long media stays after it left the playlist."""
        if old is None:
            return
        length, last = new.duration(), old.finished()[-1].msn if old.finished() else new.first_msn - 1
        for segment in new.finished():
            if segment.msn in self.listed or segment.msn > last:  # else it is unknown since when
                first, longest = self.listed.get(segment.msn, (now, 0))
                self.listed[segment.msn] = (first, max(longest, length))
        by_msn = {segment.msn: segment for segment in new.segments}
        for segment in old.finished():
            if segment.msn < new.first_msn and not segment.gap and segment.msn in self.listed:
                first, longest = self.listed.pop(segment.msn)
                self.media.put(self.media.still_there, segment.uri, first + segment.duration + longest, "6.2.2", "segment went before its time")
            after = by_msn.get(segment.msn)
            if segment.parts and after is not None and not after.parts and not segment.parts[-1].gap:
                self.media.put(self.media.still_there, segment.parts[-1].uri, now + 3 * new.target, "6.2.2", "part went before its time")
