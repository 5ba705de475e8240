# SPDX-License-Identifier: LGPL-2.1-or-later
"""What streams cost that nobody watches: by RTMP, SRT and WHIP, by RTMP without a pipeline worth the name, and nginx's."""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

from house import Process, Publisher, Server, film, wait_until, wait_until_live

# Everything up to the gate's pads and nothing behind them: what it costs to admit, receive and parse.
BARE = {
    "graph": [
        "stagegatesrc name=gate  fakesink name=video sync=false async=false  fakesink name=audio sync=false async=false",
        "gate.video ! video.  gate.audio ! audio.",
    ],
    "bind": {"gate::location": "rtmp://${gate-address}/${app}/${stream}"},
}

NGINX = """load_module {module}; daemon off; master_process off; pid {folder}/pid; error_log {folder}/log error;
events {{ worker_connections 512; }}
rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}
"""


class Stagedoor(Server):
    """The server, fed by @way."""

    def __init__(self, way, *more):
        super().__init__(*more)
        self.way = way

    def publish(self, names):
        credentials = [self.credential(f"live/{name}") for name in names]
        if self.way == "whip":
            publishers = [WhipPublishers([credential["whip"] for credential in credentials])]
        else:
            publishers = [self.publisher(credential) for credential in credentials]
        for credential in credentials:
            wait_until_live(credential)
        return publishers

    def publisher(self, credential):
        if self.way == "rtmp":
            return Publisher(credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"])
        base, _, name = credential["srt"]["url"].partition("streamid=")
        return Publisher(base + "streamid=" + urllib.parse.quote(name, safe=""), form="mpegts")


class Nginx(Process):
    """nginx with its RTMP module: one process, one thread, no access log."""

    def __init__(self, module):
        self.folder = tempfile.TemporaryDirectory()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        settings = Path(self.folder.name) / "conf"
        settings.write_text(NGINX.format(module=module, folder=self.folder.name, port=self.port), encoding="utf-8")
        self.process = subprocess.Popen(["nginx", "-c", str(settings), "-e", "stderr"])
        self.pid = self.process.pid
        wait_until(self.listens, "nginx did not start")

    def listens(self):
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0

    def publish(self, names):
        return [Publisher(f"rtmp://127.0.0.1:{self.port}/live/{name}") for name in names]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


class WhipPublishers:
    """One process with a webrtcbin for each stream; all are connected when this returns."""

    def __init__(self, places):
        script = Path(__file__).with_name("whip_publishers.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(whip_film())], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.process.stdin.write(json.dumps([[place["url"], place["token"]] for place in places]) + "\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline():
            raise SystemExit("the WHIP publishers failed")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def whip_film():
    """The film with Opus, three times over, so that its end isn't reached."""
    path = Path(tempfile.gettempdir()) / "stagedoor-bench-720p30-opus.mkv"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        subprocess.run(
            ["ffmpeg", "-nostdin", "-loglevel", "error", "-stream_loop", "2", "-i", str(film()), "-c:v", "copy"]
            + ["-c:a", "libopus", "-b:a", "128k", "-f", "matroska", "-y", str(unfinished)],
            check=True,
        )
        unfinished.rename(path)
    return path


def busy_ms():
    """Of all cores together, by the kernel's count: a hundredth of a second is its unit."""
    user, nice, system, _, _, irq, softirq = (int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split()[1:8])
    return 10 * (user + nice + system + irq + softirq)


def loopback_bytes():
    """Received there so far by whomever, headers and acknowledgements included."""
    return int(Path("/sys/class/net/lo/statistics/rx_bytes").read_text(encoding="ascii"))


def measure(server, streams, idle_kib, seconds):
    """What each of @streams costs now, and which threads take it."""
    before, busy, sent, start = server.threads_ns(), busy_ms(), loopback_bytes(), time.monotonic()
    time.sleep(seconds)
    after, took = server.threads_ns(), time.monotonic() - start
    sent = loopback_bytes() - sent
    others = (busy_ms() - busy) / took / 1000
    threads, total = {}, 0
    for number, (name, used) in after.items():
        millicores = (used - before.get(number, (name, 0))[1]) / took / 1e6
        kind = re.sub(r"[0-9]+", "", name)
        count, sum_of = threads.get(kind, (0, 0))
        threads[kind] = (count + 1, sum_of + millicores / streams)
        total += millicores
    row = {
        "millicores each": total / streams,
        "MiB each": (server.rss_kib() - idle_kib) / 1024 / streams,
        "threads": len(after),
        "Mbit/s each": sent * 8e-6 / took / streams,
        "others' cores": others - total / 1000,
    }
    return row, sorted(threads.items(), key=lambda item: -item[1][1])


def turn(arguments, way, server):
    """Prints a line for each number of streams."""
    with ExitStack() as end:
        publishing, idle_kib = 0, server.rss_kib()
        for streams in arguments.streams:
            for publisher in server.publish([f"bench{number}" for number in range(publishing, streams)]):
                end.callback(publisher.stop)
            publishing = streams
            time.sleep(arguments.settle)
            row, threads = measure(server, streams, idle_kib, arguments.seconds)
            print(f"{way:12}{streams:8}" + "".join(f"{value:17.2f}" for value in row.values()), flush=True)
            if arguments.threads:
                for name, (count, millicores) in threads[:8]:
                    print(f"{'':20}{millicores:17.2f}  {count} {name}")


def ingest(arguments):
    film()
    whip_film()
    columns = ("millicores each", "MiB each", "threads", "Mbit/s each", "others' cores")
    print(f"{'':12}{'streams':>8}" + "".join(f"{name:>17}" for name in columns))
    with tempfile.NamedTemporaryFile("w", suffix=".json") as bare:
        json.dump(BARE, bare)
        bare.flush()
        servers = {
            "nginx": lambda: Nginx(arguments.nginx),
            "rtmp bare": lambda: Stagedoor("rtmp", "--pipeline", bare.name),
            "rtmp": lambda: Stagedoor("rtmp"),
            "srt": lambda: Stagedoor("srt"),
            "whip": lambda: Stagedoor("whip"),
        }
        for _ in range(arguments.rounds):
            for way, start in servers.items():
                if way in arguments.ways and (way != "nginx" or arguments.nginx):
                    with start() as server:
                        turn(arguments, way, server)


def add_to(kinds):
    sub = kinds.add_parser("ingest")
    sub.set_defaults(run=ingest)
    sub.add_argument("--streams", type=int, nargs="+", default=[1, 50])
    sub.add_argument("--ways", nargs="+", default=["nginx", "rtmp bare", "rtmp", "srt", "whip"])
    sub.add_argument("--nginx", metavar="MODULE", help="ngx_rtmp_module.so, to take turns with nginx")
    sub.add_argument("--seconds", type=int, default=10)
    sub.add_argument("--settle", type=int, default=12, help="seconds; the sound is converted in the first nine")
    sub.add_argument("--rounds", type=int, default=1)
    sub.add_argument("--threads", action="store_true", help="which threads take it, for each stream")
