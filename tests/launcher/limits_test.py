#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`stagedoor serve` with bounds and a passphrase as options; wrong keys; OvenMediaEngine's URLs from real encoders."""

import base64
import hashlib
import hmac
import json
import socket
import struct
import tempfile
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

from harness import Publisher, Server, run, wait_until
from srt_test import SrtPublisher, with_streamid

FREE = ("--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--webrtc", "127.0.0.1:0")


def by_rtmp(server, key):
    return Publisher({"rtmp": {"server": server, "key": key}})


class Lines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def serve(self, code, *flags):
        done = run("serve", *FREE, "--state", str(self.folder / "state"), *flags, check=code)
        self.assertEqual(done.stdout, "")
        return done.stderr

    def test_wrong_limits(self):
        said = self.serve(64, "--limit", "speed=3")
        self.assertIn("no limit 'speed'", said)
        for name in ("connections-per-address", "silence-ms", "wrong-keys", "back-off-most-ms"):
            self.assertIn(name, said)
        for value in ("", "0", "-1", "x", "5x", "1e3", "99999999999999999999999", "1000001"):
            self.assertIn("wants a whole number from 1 to 1000000", self.serve(64, "--limit", f"connections={value}"))
        self.assertIn("--limit", self.serve(64, "--limit", "connections"))
        for number in ("0", "63", "65537", "-1", "many"):
            self.assertIn("http-connections", self.serve(64, "--http-connections", number), number)

    def test_wrong_srt_options(self):
        for latency in ("-1", "8001", "x"):
            self.serve(64, "--srt-latency", latency)
        path = self.folder / "passphrase"
        self.serve(66, "--srt-passphrase-file", str(path))
        self.serve(66, "--srt-passphrase-file", str(self.folder))
        for text in ("", "\n", "too short", "x" * 80, "line the first\nline the second\n", "x" * 5000):
            path.write_text(text)
            said = self.serve(66 if len(text) > 4096 else 78, "--srt-passphrase-file", str(path))
            for line in text.split("\n"):
                if line:
                    self.assertNotIn(line, said)

    def test_keys_for_streams_that_are_not_served(self):
        state = str(self.folder / "state")
        done = run("key", "new", "--stream", "foo/x", "--state", state, "--json", check=0)
        self.assertIn("live/NAME", done.stderr)
        self.assertEqual(json.loads(done.stdout)["stream"], "foo/x")
        self.assertEqual(run("key", "new", "--stream", "live/x", "--state", state, check=0).stderr, "")


class WrongKeys(unittest.TestCase):
    def test_back_off(self):
        with Server("--limit", "wrong-keys=3", "--limit", "back-off-first-ms=60000") as server:
            credential = server.key("live/demo")
            address, srt = credential["rtmp"]["server"], credential["srt"]["url"]
            for publish in (lambda: by_rtmp(address, "demo?key=wrong"), lambda: by_rtmp(address, "demo?key=1k1.0.p.x"),
                            lambda: SrtPublisher(with_streamid(srt, "publish:live/demo?key=wrong"))):
                with publish() as publisher:
                    self.assertNotEqual(publisher.wait(), 0)
            with by_rtmp(address, "demo?key=wrong") as publisher:
                self.assertNotEqual(publisher.wait(), 0)
                self.assertRegex(publisher.log(), r"too many wrong keys came from your address; try again in \d+ s")
            wait_until(lambda: "refused: back-off" in server.log(), "the log")
            with Publisher(credential):
                server.wait_for_state("live/demo", "live")


class OvenMediaEngine(unittest.TestCase):
    SECRET = "ome_is_the_best"

    def sign(self, text, **policy):
        policy = base64.urlsafe_b64encode(json.dumps(policy).encode()).decode().rstrip("=")
        text += "?policy=" + policy
        mac = hmac.new(self.SECRET.encode(), text.encode(), hashlib.sha1).digest()
        return text + "&signature=" + base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def test_encoders(self):
        with tempfile.TemporaryDirectory() as folder:
            keys = Path(folder) / "keys"
            keys.touch(0o600)
            keys.write_text(f"ome {self.SECRET}\n")
            with Server(state=folder) as server:
                self.publish_all(server)
                self.assertNotIn(self.SECRET, server.log())

    def publish_all(self, server):
        soon, past = (int(time.time() * 1000) + ms for ms in (3_600_000, -1000))
        srt = f"srt://{server.addresses['srt']}?streamid="

        def encoders(expire):
            url = self.sign(f"rtmp://127.0.0.1:{server.rtmp_port}/live/alice", url_expire=expire)
            base, _, key = url.partition("/live/")
            yield "OBS", lambda: by_rtmp(base + "/live", key)
            new = self.sign("srt://default/live/alice", url_expire=expire)[len("srt://"):]
            old = self.sign("srt://live.example.com:9999/live/alice", url_expire=expire)
            for name, streamid in (("new", new), ("old", old), ("camera", "#!::bmd_uuid=1,u=" + new)):
                quoted = urllib.parse.quote(streamid, safe="")
                yield name, lambda quoted=quoted: SrtPublisher(srt + quoted)
                yield name + ", srt-live-transmit", lambda quoted=quoted: SrtPublisher(srt + quoted, by_tool=True)

        for name, publish in encoders(soon):
            with self.subTest(name), publish() as publisher:
                server.wait_for_state("live/alice", "live")
                publisher.stop()
                server.wait_for_state("live/alice", "offline")
        for name, publish in encoders(past):
            before = server.log().count("refused: expired")
            with self.subTest(name), publish():
                wait_until(lambda: server.log().count("refused: expired") > before, "refusal\n" + server.log())


class SlowCrowd(threading.Thread):
    """At every port: connections that say a byte now and then and come back when they are closed; UDP handshakes that
    are never gone on with."""

    OPENINGS = {"rtmp": b"\x03" + bytes(4096), "http": b"POST /live/demo/whep HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 4096}
    INDUCTION = struct.pack("!16I", 0x80000000, 0, 0, 0, 4, 2, 12345, 1500, 8192, 1, 4711, 0, 0x0100007F, 0, 0, 0)

    def __init__(self, addresses, connections=150):
        super().__init__(daemon=True)
        self.ports = {name: int(address.rpartition(":")[2]) for name, address in addresses.items()
                      if name in ("rtmp", "srt", "http")}
        self.members = [[name, None, 0, number] for name in self.OPENINGS for number in range(connections)]
        self.rounds = self.closed = 0
        self.over = threading.Event()

    def run(self):
        while not self.over.is_set():
            for member in self.members:
                self.work(member)
            with socket.socket(type=socket.SOCK_DGRAM) as stranger:
                stranger.sendto(self.INDUCTION, ("127.0.0.1", self.ports["srt"]))
            self.rounds += 1
            self.over.wait(0.02)

    def work(self, member):
        name, link, said, number = member
        try:
            if link is None:
                link = socket.socket()
                link.settimeout(1)
                link.bind((f"127.0.2.{1 + number % 100}", 0))
                link.connect(("127.0.0.1", self.ports[name]))
                link.setblocking(False)
                said = 0
            link.send(self.OPENINGS[name][said:said + 1])
            member[1:3] = link, said + 1
        except BlockingIOError:
            member[1:3] = link, said
        except OSError:
            self.closed += 1
            link.close()
            member[1] = None

    def __enter__(self):
        self.start()
        wait_until(lambda: self.rounds > 2, "the crowd")
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()
        for member in self.members:
            if member[1]:
                member[1].close()


class Siege(unittest.TestCase):
    def test_slow_strangers_at_every_port(self):
        with Server("--limit", "authentication-ms=1000") as server, SlowCrowd(server.addresses) as crowd:
            credential = server.key("live/demo")
            with Publisher(credential), SrtPublisher(server.key("live/other")["srt"]["url"]):
                for stream in ("live/demo", "live/other"):
                    server.wait_for_state(stream, "live")
                wait_until(lambda: crowd.closed > 300, "strangers to be sent away")
                for _ in range(20):
                    self.assertEqual(server.request("/healthz")[0], 200)
                    self.assertEqual(server.request("/live/demo/whep", "POST", {"Content-Type": "text/plain"}, "x")[0], 415)
                for stream in ("live/demo", "live/other"):
                    before = server.status(stream)["ingest"]["video-frames"]
                    wait_until(lambda: server.status(stream)["ingest"]["video-frames"] > before + 5, "frames")


if __name__ == "__main__":
    unittest.main(verbosity=2)
