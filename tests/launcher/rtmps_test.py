#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams that ffmpeg and GStreamer's rtmp2sink publish by RTMPS, with certificates as openssl makes them."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema

from harness import PATIENCE_S, ROOT, Publisher, Server, run, wait_until

SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text())
CREDENTIAL = json.loads((ROOT / "schemas/credential.schema.json").read_text())


class Certificate:
    """Self-signed, in a folder of its own."""

    def __init__(self, name="localhost"):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.file, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                        "-keyout", self.key, "-out", self.file], check=True, capture_output=True, timeout=PATIENCE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def flags(self):
        return ["--tls-certificate", str(self.file), "--tls-key", str(self.key), "--rtmps", "127.0.0.1:0"]


class Rtmp2Sink(Publisher):
    """gst-launch-1.0. It doesn't mind who signed the certificate."""

    def __init__(self, credential):  # pylint: disable=super-init-not-called
        url = credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"]
        line = ("videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 "
                "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 ! h264parse "
                "! flvmux name=mux streamable=true ! rtmp2sink tls-validation-flags=0 "
                f"location={url} audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! voaacenc ! aacparse ! mux.")
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        # Not with our plugins, which may be built with a sanitizer.
        foreign = {name: value for name, value in os.environ.items() if not name.startswith("GST_") and name != "G_DEBUG"}
        self.process = subprocess.Popen(["gst-launch-1.0", "-e", *line.split()], stdout=self._log, stderr=self._log,
                                        env=foreign)


def port_of(server, kind):
    return int(server.addresses[kind].rpartition(":")[2])


def at(server, key, kind):
    """A credential whose "rtmp" is RTMPS, at the port of that kind."""
    return {"rtmp": {"server": f"rtmps://127.0.0.1:{port_of(server, kind)}/live", "key": key}}


def shown_certificate(server):
    """What a new connection is shown, as the text of the file."""
    return ssl.get_server_certificate(("127.0.0.1", port_of(server, "rtmps")), timeout=PATIENCE_S)


class Rtmps(unittest.TestCase):
    def assert_live(self, server, stream, protocol):
        def complete():
            status = server.status(stream)
            return status["state"] == "live" and status["publisher"] == {"protocol": protocol} \
                and status["video"] and status["audio"] and status

        status = wait_until(complete, f"{stream} to be live with both tracks by {protocol}\n{server.log()}")
        jsonschema.validate(status, SCHEMA)
        self.assertEqual(status["video"], {"codec": "H.264", "width": 320, "height": 240, "framerate": 30})

    def test_both_ports_for_all_publishers(self):
        with Certificate() as certificate, Server(*certificate.flags()) as server:
            credential = server.key("live/demo")
            jsonschema.validate(credential, CREDENTIAL)
            self.assertEqual(credential["rtmps"]["server"], f"rtmps://{server.addresses['rtmps']}/live")
            key = credential["rtmps"]["key"]
            self.assertEqual(key, credential["rtmp"]["key"])
            for kind in (Publisher, Rtmp2Sink):
                for port in ("rtmps", "rtmp"):
                    with self.subTest(kind=kind, port=port), kind(at(server, key, port)) as publisher:
                        self.assert_live(server, "live/demo", "rtmps")
                        publisher.stop()
                        server.wait_for_state("live/demo", "offline")
                        self.assertNotIn("the connection broke", server.log())
            with Publisher(credential):
                self.assert_live(server, "live/demo", "rtmp")
            self.assertNotIn(key.partition("key=")[2], server.log())

    def test_a_wrong_key_is_refused_with_its_words(self):
        with Certificate() as certificate, Server(*certificate.flags()) as server:
            key = server.key("live/other")["rtmps"]["key"].replace("other", "demo")
            for port in ("rtmps", "rtmp"):
                with Publisher(at(server, key, port)) as publisher:
                    self.assertNotEqual(publisher.wait(), 0)
                    self.assertIn("the key was changed", publisher.log())
            refusal = "live/demo: 127.0.0.1 refused: wrong-signature"
            wait_until(lambda: server.log().count(refusal) == 2, "both in the log")

    def test_a_careful_publisher_leaves_and_the_log_says_why(self):
        with Certificate("elsewhere") as certificate, Server(*certificate.flags()) as server:
            done = subprocess.run(
                ["openssl", "s_client", "-verify_return_error", "-connect", f"127.0.0.1:{port_of(server, 'rtmps')}"],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False)
            self.assertNotEqual(done.returncode, 0)
            wait_until(lambda: "refused: protocol: TLS: tlsv1 alert unknown ca" in server.log(), server.log())

    def test_renewal_without_restart(self):
        with Certificate() as certificate, Certificate("renewed") as renewed, Server(*certificate.flags()) as server:
            old, new = certificate.file.read_text(), renewed.file.read_text()
            credential = server.key("live/demo")
            with Publisher(at(server, credential["rtmps"]["key"], "rtmps")) as publisher:
                self.assert_live(server, "live/demo", "rtmps")
                self.assertEqual(shown_certificate(server), old)
                certificate.key.write_text(renewed.key.read_text()[:200])
                wait_until(lambda: shown_certificate(server) == old and "the old certificate stays" in server.log(),
                           "a complaint")
                shutil.copy(renewed.key, certificate.key)
                shutil.copy(renewed.file, certificate.file)
                wait_until(lambda: shown_certificate(server) == new, "the new certificate")
                self.assertEqual(server.status("live/demo")["state"], "live")
                self.assertIsNone(publisher.process.poll())
            for secret in (certificate, renewed):
                self.assertNotIn(secret.key.read_text().splitlines()[1], server.log())

    def test_a_server_without_certificate(self):
        with Server() as server:
            self.assertNotIn("rtmps", server.addresses)
            credential = server.key("live/demo")
            self.assertNotIn("rtmps", credential)
            with Publisher(at(server, credential["rtmp"]["key"], "rtmp")) as publisher:
                self.assertNotEqual(publisher.wait(), 0)
            reason = "refused: protocol: TLS, but this server has no certificate"
            wait_until(lambda: reason in server.log(), reason)

    def test_plain_rtmp_at_the_port_for_tls(self):
        with Certificate() as certificate, Server(*certificate.flags()) as server:
            credential = at(server, server.key("live/demo")["rtmp"]["key"], "rtmps")
            credential["rtmp"]["server"] = credential["rtmp"]["server"].replace("rtmps:", "rtmp:")
            with Publisher(credential) as publisher:
                self.assertNotEqual(publisher.wait(), 0)
            wait_until(lambda: "refused: protocol: no TLS, at a port for RTMPS only" in server.log(), "the reason")

    def test_stalled_handshakes_leave_room(self):
        with Certificate() as certificate, Server(*certificate.flags()) as server:
            there = ("127.0.0.1", port_of(server, "rtmps"))
            strangers = []
            for i in range(300):
                stranger = socket.create_connection(there, PATIENCE_S, source_address=(f"127.0.2.{1 + i % 50}", 0))
                stranger.send(bytes.fromhex("16030100c8010000c4030300")[: 1 + i % 12])
                strangers.append(stranger)
            with Publisher(at(server, server.key("live/demo")["rtmps"]["key"], "rtmps")):
                self.assert_live(server, "live/demo", "rtmps")
            for stranger in strangers:
                stranger.close()

    def test_wrong_settings(self):
        with Certificate() as certificate, Certificate() as other, tempfile.TemporaryDirectory() as state:
            common = ["serve", "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0",
                      "--webrtc", "127.0.0.1:0", "--state", state]
            file, key = str(certificate.file), str(certificate.key)
            for code, text, flags in (
                (64, "go together", ["--tls-certificate", file]),
                (64, "go together", ["--tls-key", key]),
                (64, "--rtmps wants", ["--rtmps", ":0"]),
                (64, "--rtmps", ["--rtmps", "nowhere", "--tls-certificate", file, "--tls-key", key]),
                (78, "No such file", ["--tls-certificate", "/nowhere", "--tls-key", key]),
                (78, "isn't the certificate's", ["--tls-certificate", file, "--tls-key", str(other.key)]),
            ):
                done = run(*common, *flags, check=code)
                self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
