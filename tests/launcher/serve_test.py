#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`stagedoor serve` without publishers: start, end, HTTP."""

import contextlib
import errno
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema

from harness import PATIENCE_S, PROGRAM, ROOT, Server, run, wait_until

SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text())


class StartAndEnd(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_ready_means_that_it_accepts(self):
        with Server() as server:
            for port in (server.http_port, server.rtmp_port):
                socket.create_connection(("127.0.0.1", port), PATIENCE_S).close()
            self.assertEqual(server.request("/healthz")[::2], (200, b"ok\n"))

    def test_signals_end_it(self):
        for each in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                self.assertEqual(server.stop(each), 0)

    def test_without_the_word_serve(self):
        with tempfile.TemporaryDirectory() as folder:
            child = subprocess.Popen([PROGRAM, "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--webrtc", "127.0.0.1:0",
                                      "--state", folder], stderr=subprocess.PIPE, text=True)
            for line in child.stderr:
                if "RTMP on 127.0.0.1:" in line:
                    break
            child.terminate()
            self.assertEqual(child.wait(PATIENCE_S), 0)
            child.stderr.close()

    def test_state(self):
        with Server() as server:
            self.assertEqual(stat.S_IMODE(os.stat(server.state).st_mode), 0o700)
            for name in ("keys", "addresses.json"):
                self.assertEqual(stat.S_IMODE(os.stat(server.state / name).st_mode), 0o600, name)

    def test_keys_made_before_and_after_the_start_are_of_one_secret(self):
        state = self.folder / "state"
        before = json.loads(run("key", "new", "--stream", "live/a", "--state", str(state), "--json", check=0).stdout)
        self.assertEqual(before["rtmp"]["server"], "rtmp://localhost:1935/live")
        with Server(state=state) as server:
            after = server.key("live/a")
            self.assertEqual(after["rtmp"]["key"], before["rtmp"]["key"])
            self.assertEqual(after["rtmp"]["server"], f"rtmp://127.0.0.1:{server.rtmp_port}/live")
            self.assertEqual(after["watch"], f"http://127.0.0.1:{server.http_port}/watch/live/a")
        gone = json.loads(run("key", "new", "--stream", "live/a", "--state", str(state), "--json", check=0).stdout)
        self.assertEqual(gone["rtmp"]["server"], before["rtmp"]["server"])

    def test_public_address_is_in_the_urls(self):
        with Server("--public-address", "192.0.2.7") as server:
            self.assertEqual(server.key("live/a")["rtmp"]["server"], f"rtmp://192.0.2.7:{server.rtmp_port}/live")

    def test_taken_ports_are_named(self):
        with Server() as server:
            for flag in ("--rtmp", "--srt", "--http", "--webrtc"):
                udp = flag in ("--srt", "--webrtc")
                flags = dict.fromkeys(("--rtmp", "--srt", "--http", "--webrtc"), "127.0.0.1:0")
                with socket.socket(type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as taken:
                    taken.bind(("127.0.0.1", 0))
                    if not udp:
                        taken.listen()
                    flags[flag] = "127.0.0.1:%d" % taken.getsockname()[1]
                    done = run("serve", "--state", str(self.folder / "s"), *(w for pair in flags.items() for w in pair), check=69)
                    self.assertIn(flags[flag], done.stderr)
                    self.assertIn(flag, done.stderr)
            self.assertEqual(server.request("/healthz")[0], 200)

    def test_second_server_on_one_state_folder(self):
        with Server() as server:
            done = run("serve", "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--webrtc", "127.0.0.1:0",
                       "--state", str(server.state), check=69)
            self.assertIn(str(server.state), done.stderr)
            self.assertEqual(server.key("live/a")["rtmp"]["server"], f"rtmp://127.0.0.1:{server.rtmp_port}/live")

    def test_wrong_lines(self):
        state = str(self.folder / "state")
        for flags in (("--rtmp", "1935"), ("--http", "host.example:80"), ("--webrtc", ":70000"), ("--rtmp", ""), ("--srt", "x"),
                      ("--public-address", "example.org"), ("--ready-fd", "77"), ("--nothing",), ("extra",)):
            done = run("serve", "--state", state, *flags)
            self.assertEqual(done.returncode, 64, done)
        self.assertEqual(run("no-such-command").returncode, 64)

    def test_bad_configuration(self):
        state = self.folder / "state"
        run("key", "new", "--stream", "live/a", "--state", str(state), check=0)
        (state / "keys").write_text("nonsense\n")
        line = ("serve", "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--webrtc", "127.0.0.1:0", "--state", str(state))
        self.assertIn("keys, line 1", run(*line, check=78).stderr)
        self.assertIn("none.json", run(*line, "--pipeline", str(self.folder / "none.json"), check=78).stderr)

    def test_tells_its_manager(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(PATIENCE_S)
            with Server(env={"NOTIFY_SOCKET": path}) as server:
                self.assertEqual(manager.recv(100), b"READY=1")
                server.stop()
                self.assertEqual(manager.recv(100), b"STOPPING=1")

    def test_key_file_that_breaks_changes_nothing(self):
        with Server() as server:
            (server.state / "keys").write_text("nonsense\n")
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "the keys stay as they were" in server.log(), "the complaint")
            self.assertIn("line 1", server.log())


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        web = Path(folder.name)
        (web / "assets").mkdir()
        (web / "watch.html").write_text("<!doctype html>page")
        (web / "assets" / "watch.js").write_text("script")
        (web / "assets" / "style.css").write_text("style")
        (web / "secret.txt").write_text("secret")
        cls.server = Server(env={"STAGEDOOR_WEB": str(web)})
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.server.__enter__()

    def test_status_of_a_stream_that_nobody_knows(self):
        status = self.server.status("live/demo")
        jsonschema.validate(status, SCHEMA)
        del status["since"]
        self.assertEqual(status, {
            "stream": "live/demo", "state": "offline", "viewers": 0, "audiences": {}, "video": None, "audio": None,
            "publisher": None, "ingest": None, "problems": [], "decisions": {}, "whep": "/live/demo/whep",
            "hls": "/live/demo/playlist.m3u8", "thumbnail": "/live/demo/thumbnail.jpg",
        })

    def test_status_headers(self):
        code, headers, body = self.server.request("/live/demo/status.json")
        self.assertEqual((code, headers["content-type"], headers["cache-control"]), (200, "application/json", "no-cache"))
        self.assertEqual(headers["access-control-allow-origin"], "*")
        for match in (headers["etag"], '"x", ' + headers["etag"], "W/" + headers["etag"], "*"):
            again = self.server.request("/live/demo/status.json", headers={"If-None-Match": match})
            self.assertEqual((again[0], again[2], again[1]["etag"]), (304, b"", headers["etag"]))
        for match in ('"x"', headers["etag"][:-2] + '"', ""):
            again = self.server.request("/live/demo/status.json", headers={"If-None-Match": match})
            self.assertEqual((again[0], again[2]), (200, body))
        self.assertEqual(self.server.request("/live/demo/status.json", "HEAD")[::2], (200, b""))

    def test_watch_page(self):
        code, headers, body = self.server.request("/watch/live/demo?key=x")
        self.assertEqual((code, headers["content-type"], body), (200, "text/html; charset=utf-8", b"<!doctype html>page"))
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["referrer-policy"], "no-referrer")
        self.assertEqual(self.server.request("/watch/live/demo", headers={"If-None-Match": headers["etag"]})[0], 304)

    def test_assets(self):
        for name, kind, text in (("watch.js", "text/javascript", b"script"), ("style.css", "text/css", b"style")):
            code, headers, body = self.server.request("/assets/" + name)
            self.assertEqual((code, body), (200, text))
            self.assertTrue(headers["content-type"].startswith(kind))

    def test_whep_of_a_stream_that_is_offline(self):
        code, headers, body = self.server.request("/live/demo/whep", "POST", {"Content-Type": "application/sdp"}, b"v=0")
        self.assertEqual((code, headers["content-type"], headers["retry-after"]), (409, "application/problem+json", "1"))
        self.assertEqual(json.loads(body)["status"], 409)
        code, headers, _ = self.server.request("/live/demo/whep", "OPTIONS")
        self.assertEqual((code, headers["access-control-allow-origin"]), (204, "*"))
        self.assertIn("POST", headers["access-control-allow-methods"])
        self.assertEqual(self.server.request("/live/demo/whep")[0], 405)
        self.assertEqual(self.server.request("/live/demo/whep", "POST", body=b"x" * 70000)[0], 413)

    def test_other_methods(self):
        for path in ("/live/demo/status.json", "/watch/live/demo", "/healthz", "/assets/watch.js"):
            code, headers, _ = self.server.request(path, "POST")
            self.assertEqual((code, headers["allow"]), (405, "GET, HEAD, OPTIONS"), path)
            self.assertEqual(self.server.request(path, "OPTIONS")[0], 204, path)

    def test_preflight_of_a_stream_that_is_offline(self):
        for path in ("/live/demo/playlist.m3u8", "/live/demo/whep/session", "/nowhere"):
            code, headers, _ = self.server.request(path, "OPTIONS")
            self.assertEqual((code, headers["access-control-allow-origin"]), (204, "*"), path)
            self.assertEqual(self.server.request(path)[0], 404, path)

    def test_nothing_else(self):
        for path in ("/", "/live", "/live/", "/live/demo", "/live/demo/", "/watch", "/watch/live", "/watch/live/demo/",
                     "/watch/other/demo", "/other/demo/status.json", "/live/demo/status.jso", "/live/demo/whep/x",
                     "/live/.demo/status.json", "/live/-demo/whep", "/live/" + "a" * 65 + "/status.json",
                     "/assets", "/assets/", "/assets/none.js", "/secret.txt", "/watch.html", "/assets/../secret.txt",
                     "/assets/%2e%2e/secret.txt", "/assets/..%2fsecret.txt", "/assets/%2e%2e%2fsecret.txt",
                     "/live/%2e%2e/status.json", "/live/de%20mo/status.json", "/live/de%0amo/status.json",
                     "/live/%C3%A4/status.json", "/live//status.json", "//live/demo/status.json", "/healthz/"):
            code, headers, body = self.server.request(path)
            if code != 400:  # libsoup's own, with nothing in it
                self.assertEqual((code, headers["content-type"]), (404, "application/problem+json"), path)
            self.assertNotIn(b"secret", body)

    def raw(self, request):
        """The beginning of the answer, b"" when there is none."""
        with socket.create_connection(("127.0.0.1", self.server.http_port), PATIENCE_S) as link:
            try:
                link.sendall(request)
                link.shutdown(socket.SHUT_WR)
            except OSError as error:  # the server needs no more of it: what it said can still be there
                if not isinstance(error, ConnectionError) and error.errno != errno.ENOTCONN:
                    raise
            with contextlib.suppress(ConnectionError):
                return link.recv(4096)
        return b""

    def test_requests_that_are_none(self):
        for path in (b"/live/demo%00/status.json", b"/live/%/status.json", b"/live/%zz/status.json", b"/live/demo\x00/status.json",
                     b"/\xff\xfe", b"live/demo", b"*", b"/" + b"a" * 100000, b"http://[/live/demo"):
            answer = self.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertRegex(answer, rb"^(HTTP/1\.. 40[04] |$)", path[:40])
        for junk in (b"", b"\r\n\r\n", b"\x16\x03\x01" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", os.urandom(5000)):
            self.raw(junk)
        self.assertEqual(self.server.request("/healthz")[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
