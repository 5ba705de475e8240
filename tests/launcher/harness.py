# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the program for the tests: a server on free ports with a state folder of its own, publishers, HTTP."""

import contextlib
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = os.environ["STAGEDOOR"]
ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60  # of conditions that ought to come at once; sanitizers and a busy machine take longer


def run(*arguments, check=None, **options):
    """A command that ends by itself."""
    done = subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )
    if check is not None:
        assert done.returncode == check, f"{arguments}: {done}"
    return done


def run_json(group, command, *arguments):
    return json.loads(run(group, command, "--json", *arguments, check=0).stdout)


def wait_until(condition, what, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Server:
    """`stagedoor serve`, ready. A context manager: it must end with 0 when told to. Unless the flags say otherwise a
    stream ends with its publisher."""

    def __init__(self, *flags, state=None, env=None):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.state = Path(state) if state else self.folder / "state"
        read_end, write_end = os.pipe()
        self._log = open(self.folder / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--webrtc", "127.0.0.1:0",
             "--reconnect-grace", "0", "--state", str(self.state), "--ready-fd", str(write_end), *flags],
            pass_fds=[write_end], stderr=self._log, env={**os.environ, **(env or {})},
        )
        os.close(write_end)
        with os.fdopen(read_end, "rb", buffering=0) as ready:
            assert select.select([ready], [], [], PATIENCE_S)[0], f"not ready\n{self.log()}"
            self.ready_text = ready.read(100)
            if self.ready_text:
                self.ready_text += ready.read(100)
        if self.ready_text != b"READY\n":
            self.process.wait(PATIENCE_S)
            raise AssertionError(f"exit {self.process.returncode}, said {self.ready_text}\n{self.log()}")
        self.addresses = json.loads((self.state / "addresses.json").read_text())
        self.http_port = int(self.addresses["http"].rpartition(":")[2])
        self.rtmp_port = int(self.addresses["rtmp"].rpartition(":")[2])

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                assert self.stop() == 0, self.log()
            else:
                print(self.log(), file=sys.stderr)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self._log.close()
            self._folder.cleanup()

    def stop(self, with_signal=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        return self.process.wait(PATIENCE_S)

    def request(self, path, method="GET", headers=None, body=None):
        """(status, headers, body)"""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=PATIENCE_S)) as link:
            link.request(method, path, body=body, headers=headers or {})
            answer = link.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def status(self, stream):
        code, _, body = self.request(f"/{stream}/status.json")
        assert code == 200, f"{code} {body}"
        return json.loads(body)

    def wait_for_state(self, stream, state):
        try:
            return wait_until(
                lambda: (s := self.status(stream))["state"] == state and s, f"{stream} to be {state}"
            )
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.status(stream)}\n{self.log()}") from None

    def key(self, stream, *flags):
        return run_json("key", "new", "--stream", stream, "--state", str(self.state), *flags)


PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]


class Publisher:
    """ffmpeg, at the pace of the clock."""

    def __init__(self, credential, video=True, audio=True, b_frames=False):
        url = credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"]
        inputs = (PICTURE if video else []) + (SOUND if audio else [])
        encoders = ["-c:v", "libx264", "-preset", "ultrafast", *(["-bf", "2"] if b_frames else ["-tune", "zerolatency", "-profile:v", "baseline"]),
                    "-pix_fmt", "yuv420p", "-g", "30"] if video else []
        encoders += ["-c:a", "aac", "-ac", "2"] if audio else []
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-re", *inputs, *encoders, "-f", "flv", url],
            stdout=self._log, stderr=self._log,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self._log.close()

    def log(self):
        self._log.seek(0)
        return self._log.read()

    def stop(self):
        """As a user would: ffmpeg ends its stream."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
