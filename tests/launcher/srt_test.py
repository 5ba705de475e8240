#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams that ffmpeg and srt-live-transmit publish by SRT."""

import json
import signal
import subprocess
import tempfile
import unittest
import urllib.parse

import jsonschema

from harness import PATIENCE_S, PICTURE, ROOT, SOUND, Publisher, Server, run, wait_until

SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text())
ENCODERS = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
            "-pix_fmt", "yuv420p", "-g", "30", "-c:a", "aac", "-ac", "2", "-f", "mpegts"]


class SrtPublisher(Publisher):
    """ffmpeg, at the pace of the clock; by way of srt-live-transmit on demand."""

    def __init__(self, url, by_tool=False):
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        ffmpeg = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-re", *PICTURE, *SOUND, *ENCODERS]
        pipe = subprocess.PIPE if by_tool else self._log
        self.process = subprocess.Popen([*ffmpeg, "-" if by_tool else url], stdout=pipe, stderr=self._log)
        self.tool = None
        if by_tool:
            self.tool = subprocess.Popen(["srt-live-transmit", "-q", "file://con", url], stdin=self.process.stdout,
                                         stdout=self._log, stderr=self._log)
            self.process.stdout.close()

    def stop(self):
        super().stop()
        if self.tool:
            self.tool.terminate()
            self.tool.wait(PATIENCE_S)


def with_options(url, options):
    """ffmpeg takes what follows an & for the next option."""
    base, _, streamid = url.partition("streamid=")
    return base + "streamid=" + urllib.parse.quote(streamid, safe="") + options


def with_streamid(url, streamid):
    return url.partition("streamid=")[0] + "streamid=" + streamid


class Srt(unittest.TestCase):
    def assert_live(self, server, stream, protocol):
        def complete():
            status = server.status(stream)
            return status["state"] == "live" and status["publisher"] == {"protocol": protocol} \
                and status["video"] and status["audio"] and status

        status = wait_until(complete, f"{stream} to be live with both tracks by {protocol}")
        jsonschema.validate(status, SCHEMA)
        self.assertEqual(status["video"], {"codec": "H.264", "width": 320, "height": 240, "framerate": 30})
        self.assertEqual(status["audio"]["codec"], "AAC")
        return status

    def test_one_key_through_every_door(self):
        with Server() as server:
            credential = server.key("live/demo")
            url = credential["srt"]["url"]
            token = credential["rtmp"]["key"].partition("key=")[2]
            structured = urllib.parse.quote(f"#!::r=live/demo,m=publish,key={token}", safe="")
            encoded = urllib.parse.quote(f"publish:live/demo?key={token}", safe="")
            for publish in (lambda: SrtPublisher(url), lambda: SrtPublisher(url, by_tool=True),
                            lambda: SrtPublisher(with_streamid(url, structured)),
                            lambda: SrtPublisher(with_streamid(url, encoded))):
                with publish() as publisher:
                    self.assert_live(server, "live/demo", "srt")
                    publisher.stop()
                    server.wait_for_state("live/demo", "offline")
            with Publisher(credential):
                self.assert_live(server, "live/demo", "rtmp")
            self.assertNotIn(token, server.log())

    def test_ffmpeg_says_why_it_is_refused(self):
        with Server() as server:
            url = server.key("live/demo")["srt"]["url"]
            play = server.key("live/demo", "--role", "play")["whep"]["token"]
            cases = {
                "no-key": "publish:live/demo", "malformed": "publish:live/demo?key=nonsense",
                "wrong-signature": url.partition("streamid=")[2].replace("demo", "other"),
                "wrong-role": "publish:live/demo?key=" + play, "bad-name": "live",
            }
            for reason, streamid in cases.items():
                with self.subTest(reason), SrtPublisher(with_streamid(url, streamid)) as publisher:
                    self.assertNotEqual(publisher.wait(), 0)
                    self.assertIn("reject", publisher.log().lower())
                    wait_until(lambda: f"refused: {reason}" in server.log(), f"{reason} in the log\n{server.log()}")
            with SrtPublisher(url):
                self.assert_live(server, "live/demo", "srt")

    def test_passphrase(self):
        passphrase = "correct-horse-battery"
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(passphrase + "\n")
            file.flush()
            with Server("--srt-passphrase-file", file.name, "--srt-latency", "300") as server:
                credential = server.key("live/demo")
                self.assertTrue(credential["srt"]["passphrase-needed"])
                said = run("key", "new", "--stream", "live/demo", "--state", str(server.state), check=0).stdout
                self.assertIn("and the passphrase", said)
                self.assertNotIn(passphrase, json.dumps(credential) + said)
                url = credential["srt"]["url"]
                right = "&passphrase=" + passphrase
                for refused in ("", "&passphrase=another-passphrase"):
                    before = server.log().count("wrong-passphrase")
                    with SrtPublisher(with_options(url, refused)) as publisher:
                        self.assertNotEqual(publisher.wait(), 0)
                    wait_until(lambda: server.log().count("wrong-passphrase") == before + 1, "the log to say so")
                for length in (16, 24, 32):
                    with SrtPublisher(with_options(url, f"{right}&pbkeylen={length}")) as publisher:
                        status = self.assert_live(server, "live/demo", "srt")
                        self.assertEqual(status["ingest"]["latency-ms"], 300)
                        publisher.stop()
                        server.wait_for_state("live/demo", "offline")
                self.assertNotIn(passphrase, server.log() + (server.state / "addresses.json").read_text())

    def test_how_the_stream_arrives(self):
        with Server() as server:
            credential = server.key("live/demo")
            self.assertIsNone(server.status("live/demo")["ingest"])
            network = {"packets", "lost-packets", "retransmitted-packets", "dropped-packets", "buffer-ms", "latency-ms",
                       "rtt-ms"}
            for publish, has_network in ((lambda: SrtPublisher(credential["srt"]["url"]), True),
                                         (lambda: Publisher(credential), False)):
                with publish() as publisher:
                    self.assert_live(server, "live/demo", "srt" if has_network else "rtmp")
                    first = wait_until(lambda: (i := server.status("live/demo")["ingest"])
                                       and (not has_network or i.get("packets")) and i, "numbers")
                    self.assertEqual(network & set(first), network if has_network else set())
                    more = wait_until(lambda: (i := server.status("live/demo")["ingest"])["video-frames"]
                                      > first["video-frames"] + 5 and i, "more frames")
                    self.assertGreater(more["bytes"], first["bytes"])
                    self.assertNotIn("127.0.0.1", server.request("/live/demo/status.json")[2].decode())
                    publisher.stop()
                    status = server.wait_for_state("live/demo", "offline")
                    self.assertIsNone(status["ingest"])
                    jsonschema.validate(status, SCHEMA)

    def test_a_publisher_that_vanishes(self):
        with Server() as server:
            url = server.key("live/demo")["srt"]["url"]
            with SrtPublisher(url) as publisher:
                self.assert_live(server, "live/demo", "srt")
                publisher.process.send_signal(signal.SIGKILL)
                publisher.process.wait()
                server.wait_for_state("live/demo", "offline")
            with SrtPublisher(url) as first:
                self.assert_live(server, "live/demo", "srt")
                first.process.send_signal(signal.SIGKILL)
                with SrtPublisher(url):  # while its predecessor still counts as connected
                    wait_until(lambda: "the same key publishes from another connection now" in server.log(), "takeover")
                    self.assert_live(server, "live/demo", "srt")


if __name__ == "__main__":
    unittest.main(verbosity=2)
