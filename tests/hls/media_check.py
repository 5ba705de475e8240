# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads what the playlists of one rendition name, on a thread of its own, and compares it with what they say."""

import queue
import threading
from urllib.parse import urljoin

from fragments import Broken, read_fragments, read_init
from http_client import NO_ANSWER, Client

DATE_TOLERANCE = 0.050
DURATION_TOLERANCE = 0.020
KINDS = ("video/mp4", "audio/mp4", "video/iso.segment", "audio/iso.segment", "application/mp4")
REMEMBERED = 400  # resources


class MediaCheck:
    """Tasks come from the thread that reads the playlists, in their order."""

    def __init__(self, base, report, clock):
        self.base, self.report, self.clock = base, report, clock
        self.client = Client(clock=clock)
        self.tasks = queue.Queue()
        self.bytes, self.hinted, self.inits = {}, {}, {}
        self.next_time = None  # where the media goes on: (discontinuity, map, ticks)
        self.offsets = {}  # discontinuity: date - media time
        self.finishing = False
        self.sizes = []  # (bytes, seconds) of segments
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            task = self.tasks.get()
            if task is None:
                self.client.close()
                return
            try:
                task[0](*task[1:])
            except NO_ANSWER as error:
                self.report.violation("6.2.1", f"no answer: {type(error).__name__}", self.base)
            except Broken as error:
                self.report.violation("3.1.2", str(error), f"{self.base}, {task[1]}")

    def put(self, *task):
        self.tasks.put(task)

    def finish(self):
        self.finishing = True
        self.tasks.put(None)
        self.thread.join(60)

    def load(self, uri, section, what):
        answer = self.client.get(urljoin(self.base, uri))
        if self.report.expect(answer.status == 200, section, what, f"{answer.url}: {answer.status}"):
            self.check_headers(answer)
            return answer.body
        return None

    def check_headers(self, answer):
        self.report.expect(answer.kind() in KINDS, "3.1.2", "media of the wrong content type", f"{answer.url}: {answer.kind() or 'none'}", "SHOULD")
        self.report.expect("cache-control" in answer.headers, "B.1", "media without Cache-Control", answer.url, "SHOULD")

    def remember(self, uri, body):
        self.bytes[uri] = body
        while len(self.bytes) > REMEMBERED:
            self.bytes.pop(next(iter(self.bytes)))

    def hint(self, uri):
        """Section 6.2.6: held back until it is there. A list that ended leaves its last hint unfulfilled."""
        if uri in self.bytes or uri in self.hinted or self.finishing:
            return
        answer = self.client.get(urljoin(self.base, uri))
        self.hinted[uri] = answer
        if answer.status == 200:
            self.remember(uri, answer.body)
            self.report.note("hinted parts")
            self.check_headers(answer)

    def init_of(self, uri):
        if uri not in self.inits:
            body = self.load(uri, "4.4.4.5", "init segment can't be had")
            self.inits[uri] = read_init(body) if body is not None else None
        return self.inits[uri]

    def part(self, part, segment, index):
        if part.gap:
            self.next_time = None
            return
        body = self.bytes.get(part.uri)
        if body is None or index % 4 == 0:
            again = self.load(part.uri, "6.2.1", "listed part can't be had")
            if part.uri in self.hinted and body is not None and again is not None:
                self.report.expect(again == body, "4.4.5.3", "hinted part differs from the listed one", part.uri)
            body = again
        hint = self.hinted.pop(part.uri, None)
        if hint is not None:
            self.report.expect(hint.status == 200, "6.2.6", "hinted part was refused, then listed", f"{hint.url}: {hint.status}")
        init = self.init_of(segment.map)
        if body is None or init is None:
            self.next_time = None
            return
        self.remember(part.uri, body)
        self.report.note("parts")
        self.check_part(part, segment, index, read_fragments(body, init), init)

    def check_part(self, part, segment, index, fragments, init):
        where = f"{self.base}, {part.uri}"
        sync = [one for fragment in fragments for one in fragment.sync]
        if part.independent:
            self.report.expect(any(sync), "4.4.4.9", "independent part without an independent frame", where)
        else:
            self.report.expect(not any(sync), "4.4.4.9", "part with an independent frame isn't INDEPENDENT=YES", where, "SHOULD")
        if index == 0:
            self.report.expect(sync[0], "4.4.2.1", "segment doesn't begin with an independent frame", where)
            self.check_date(segment, fragments[0].presented / init.timescale, where)
        length = sum(fragment.duration for fragment in fragments) / init.timescale
        self.report.expect(abs(length - part.duration) <= DURATION_TOLERANCE, "4.4.4.9", "part isn't as long as it says",
                           f"{where}: {length:.4f} s, DURATION={part.duration}")
        self.check_continuity(segment, fragments, init, where)

    def check_continuity(self, segment, fragments, init, where):
        at = (segment.discontinuity, segment.map)
        for fragment in fragments:
            if self.next_time and self.next_time[0] == at:
                off = (fragment.begin - self.next_time[1]) / init.timescale
                self.report.expect(abs(off) <= DURATION_TOLERANCE, "4.4.4.3", "times jump without EXT-X-DISCONTINUITY", f"{where}: by {off:.3f} s")
            self.next_time = (at, fragment.begin + fragment.duration)

    def check_date(self, segment, media_time, where):
        if segment.date is None:
            return
        offset = segment.date - media_time
        known = self.offsets.setdefault(segment.discontinuity, offset)
        self.report.expect(abs(offset - known) <= DATE_TOLERANCE, "4.4.4.6", "date isn't that of the first sample",
                           f"{where}: {1000 * (offset - known):.0f} ms off")

    def segment(self, segment):
        """A finished one; its parts came before."""
        if segment.gap:
            return
        body = self.load(segment.uri, "6.2.1", "listed segment can't be had")
        if body is None:
            return
        self.sizes.append((len(body), segment.duration))
        self.report.note("segments")
        parts = [self.bytes.get(part.uri) for part in segment.parts if not part.gap]
        if parts and None not in parts:
            self.report.expect(b"".join(parts) == body, "3", "segment isn't the sum of its parts", f"{self.base}, {segment.uri}")
        init = self.init_of(segment.map)
        if init is not None:
            fragments = read_fragments(body, init)
            self.report.expect(fragments[0].sync[0], "4.4.2.1", "segment doesn't begin with an independent frame", segment.uri)
            length = sum(fragment.duration for fragment in fragments) / init.timescale
            self.report.expect(abs(length - segment.duration) <= DURATION_TOLERANCE or any(part.gap for part in segment.parts),
                               "4.4.4.1", "segment isn't as long as it says", f"{segment.uri}: {length:.4f} s, EXTINF {segment.duration}")

    def still_there(self, uri, until, section, what):
        if self.clock() < until:
            self.load(uri, section, what)
