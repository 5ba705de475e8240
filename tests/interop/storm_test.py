#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""One viewer who stays, and a publisher whose connection breaks off again and again. Argument: how often."""

import random
import sys
import time
import unittest
from pathlib import Path

from flaky import GROUP, FlakyRtmp, FlakySrt, Recording
from stagedoor import PROGRAM, Stage, delete, post, read_number
from webrtcbin_test import Viewer

DROPS = int(sys.argv.pop()) if len(sys.argv) > 1 else 10
SEED = 20240611
SETTLED = 4  # drops after which nothing is allocated for the first time any more
# A sanitizer keeps what was freed for a while, and is slow.
IS_SANITIZED = any(name in Path(PROGRAM).read_bytes() for name in (b"libasan.so", b"libtsan.so"))
PATIENCE_S = 5 if IS_SANITIZED else 1


class Witness(Viewer):
    """Remembers when it saw which number."""

    def __init__(self):
        super().__init__()
        self.sights = []
        self.seen.picture = lambda luma: self.sights.append((time.monotonic(), read_number(luma)))

    def first_sight(self, of, since):
        """When a picture of the group that begins with this number was there."""
        return next((at for at, number in reversed(self.sights[-60:])
                     if at >= since and number is not None and of <= number < of + 2 * GROUP), None)


class Process:
    """What a process holds."""

    def __init__(self, pid):
        self.folder = Path("/proc") / str(pid)

    def measure(self):
        status = dict(line.split(":\t", 1) for line in (self.folder / "status").read_text().splitlines() if ":\t" in line)
        return {"KiB": int(status["VmRSS"].split()[0]), "threads": int(status["Threads"]),
                "fds": len(list((self.folder / "fd").iterdir()))}


class Storm(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        self.recording = Recording()
        self.addCleanup(self.recording.close)

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not (value := condition()):
            self.assertIsNone(self.viewer.error())
            if time.monotonic() > end:
                self.fail(f"not within {seconds} s: {what}; seed {SEED}")
            time.sleep(0.01)
        return value

    def next_publisher(self, stage, drop):
        # Far from what was shown last, so that nothing old is taken for it.
        self.group = (self.group + 5) % (len(self.recording.keys) - 6)
        if drop % 4 == 3:
            before = stage.log().count("published over srt")
            return FlakySrt(self.recording, self.group, stage.srt, lambda: self.wait(
                lambda: stage.log().count("published over srt") > before, 10, "admission by SRT"))
        for _ in range(self.random.randrange(3) if drop else 0):  # those who don't even get as far as a key frame
            early = FlakyRtmp(self.recording, self.group, stage.rtmp, self.random.random() < 0.5)
            early.drop_at_once(self.random.randrange(1, 3000))
        return FlakyRtmp(self.recording, self.group, stage.rtmp, self.random.random() < 0.5)

    def join(self, stage):
        self.viewer = Witness()
        offer = self.viewer.offer()
        accepted = self.wait(lambda: post(stage.whep, offer), 10, "the stream to be live")
        self.viewer.accept(accepted[1])
        return accepted[0]

    def weather(self, stage):
        """Yields after each return."""
        for drop in range(DROPS):
            publisher = self.next_publisher(stage, drop).start()
            try:
                if drop == 0:
                    session = self.join(stage)
                    self.wait(lambda: self.viewer.sights, 20, "the first picture")
                else:
                    self.wait(lambda: publisher.key_sent, 10, "the key frame to be sent")
                    seen = self.wait(lambda: self.viewer.first_sight(publisher.first_number, publisher.key_sent), 10,
                                     f"a picture after drop {drop}")
                    self.delays.append(seen - publisher.key_sent)
                self.assertIsNone(publisher.failure)
            finally:
                publisher.drop(self.random.randrange(1, 40000))
            yield drop, session

    def test_every_return_is_seen(self):
        self.delays, self.group = [], 0
        settled = None
        with Stage("live/storm", "--reconnect-grace", "60", live=False) as stage:
            process = Process(stage.server.pid)
            for drop, session in self.weather(stage):
                if drop == SETTLED:
                    settled = process.measure()
            end = process.measure()
            self.assertEqual(delete(session), 200)  # it was one and the same
            self.assertEqual(stage.log().count("live/storm: starting"), 1)
            self.assertNotIn("offline", stage.log())
            self.viewer.close()
        print(f"{DROPS} drops: a picture after {max(self.delays):.2f} s at most, {sum(self.delays) / len(self.delays):.2f} s "
              f"on average; {settled} became {end}", flush=True)
        self.assertLess(max(self.delays), PATIENCE_S, self.delays)
        self.assertLessEqual(end["fds"], settled["fds"] + 4)
        self.assertLessEqual(end["threads"], settled["threads"] + 2)
        if not IS_SANITIZED:
            self.assertLess(abs(end["KiB"] - settled["KiB"]), 5 * 1024)


if __name__ == "__main__":
    unittest.main()
