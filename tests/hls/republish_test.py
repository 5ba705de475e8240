#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""republish_test.py SECONDS: the program's HLS while ffmpeg publishes with B-frames, goes, and publishes anew, watched by the
validator all the time."""

import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "interop")]

from stagedoor import FOREIGN_ENV, Stage  # noqa: E402
from validate_hls import validate  # noqa: E402

AWAY, STAYS = 2.0, 9.0  # seconds
RESTART = 8.0  # what ffmpeg, its encoder and the first key frame may take on a busy machine


def publish(url, frequency):
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=30",
               "-re", "-f", "lavfi", "-i", f"sine=frequency={frequency}:sample_rate=48000",
               "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-b:v", "300k", "-g", "60",
               "-c:a", "aac", "-b:a", "64k", "-f", "flv", url]
    return subprocess.Popen(command, env=FOREIGN_ENV, stdin=subprocess.DEVNULL)


def come_and_go(stage, done):
    frequency = 400
    while not done.is_set():
        child = publish(stage.rtmp, frequency)
        stage.children.append(child)
        done.wait(STAYS)
        child.terminate()
        child.wait()
        stage.children.remove(child)
        frequency += 50
        done.wait(AWAY)


def wait_for(url, patience=30):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.read().count(b".m3u8") >= 2:
                    return
        except urllib.error.URLError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"nothing at {url}")


def main(seconds):
    with Stage("live/hls", live=False) as stage:
        done = threading.Event()
        publisher = threading.Thread(target=come_and_go, args=(stage, done))
        publisher.start()
        try:
            url = stage.whep.partition("?")[0].removesuffix("whep") + "playlist.m3u8"
            wait_for(url)
            report = validate(url, seconds, slack=AWAY + RESTART)
        finally:
            done.set()
            publisher.join()
    for line in report.lines():
        print(line)
    print(f"{sum(report.checked.values())} checks, {report.count(strict=True)} violations, {report.count()} of a MUST; {report.seen}")
    missing = [what for what in ("updates", "delta updates", "parts", "hinted parts", "segments", "discontinuities") if not report.seen.get(what)]
    if missing:
        print(f"nothing was seen of: {missing}")
    return 1 if report.count() or missing else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
