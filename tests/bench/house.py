# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every benchmark starts: a server on ports of its own, a publisher of one fixed film, and a look at the server's cost."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

FILM = (
    "ffmpeg -nostdin -loglevel error -f lavfi -i testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t "
    "-f lavfi -i sine=frequency=440:sample_rate=48000 -t 60 -c:v libx264 -preset veryfast -tune zerolatency "
    "-x264-params sliced-threads=0 -threads 1 -profile:v baseline -pix_fmt yuv420p "
    "-b:v 2400k -maxrate 2400k -bufsize 2400k -g 60 -sc_threshold 0 "
    "-c:a aac -b:a 128k -ac 2 -f flv"
)


def film():
    """720p30, 2.4 Mbit/s, a key frame every 2 s, AAC; made once per machine. One slice per frame on every machine, and not
    one per core, on which the number of packets depends."""
    path = Path(tempfile.gettempdir()) / "stagedoor-bench-720p30-slice.flv"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        subprocess.run([*FILM.split(), str(unfinished), "-y"], check=True)
        unfinished.rename(path)
    return path


class Stream(NamedTuple):
    """Where a server is fed and watched."""

    name: str
    pid: int
    publish: str
    whep: str


class Process:
    """What a running process costs, seen from outside."""

    pid = 0

    def threads_ns(self):
        """Exact run time so far of the threads that there are now: [name, nanoseconds] of each by its number."""
        found = {}
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                name = (task / "comm").read_text(encoding="utf-8").strip()
                found[task.name] = [name, int((task / "schedstat").read_text(encoding="ascii").split()[0])]
            except FileNotFoundError:
                pass  # it has just ended
        return found

    def cpu_ns(self):
        """Exact run time of all threads so far."""
        return sum(used for _, used in self.threads_ns().values())

    def rss_kib(self):
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmRSS:")[1].split()[0])

    def millicores(self, seconds):
        """Over @seconds from now."""
        before, start = self.cpu_ns(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu_ns() - before) / (time.monotonic() - start) / 1e6


class Server(Process):
    """`stagedoor serve` from the PATH, on free ports of the loopback."""

    def __init__(self, *more):
        self.state = tempfile.TemporaryDirectory()
        reader, writer = os.pipe()
        start = time.monotonic()
        self.process = subprocess.Popen(
            ["stagedoor", "serve", *self.flags(), *more, "--rtmp", "127.0.0.1:0", "--srt", "127.0.0.1:0", "--http", "127.0.0.1:0"]
            + ["--webrtc", "127.0.0.1:0", "--ready-fd", str(writer)],
            pass_fds=[writer],
            stderr=subprocess.DEVNULL,
        )
        self.pid = self.process.pid
        os.close(writer)
        ready = os.read(reader, 16)
        self.startup_ms = (time.monotonic() - start) * 1000
        os.close(reader)
        if not ready:
            raise SystemExit("the server did not start")

    def flags(self):
        return ["--state", self.state.name]

    def credential(self, stream):
        said = subprocess.run(
            ["stagedoor", "key", "new", "--stream", stream, "--json", *self.flags()], check=True, capture_output=True
        )
        return json.loads(said.stdout)

    def stream(self):
        credential = self.credential("live/bench")
        publish = credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"]
        return Stream("stagedoor", self.pid, publish, credential["whep"]["url"])

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.state.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Publisher:
    """The film in real time, copied and not encoded, so that it costs next to nothing."""

    def __init__(self, url, path=None, form="flv"):
        self.process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(path or film())]
            + ["-c", "copy", "-f", form, url]
        )

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wait_until(condition, what):
    """Polls; for the tools, not for what they measure."""
    for _ in range(100):
        if condition():
            return
        time.sleep(0.1)
    raise SystemExit(what)


def wait_until_live(credential):
    url = credential["watch"].replace("/watch/", "/") + "/status.json"

    def live():
        said = subprocess.run(["curl", "-fsS", url], capture_output=True, check=False)
        return said.returncode == 0 and json.loads(said.stdout)["state"] == "live"

    wait_until(live, "the stream did not become live")


def wait_until_watched(client, stream):
    """Until a first viewer has a picture, so that nothing that only the first one costs is measured."""
    command = [client, "--url", stream.whep, "--seconds", "0.1", "--settle", "0", "--connect-timeout", "3"]
    wait_until(
        lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0,
        f"nothing to watch at {stream.name}",
    )
