#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream whose publisher goes away and comes back, as the status document tells of it."""

import json
import signal
import time
import unittest

import jsonschema

from harness import PATIENCE_S, ROOT, Publisher, Server, wait_until
from srt_test import SrtPublisher

SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text())


def is_complete(status):
    return status["state"] == "live" and status["video"] and status["audio"]


class Resume(unittest.TestCase):
    def wait_until_complete(self, server):
        return wait_until(lambda: is_complete(s := server.status("live/demo")) and s, f"both tracks\n{server.log()}")

    def assert_same_pipeline(self, server):
        self.assertEqual(server.log().count("live/demo: starting"), 1, server.log())
        self.assertNotIn("the pipeline failed", server.log())

    def test_back_by_every_door(self):
        with Server("--reconnect-grace", "60") as server:
            key = server.key("live/demo")
            url = key["srt"]["url"]
            for publish in (lambda: Publisher(key), lambda: SrtPublisher(url), lambda: Publisher(key), lambda: SrtPublisher(url)):
                with publish() as publisher:
                    self.wait_until_complete(server)
                    publisher.process.send_signal(signal.SIGKILL)
                    publisher.process.wait()
                    status = server.wait_for_state("live/demo", "interrupted")
                    jsonschema.validate(status, SCHEMA)
                    self.assertIsNone(status["publisher"])
                    self.assertEqual(status["problems"], [])
            with Publisher(key) as publisher:
                self.wait_until_complete(server)
                publisher.stop()  # in order; it may be a restart of the encoder
                server.wait_for_state("live/demo", "interrupted")
            self.assert_same_pipeline(server)

    def test_silence(self):
        with Server("--reconnect-grace", "60") as server, Publisher(server.key("live/demo")) as publisher:
            self.wait_until_complete(server)
            publisher.process.send_signal(signal.SIGSTOP)
            begin = time.monotonic()
            server.wait_for_state("live/demo", "interrupted")
            self.assertLess(time.monotonic() - begin, 3)
            self.assertIn("live/demo: interrupted: the publisher sends nothing", server.log())
            publisher.process.send_signal(signal.SIGCONT)
            self.assertEqual(self.wait_until_complete(server)["publisher"], {"protocol": "rtmp"})
            self.assert_same_pipeline(server)

    def test_silent_publisher_makes_room_for_its_own_key_only(self):
        with Server("--reconnect-grace", "60") as server:
            key, other = server.key("live/demo"), server.key("live/demo", "--expires", "1d")
            with Publisher(key) as silent:
                self.wait_until_complete(server)
                silent.process.send_signal(signal.SIGSTOP)
                server.wait_for_state("live/demo", "interrupted")
                with Publisher(other) as stranger:
                    self.assertNotEqual(stranger.wait(), 0)
                self.assertIn("refused: busy", server.log())
                with Publisher(key) as second:
                    self.wait_until_complete(server)
                    silent.process.send_signal(signal.SIGCONT)
                    silent.wait()
                    second.process.send_signal(signal.SIGKILL)
                    second.process.wait()
                server.wait_for_state("live/demo", "interrupted")
                with Publisher(other):  # the name is free by now
                    self.wait_until_complete(server)
            self.assert_same_pipeline(server)

    def test_silent_for_longer_than_the_grace(self):
        with Server("--reconnect-grace", "1") as server, Publisher(server.key("live/demo")) as publisher:
            self.wait_until_complete(server)
            publisher.process.send_signal(signal.SIGSTOP)
            begin = time.monotonic()
            server.wait_for_state("live/demo", "offline")
            self.assertLess(time.monotonic() - begin, 20)  # the gate's own patience is 30 s
            publisher.process.send_signal(signal.SIGCONT)
            self.assertNotEqual(publisher.wait(), 0)

    def test_after_the_grace_it_is_offline_and_may_begin_anew(self):
        with Server("--reconnect-grace", "1") as server:
            key = server.key("live/demo")
            for round_ in (1, 2):
                with Publisher(key) as publisher:
                    self.wait_until_complete(server)
                    publisher.process.send_signal(signal.SIGKILL)
                    publisher.process.wait()
                    server.wait_for_state("live/demo", "interrupted")
                    server.wait_for_state("live/demo", "offline")
                self.assertEqual(server.log().count("live/demo: starting"), round_)

    def test_back_with_less_and_with_more(self):
        with Server("--reconnect-grace", "60") as server:
            key = server.key("live/demo")
            for video, audio in ((True, True), (True, False), (False, True), (True, True)):
                def as_sent(video=video, audio=audio):
                    status = server.status("live/demo")
                    return status["state"] == "live" and (bool(status["video"]), bool(status["audio"])) == (video, audio)

                with Publisher(key, video=video, audio=audio) as publisher:
                    wait_until(as_sent, f"video {video}, audio {audio}: {server.status('live/demo')}")
                    publisher.process.send_signal(signal.SIGKILL)
                    publisher.process.wait()
                    server.wait_for_state("live/demo", "interrupted")
            self.assert_same_pipeline(server)

    def test_ends_while_interrupted(self):
        with Server("--reconnect-grace", "3600") as server:
            with Publisher(server.key("live/demo")) as publisher:
                self.wait_until_complete(server)
                publisher.stop()
            server.wait_for_state("live/demo", "interrupted")
            begin = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begin, PATIENCE_S / 2)
            self.assertNotIn("did not stop in time", server.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
