# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishers whose connection breaks off at a byte that was chosen by chance, by RTMP and by SRT."""

import os
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from rtmp_client import VIDEO, Publisher
from rtmp_publish import read_flv
from stagedoor import COUNTER, FOREIGN_ENV, TONE

GROUP = 30  # pictures from key frame to key frame
SECONDS = 24
LIVE_ENCODERS = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
                 "-pix_fmt", "yuv420p", "-b:v", "1000k", "-g", str(GROUP), "-c:a", "aac", "-b:a", "96k", "-ac", "2"]


class Recording:
    """The numbered picture and the tone: as FLV tags, and as transport streams of one group of pictures each."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="stagedoor-")
        flv, parts = Path(self.folder.name) / "whole.flv", Path(self.folder.name) / "part%02d.ts"
        command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", COUNTER,
                   "-f", "lavfi", "-i", f"sine=frequency={TONE}:sample_rate=48000", "-t", str(SECONDS), *LIVE_ENCODERS]
        subprocess.run([*command, "-f", "flv", flv], check=True, env=FOREIGN_ENV)
        subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-i", flv, "-c", "copy", "-f", "segment",
                        "-segment_time", "1", "-segment_format", "mpegts", parts], check=True, env=FOREIGN_ENV)
        tags = list(read_flv(flv.read_bytes()))
        self.setups = [tag for tag in tags if tag[2][1] == 0]
        self.tags = [tag for tag in tags if tag[2][1] != 0]
        self.keys = [i for i, (kind, _, body) in enumerate(self.tags) if kind == VIDEO and body[0] >> 4 == 1]
        self.parts = [path.read_bytes() for path in sorted(Path(self.folder.name).glob("part*.ts"))]

    def close(self):
        self.folder.cleanup()


class Cut:
    """A socket that breaks after so many bytes more, once told how many."""

    def __init__(self, inner, reset):
        self.inner, self.reset = inner, reset
        self.left = None

    def sendall(self, data):
        if self.left is not None:
            self.inner.sendall(data[: self.left])
            self.left -= len(data)
            if self.left <= 0:
                self.close()
                raise BrokenPipeError("cut")
            return
        self.inner.sendall(data)

    def close(self):
        if self.reset:
            self.inner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.inner.close()


class Flaky:
    """Publishes on a thread of its own from the group'th key frame on. key_sent is when that one was on its way."""

    def __init__(self, recording, group):
        self.recording, self.group = recording, group
        self.first_number = group * GROUP
        self.key_sent = None
        self.failure = None
        self.thread = threading.Thread(target=self._guard)

    def start(self):
        self.thread.start()
        return self

    def _guard(self):
        try:
            self._run()
        except OSError as why:
            self.failure = why


class FlakyRtmp(Flaky):
    def __init__(self, recording, group, url, reset):
        super().__init__(recording, group)
        self.publisher = Publisher(url)
        self.publisher.socket = Cut(self.publisher.socket, reset)

    def _run(self):
        tags = self.recording.tags[self.recording.keys[self.group] :]
        origin, begun = tags[0][1], time.monotonic()
        for kind, _, body in self.recording.setups:
            self.publisher.send(kind, 0, body)
        for kind, timestamp, body in tags:
            time.sleep(max(begun + (timestamp - origin) / 1000 - time.monotonic(), 0))
            self.publisher.send(kind, timestamp - origin, body)
            self.key_sent = self.key_sent or time.monotonic()

    def drop(self, after_bytes):
        self.publisher.socket.left = after_bytes
        self.thread.join()

    def drop_at_once(self, after_bytes):
        """Before anything whole was sent."""
        self.publisher.socket.left = after_bytes
        self._guard()


class FlakySrt(Flaky):
    def __init__(self, recording, group, url, admitted):
        super().__init__(recording, group)
        self.left = None
        self.tool = subprocess.Popen(["srt-live-transmit", "-q", "-chunk:1316", "file://con", url], stdin=subprocess.PIPE,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=FOREIGN_ENV)
        # It calls once there is something to send; a null packet is nothing to anybody.
        os.write(self.tool.stdin.fileno(), (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 7)
        admitted()

    def _run(self):
        begun = time.monotonic()
        for second, part in enumerate(self.recording.parts[self.group :]):
            for at in range(0, len(part), 1316):
                time.sleep(max(begun + second + at / len(part) - time.monotonic(), 0))
                if self.left is not None:
                    self.left -= 1316
                    if self.left <= 0:
                        return
                os.write(self.tool.stdin.fileno(), part[at : at + 1316])
                self.key_sent = self.key_sent or time.monotonic()

    def drop(self, after_bytes):
        self.left = after_bytes
        self.thread.join()
        self.tool.kill()
        self.tool.wait()
        self.tool.stdin.close()
