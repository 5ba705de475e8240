# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Stagedoor of the test's own, an ffmpeg that publishes to it, and what a viewer must find in its stream."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import numpy

TONE = 1000  # Hz
COUNTER = (Path(__file__).parent.parent / "data" / "counter.lavfi").read_text(encoding="utf-8").replace("\n", "")
PROGRAM = os.environ.get("STAGEDOOR", "stagedoor")

# What the server and only the server is to find: its own plugins, maybe built with a sanitizer.
SERVER_ONLY = ("GST_PLUGIN_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH_1_0", "GST_REGISTRY", "GST_REGISTRY_FORK", "G_DEBUG")
SERVER_ENV = dict(os.environ)
FOREIGN_ENV = {name: value for name, value in os.environ.items() if name not in SERVER_ONLY}
for name in SERVER_ONLY:
    os.environ.pop(name, None)


class Stage:
    """A server with one stream, as a context; live by ffmpeg unless somebody else is to publish."""

    def __init__(self, stream, *flags, live=True):
        self.stream, self.flags, self.live = stream, flags, live
        self.folder = tempfile.TemporaryDirectory(prefix="stagedoor-")
        self.children = []

    def __enter__(self):
        try:
            self._serve()
            self._mint()
            if self.live:
                self._publish()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, failure, *_):
        log = self._end()
        # A sanitizer has the last word.
        if failure is not None or self.server.returncode != 0:
            sys.stderr.write(log)
        if failure is None and self.server.returncode != 0:
            raise RuntimeError(f"the server ended with {self.server.returncode}")

    def _end(self):
        for child in reversed(self.children):
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        log = self.log()
        self.folder.cleanup()
        return log

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _serve(self):
        reader, writer = os.pipe()
        flags = [f"--{name}=127.0.0.1:0" for name in ("rtmp", "srt", "http", "webrtc")]
        command = [PROGRAM, "serve", "--state", self.folder.name, *flags, *self.flags, "--ready-fd", str(writer)]
        self.log_path = Path(self.folder.name) / "log"
        with open(self.log_path, "wb") as log:
            self.server = subprocess.Popen(command, pass_fds=[writer], env=SERVER_ENV, stdin=subprocess.DEVNULL, stderr=log)
        self.children.append(self.server)
        os.close(writer)
        with os.fdopen(reader, "rb") as ready:
            if not ready.read():
                raise RuntimeError(f"the server gave up: {self.log()}")

    def _mint(self):
        command = [PROGRAM, "key", "new", "--stream", self.stream, "--state", self.folder.name, "--json"]
        key = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=SERVER_ENV).stdout)
        self.whep, self.srt = key["whep"]["url"], key["srt"]["url"]
        self.whip, self.token = key["whip"]["url"], key["whip"]["token"]
        self.rtmp = f"{key['rtmp']['server']}/{key['rtmp']['key']}"

    def _publish(self):
        publisher = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-re", "-f", "lavfi", "-i", COUNTER,
                     "-re", "-f", "lavfi", "-i", f"sine=frequency={TONE}:sample_rate=48000",
                     "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
                     "-pix_fmt", "yuv420p", "-b:v", "1000k", "-g", "30", "-c:a", "aac", "-b:a", "96k", "-ac", "2",
                     "-f", "flv", self.rtmp]
        self.children.append(subprocess.Popen(publisher, env=FOREIGN_ENV, stdin=subprocess.DEVNULL))


def headers(token, **more):
    return {**more, "Authorization": f"Bearer {token}"} if token else more


def post(url, offer, token=None):
    """(session URL, answer), or None while the stream is not live."""
    head = headers(token, **{"Content-Type": "application/sdp"})
    request = urllib.request.Request(url, offer.encode(), head, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            session = urllib.request.urljoin(url, response.headers["Location"])
            return session, response.read().decode()
    except urllib.error.HTTPError as error:
        if error.code == 409:
            return None
        raise RuntimeError(f"{error.code}: {error.read(1000).decode(errors='replace')}") from error


def delete(session, token=None):
    """The HTTP status of the farewell."""
    request = urllib.request.Request(session, headers=headers(token), method="DELETE")
    with urllib.request.urlopen(request, timeout=5) as response:
        return response.status


def read_number(luma):
    """The number that a picture (rows of luma) carries, or None when it is illegible."""
    cells = [luma[10:30, 40 * cell + 10 : 40 * cell + 30].mean() for cell in range(16)]
    if any(80 < level < 176 for level in cells) or cells[14] < 128 or cells[15] > 128:
        return None
    return sum(1 << bit for bit, level in enumerate(cells[:14]) if level > 128)


def loudest_tone(samples, rate):
    """(Hz, share of the energy that is there) of mono samples."""
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples)))) ** 2
    peak = int(spectrum.argmax())
    near = spectrum[max(peak - 3, 0) : peak + 4].sum()
    return peak * rate / len(samples), near / max(spectrum.sum(), 1e-9)


class Seen:
    """What a viewer got; collected on any one thread, judged at the end."""

    def __init__(self):
        self.numbers = []
        self.samples = numpy.empty(0)
        self.rate = 0

    def picture(self, luma):
        self.numbers.append(read_number(luma))

    def sound(self, samples, rate):
        self.samples, self.rate = numpy.append(self.samples, samples), rate

    def seconds(self):
        """How long both have lasted."""
        return min(len(self.numbers) / 30, len(self.samples) / (self.rate or 1))

    def judge(self, test):
        test.assertNotIn(None, self.numbers, "illegible pictures")
        test.assertEqual(self.numbers, sorted(set(self.numbers)), "pictures out of order")
        span = self.numbers[-1] - self.numbers[0] + 1
        test.assertGreater(len(self.numbers), 0.9 * span, f"{len(self.numbers)} of {span} pictures: {self.numbers}")
        middle = self.samples[len(self.samples) // 2 :][: 2 * self.rate]
        test.assertGreater(len(middle), self.rate)
        hertz, share = loudest_tone(middle, self.rate)
        test.assertAlmostEqual(hertz, TONE, delta=5)
        test.assertGreater(share, 0.8, "the tone is broken")
