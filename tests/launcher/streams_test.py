#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams from their publishers' point of view: live, refused, revoked, broken and started again."""

import json
import signal
import tempfile
import time
import unittest
from pathlib import Path

import jsonschema

from harness import PATIENCE_S, ROOT, Publisher, Server, run, run_json, wait_until

SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text())


def pipeline_file(folder, *graph):
    path = Path(folder) / "pipeline.json"
    bind = {"gate::location": "rtmp://${gate-address}/${app}/${stream}"}
    path.write_text(json.dumps({"graph": ["stagegatesrc name=gate", *graph], "bind": bind}))
    return str(path)


class Streams(unittest.TestCase):
    def assert_no_secret(self, server, *credentials):
        for credential in credentials:
            token = credential["rtmp"]["key"].partition("key=")[2]
            for part in (token, token.rpartition(".")[2]):
                self.assertNotIn(part, server.log())

    def test_a_stream_from_beginning_to_end(self):
        with Server() as server:
            credential = server.key("live/demo")
            self.assertEqual(server.status("live/demo")["state"], "offline")
            with Publisher(credential) as publisher:
                status = server.wait_for_state("live/demo", "live")
                status = wait_until(lambda: (s := server.status("live/demo"))["video"] and s["audio"] and s, "both tracks")
                jsonschema.validate(status, SCHEMA)
                self.assertEqual(status["video"], {"codec": "H.264", "width": 320, "height": 240, "framerate": 30})
                self.assertEqual(status["audio"]["codec"], "AAC")
                self.assertEqual(status["audio"]["channels"], 2)
                self.assertEqual(status["publisher"], {"protocol": "rtmp"})
                self.assertEqual((status["problems"], status["viewers"]), ([], 0))
                self.assertNotIn("127.0.0.1", json.dumps(status))
                self.assertEqual(server.status("live/other")["state"], "offline")
                publisher.stop()
                status = server.wait_for_state("live/demo", "offline")
            jsonschema.validate(status, SCHEMA)
            self.assertEqual((status["video"], status["audio"], status["publisher"]), (None, None, None))
            self.assertEqual(server.request("/live/demo/whep", "POST", body=b"v=0")[0], 409)
            self.assertIn(credential["credential"], server.log())
            self.assert_no_secret(server, credential)
            with Publisher(credential):
                server.wait_for_state("live/demo", "live")

    def test_the_transcoder_says_what_it_does_and_why(self):
        with Server() as server:
            with Publisher(server.key("live/demo"), b_frames=True) as publisher:
                status = wait_until(lambda: "composition" in (s := server.status("live/demo"))["decisions"].get("transcode.video_0", "") and s,
                                    f"the reason\n{server.log()}")
                jsonschema.validate(status, SCHEMA)
                wait_until(lambda: server.status("live/demo")["decisions"].get("transcode.audio_0"), "the other track's")
                decisions = server.status("live/demo")["decisions"]
                self.assertRegex(decisions["transcode.video_0"],
                                 r"^transcoding, because the source has B-frames \(composition offset \d+ ms\)$")
                self.assertEqual(decisions["transcode.audio_0"], "transcoding, because the peer does not take audio/mpeg (AAC)")
                for pad in ("video_1", "audio_1", "video_2", "audio_2", "video_3"):  # SRT and HLS players show B-frames
                    self.assertEqual(decisions[f"transcode.{pad}"], "passed through", pad)
                self.assertEqual(server.status("live/demo")["problems"], [])
                publisher.stop()
                status = server.wait_for_state("live/demo", "offline")
                self.assertEqual(status["decisions"], {})
            with Publisher(server.key("live/demo")):
                wait_until(lambda: server.status("live/demo")["decisions"].get("transcode.video_0") == "passed through", "the decision")

    def test_one_track_only(self):
        with Server() as server:
            for name, tracks in (("picture", {"audio": False}), ("sound", {"video": False})):
                with Publisher(server.key(f"live/{name}"), **tracks) as publisher:
                    status = server.wait_for_state(f"live/{name}", "live")
                    self.assertEqual(status["video"] is None, name == "sound")
                    self.assertEqual(status["audio"] is None, name == "picture")
                    publisher.stop()
                    server.wait_for_state(f"live/{name}", "offline")

    def test_refused_keys(self):
        with Server() as server:
            good = server.key("live/demo")
            revoked = server.key("live/demo", "--expires", "2d")
            run_json("key", "revoke", revoked["rtmp"]["key"], "--state", str(server.state))
            play = server.key("live/demo", "--role", "play")
            early = server.key("live/demo", "--from", "1h")
            network = server.key("live/demo", "--network", "192.0.2.0/24")
            app = server.key("app/demo")
            tried = {
                "no-key": {"rtmp": {**good["rtmp"], "key": "demo"}},
                "malformed": {"rtmp": {**good["rtmp"], "key": good["rtmp"]["key"][:-3]}},
                "unknown-key-id": {"rtmp": {**good["rtmp"], "key": good["rtmp"]["key"].replace("1k1.", "1k9.")}},
                "wrong-signature": {"rtmp": {**good["rtmp"], "key": good["rtmp"]["key"].replace("demo", "other")}},
                "revoked": revoked,
                "not-yet-valid": early,
                "wrong-network": network,
                "wrong-role": {"rtmp": {**good["rtmp"], "key": "demo?key=" + play["whep"]["token"]}},
                "wrong-stream": app,
            }
            for reason, credential in tried.items():
                with self.subTest(reason), Publisher(credential) as publisher:
                    self.assertNotEqual(publisher.wait(), 0)
                    wait_until(lambda: f"refused: {reason}: " in server.log(), f"the log of {reason}\n{server.log()}")
            self.assertIn("app/demo: 127.0.0.1 refused: wrong-stream: the key is for another stream, or this server takes none", server.log())
            self.assertEqual(server.status("live/demo")["state"], "offline")
            self.assert_no_secret(server, *(c for r, c in tried.items() if r != "no-key"))

    def test_expired_key(self):
        with Server() as server:
            expired = server.key("live/demo", "--expires", "1s")
            end = time.time() + 1.5
            wait_until(lambda: time.time() > end, "the key to expire")
            with Publisher(expired) as publisher:
                self.assertNotEqual(publisher.wait(), 0)
            wait_until(lambda: "refused: expired: " in server.log(), "the log")

    def test_revocation_ends_the_session(self):
        with Server() as server:
            mine, other = server.key("live/mine"), server.key("live/other")
            with Publisher(mine) as publisher, Publisher(other) as neighbour:
                server.wait_for_state("live/mine", "live")
                server.wait_for_state("live/other", "live")
                run_json("key", "revoke", mine["rtmp"]["key"], "--state", str(server.state))
                publisher.wait()
                server.wait_for_state("live/mine", "offline")
                self.assertEqual(server.status("live/other")["state"], "live")
                self.assertIsNone(neighbour.process.poll())
                run_json("key", "revoke", "--key-id", "k1", "--state", str(server.state))
                neighbour.wait()
                server.wait_for_state("live/other", "offline")
            with Publisher(server.key("live/mine")) as publisher:  # made with a new secret, known at once
                server.wait_for_state("live/mine", "live")

    def test_hangup_reads_the_keys(self):
        with Server() as server:
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "keys read again" in server.log(), "the log")
            with Publisher(server.key("live/demo")):
                server.wait_for_state("live/demo", "live")
                server.process.send_signal(signal.SIGHUP)
                wait_until(lambda: server.log().count("keys read again") == 2, "the log")
                self.assertEqual(server.status("live/demo")["state"], "live")

    def test_same_key_takes_over(self):
        with Server() as server:
            credential = server.key("live/demo")
            with Publisher(credential) as first:
                server.wait_for_state("live/demo", "live")
                with Publisher(credential, audio=False):
                    first.wait()
                    wait_until(lambda: (s := server.status("live/demo"))["state"] == "live" and s["audio"] is None, "the second")

    def test_failing_pipeline_starts_again_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pipeline_file(folder, "gate.video ! identity error-after=20 ! fakesink async=false",
                                 "gate.audio ! fakesink async=false")
            with Server("--pipeline", path) as server, Publisher(server.key("live/sound"), video=False) as calm:
                server.wait_for_state("live/sound", "live")
                with Publisher(server.key("live/broken"), audio=False) as publisher:
                    status = wait_until(lambda: (s := server.status("live/broken"))["state"] == "starting" and s["problems"] and s, "the failure")
                    jsonschema.validate(status, SCHEMA)
                    self.assertEqual(len(status["problems"]), 1)
                    wait_until(lambda: server.log().count("live/broken: the pipeline failed") >= 3, "it to be tried again")
                    self.assertIsNone(publisher.process.poll())
                    publisher.stop()
                    server.wait_for_state("live/broken", "offline")
                self.assertIsNone(calm.process.poll())
                self.assertEqual(server.status("live/sound")["state"], "live")
                self.assertNotIn("live/sound: the pipeline failed", server.log())

    def test_pipeline_that_cannot_start(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pipeline_file(folder, f"gate.video ! filesink location={folder}/none/x")
            with Server("--pipeline", path) as server, Publisher(server.key("live/demo"), audio=False) as publisher:
                wait_until(lambda: server.status("live/demo")["problems"], "the failure")
                self.assertEqual(server.status("live/demo")["state"], "starting")
                wait_until(lambda: server.log().count("live/demo: the pipeline failed") >= 2, "it to be tried again")
                publisher.stop()
                server.wait_for_state("live/demo", "offline")

    def test_drawings_of_pipelines_hold_no_secret(self):
        with tempfile.TemporaryDirectory() as folder:
            with Server(env={"GST_DEBUG_DUMP_DOT_DIR": folder, "GST_DEBUG": "*:6"}) as server:
                credential = server.key("live/demo")
                with Publisher(credential) as publisher:
                    server.wait_for_state("live/demo", "live")
                    publisher.stop()
                    server.wait_for_state("live/demo", "offline")
                secret = server.state.joinpath("keys").read_text().split("secret k1 ")[1].split()[0]
                self.assert_no_secret(server, credential)
                self.assertNotIn(secret, server.log())
            drawing = next(Path(folder).glob("*stagedoor-stopping.dot")).read_text()
            self.assertIn("GstStageWhepSink", drawing)
            for text in (secret, credential["rtmp"]["key"].rpartition(".")[2]):
                self.assertNotIn(text, drawing)

    def test_ends_with_streams_running(self):
        with Server() as server, Publisher(server.key("live/a")) as a, Publisher(server.key("live/b")) as b:
            server.wait_for_state("live/a", "live")
            server.wait_for_state("live/b", "live")
            begin = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertNotIn("did not stop in time", server.log())
            self.assertLess(time.monotonic() - begin, PATIENCE_S / 2)
            a.wait()
            b.wait()

    def test_names_that_are_none(self):
        with Server() as server:
            good = server.key("live/demo")
            for name in ("..", "%2e%2e", "a/b", "a b", "a\nforged: line", "a" * 65, "!fakesink", "${app}", "dëmo"):
                with self.subTest(name), Publisher({"rtmp": {**good["rtmp"], "key": good["rtmp"]["key"].replace("demo", name, 1)}}) as publisher:
                    self.assertNotEqual(publisher.wait(), 0)
            self.assertNotIn("\nforged: line", server.log())
            self.assertNotIn(": starting", server.log())


if __name__ == "__main__":
    unittest.main(verbosity=2)
