#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""webhook_test.py SOURCE_ROOT: the control server of docs/webhook.md, with a server that asks it."""

import http.server
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1))
sys.path.insert(0, str(ROOT / "tests/launcher"))

from harness import Publisher, Server, run, wait_until  # noqa: E402


class Control:
    """The example, as it stands."""

    def __init__(self, folder):
        example = re.search(r"^```python\n(.*?)^```", (ROOT / "docs/webhook.md").read_text(encoding="utf-8"), re.S | re.M)[1]
        (folder / "control.py").write_text(example, encoding="utf-8")
        self.secret = folder / "secret"
        self.secret.write_text("hunter2\n", encoding="utf-8")
        self._log = open(folder / "said", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [sys.executable, folder / "control.py", "0", self.secret], stdout=self._log, stderr=subprocess.DEVNULL
        )
        first = wait_until(lambda: self.said(), "the control server")[0]
        self.url = f"http://127.0.0.1:{first.partition('port ')[2]}/"

    def said(self):
        return Path(self._log.name).read_text(encoding="utf-8").splitlines()

    def events(self):
        return [line.split()[:2] for line in self.said()[1:]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._log.close()


class Webhook(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def flags(self, control):
        return ("--webhook", control.url, "--webhook-secret-file", str(control.secret))

    def test_the_example(self):
        with Control(self.folder) as control, Server(*self.flags(control)) as server:
            with Publisher(server.key("live/demo")):
                server.wait_for_state("live/demo", "live")
            wait_until(lambda: control.events() == [["opening", "demo"], ["closing", "demo"]], f"events {control.events()}")
            with Publisher(server.key("live/closed")) as publisher:
                self.assertNotEqual(publisher.wait(), 0)
                wait_until(lambda: "refused: denied: this stage is closed" in server.log(), "the reason in the log")
            with Publisher(server.key("live/stage")):
                server.wait_for_state("live/stage-1", "live")
            wait_until(lambda: control.events()[-1] == ["closing", "stage"], "the end")
            self.assertNotIn("hunter2", server.log())

    def test_the_end_is_told_before_the_end(self):
        with Control(self.folder) as control, Server(*self.flags(control)) as server:
            with Publisher(server.key("live/demo")):
                server.wait_for_state("live/demo", "live")
                self.assertEqual(server.stop(signal.SIGTERM), 0)
                self.assertEqual(control.events(), [["opening", "demo"], ["closing", "demo"]])

    def test_a_wrong_secret_lets_nobody_in(self):
        wrong = self.folder / "wrong"
        wrong.write_text("hunter3", encoding="utf-8")
        with Control(self.folder) as control, Server("--webhook", control.url, "--webhook-secret-file", wrong) as server:
            with Publisher(server.key("live/demo")) as publisher:
                self.assertNotEqual(publisher.wait(), 0)
                wait_until(lambda: "no-answer: the control server answers with status 403" in server.log(), "the log")

    def test_a_certificate_of_nobody_is_not_believed(self):
        subject, files = ["-subj", "/CN=localhost"], [self.folder / "key.pem", self.folder / "certificate.pem"]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject, "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", files[0], "-out", files[1]], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(files[1], files[0])
        asked = []

        class Anybody(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append(self.path)

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Anybody) as control:
            control.socket = tls.wrap_socket(control.socket, server_side=True)
            threading.Thread(target=control.serve_forever, daemon=True).start()
            with Server("--webhook", f"https://127.0.0.1:{control.server_port}/") as server:
                with Publisher(server.key("live/demo")) as publisher:
                    self.assertNotEqual(publisher.wait(), 0)
                    wait_until(lambda: "no-answer: the control server can't be reached" in server.log(), "the log")
            control.shutdown()
        self.assertEqual(asked, [])

    def test_takeover(self):
        with Server("--takeover", "never") as server:
            key = server.key("live/demo")
            with Publisher(key):
                server.wait_for_state("live/demo", "live")
                with Publisher(key) as second:
                    self.assertNotEqual(second.wait(), 0)
                    wait_until(lambda: "refused: busy" in server.log(), "busy in the log")

    def test_wrong_flags(self):
        state = ("--state", str(self.folder / "state"), "--rtmp", "127.0.0.1:0")
        for flags, code in (
            (("--takeover", "sometimes"), 64), (("--webhook", "nonsense"), 64), (("--webhook-dialect", "klingon"), 64),
            (("--webhook", "http://user:hunter2@127.0.0.1/"), 64), (("--webhook-secret-file", "/dev/null"), 64),
            (("--webhook", "http://127.0.0.1:1/", "--webhook-secret-file", "/nonexistent"), 66),
        ):
            with self.subTest(flags):
                self.assertNotIn("hunter2", run("serve", *state, *flags, check=code).stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
