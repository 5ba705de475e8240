#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples_test.py SOURCE_ROOT: runs every gst-launch line of the README and of the elements' documentation.

Each must reach PLAYING, bring buffers to all its sinks and end without an error. A line with a stagegatesrc gets a
publisher. The lines are run as they stand, on their own ports, in a network namespace of their own where the system
lets us have one.
"""

import collections
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import netns

ROOT = Path(sys.argv.pop(1))
ENOUGH_BUFFERS = 20
PATIENCE_S = 30
PUBLISHER = (
    "ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc2=size=320x240:rate=30 -f lavfi -i sine=frequency=440 "
    "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p -g 30 -c:a aac"
)


def join_lines(lines):
    return re.sub(r"\\\n\s*", "", "\n".join(lines)).strip()


def doc_examples(path):
    """The |[ … ]| of the doc blocks."""
    for block in re.findall(r"\|\[(.*?)\]\|", path.read_text(encoding="utf-8"), re.S):
        yield join_lines(re.sub(r"^\s*\* ?", "", line) for line in block.splitlines())


def readme_examples(path):
    for block in re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.S | re.M):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        for line in join_lines(lines).splitlines():
            if line.startswith("gst-launch-1.0"):
                yield line


def all_examples():
    for line in readme_examples(ROOT / "README.md"):
        yield "README.md", line
    for path in sorted((ROOT / "gst-plugins").rglob("*.cpp")):
        for line in doc_examples(path):
            yield path.name, line


def sink_names(line):
    """As GStreamer names the elements of the line that have no name there."""
    made = collections.Counter()
    for kind, properties in re.findall(r"\b(\w+sink)\b((?:\s+[\w-]+=\S+)*)", line):
        given = re.search(r"\bname=(\S+)", properties)
        yield given[1] if given else f"{kind}{made[kind]}"
        made[kind] += not given


class Log:
    """What GStreamer's log of scheduling at @path says of the buffers that came to @sinks."""

    DEBUG = "GST_SCHEDULING:6"

    def __init__(self, path, sinks):
        self.path = path
        self.sinks = list(sinks)

    def buffers_per_sink(self):
        text = self.path.read_text(encoding="utf-8", errors="replace") if self.path.exists() else ""
        got = collections.Counter(re.findall(r"<([^:>]+):[^>]*> calling chain(?:list)?function", text))
        return {sink: got[sink] for sink in self.sinks}

    def satisfied(self):
        sinks = self.buffers_per_sink()
        return bool(sinks) and min(sinks.values()) >= ENOUGH_BUFFERS


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def publisher(protocol, port, stream, launched):
    """The command that publishes, once somebody listens. SRT callers keep trying by themselves."""
    if protocol == "whip":
        wait_until(lambda: launched.poll() is not None or accepts(port), PATIENCE_S)
        return [sys.executable, ROOT / "tests/interop/whip_network_test.py", "--publish", f"http://127.0.0.1:{port}/{stream}/whip", ""]
    if protocol == "srt":
        return [*PUBLISHER.split(), "-f", "mpegts", f"srt://127.0.0.1:{port}?streamid=publish:{stream}&connect_timeout={PATIENCE_S * 1000}"]
    wait_until(lambda: launched.poll() is not None or accepts(port), PATIENCE_S)
    return [*PUBLISHER.split(), "-f", "flv", f"rtmp://127.0.0.1:{port}/{stream}"]


def run_example(line, folder):
    """Returns (exit code, output, buffers per sink)."""
    environment = dict(os.environ, GST_DEBUG=Log.DEBUG, GST_DEBUG_FILE=str(folder / "log"), GST_DEBUG_NO_COLOR="1")
    log = Log(folder / "log", sink_names(line))
    with open(folder / "output", "w+", encoding="utf-8") as output:
        children = [
            subprocess.Popen(shlex.split(line), cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        ]
        launched = children[0]
        knock = re.search(r"(rtmp|srt|whip)://\S*:(\d+)/(\S+)", line)
        if "stagegatesrc" in line and knock:
            command = publisher(knock[1], int(knock[2]), knock[3], launched)
            children.append(subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT))
        # One that ends by itself is let: gst-launch dies of a signal that comes while it frees its pipeline.
        ends = "num-buffers=" in line
        wait_until(lambda: launched.poll() is not None or (log.satisfied() and not ends), PATIENCE_S)
        for child in children:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        output.seek(0)
        return launched.returncode, output.read(), log.buffers_per_sink()


class Examples(unittest.TestCase):
    def test_there_are_some(self):
        self.assertGreaterEqual(len(list(all_examples())), 3)


def make_test(line):
    def test(self):
        with tempfile.TemporaryDirectory() as folder:
            code, output, sinks = run_example(line, Path(folder))
        said = f"\n{line}\n{output}\nexit code: {code}, buffers: {sinks}"
        self.assertEqual(code, 0, said)
        self.assertNotIn("ERROR", output, said)
        self.assertTrue(sinks and min(sinks.values()) >= ENOUGH_BUFFERS, said)

    return test


for number, (where, line) in enumerate(all_examples()):
    name = re.sub(r"\W", "_", f"test_{number:02}_{where}")
    setattr(Examples, name, make_test(line))

if __name__ == "__main__":
    netns.enter()
    unittest.main(verbosity=2)
