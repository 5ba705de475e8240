# SPDX-License-Identifier: LGPL-2.1-or-later
"""What it costs to serve LL-HLS to many, in turns with nginx and the same bytes as files."""

import json
import re
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from house import Process, Publisher, Server, wait_until, wait_until_live

PARTS = 10  # files that nginx serves in turn

NGINX = """
daemon off; master_process off; worker_rlimit_nofile 16384; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_timeout 300; keepalive_requests 100000000;
  open_file_cache max=1000 inactive=300s; open_file_cache_valid 300s;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/root; }}
}}
"""


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def playlist_of(master):
    """URL of the picture's playlist."""
    variant = re.search(r"^[^#\s].*$", get(master).decode(), re.M)[0]
    return urljoin(master, variant)


def parts_in(url):
    """URLs of the parts that a playlist has, the newest last."""
    return [urljoin(url, uri) for uri in re.findall(r'#EXT-X-PART:.*?URI="([^"]+)"', get(url).decode())]


class Files:
    """What nginx serves: a playlist and the parts that it named, as they are at the moment."""

    def __init__(self, folder, url):
        root = Path(folder) / "root"
        root.mkdir()
        parts = parts_in(url)[-PARTS:]
        (root / "playlist").write_bytes(get(url))
        for number, part in enumerate(parts):
            (root / f"playlist.{number}").write_bytes(get(part))
        self.count = len(parts)


class Nginx(Process):
    """One process, one thread, no access log."""

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        conf = Path(folder) / "conf"
        conf.write_text(NGINX.format(folder=folder, port=self.port), encoding="utf-8")
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(conf), "-e", "stderr"])
        self.pid = self.process.pid
        wait_until(self.answers, "nginx did not start")

    def answers(self):
        try:
            return get(f"http://127.0.0.1:{self.port}/playlist") != b""
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def load(arguments, pid, port, path, *more):
    said = subprocess.run(
        [arguments.client, "--port", str(port), "--playlist", path, "--clients", str(arguments.viewers)]
        + ["--seconds", str(arguments.seconds), "--ramp", str(arguments.ramp), "--pid", str(pid), *more],
        check=True, capture_output=True,
    )
    return json.loads(said.stdout)


def row_of(report, stream_cores=0.0):
    """@stream_cores: what the stream costs without viewers, which is no matter of requests."""
    requests = report["requests"] or 1
    before, after = report["rss_kib"]
    return {
        "us/request": (report["cpu_s"] - stream_cores * report["seconds"]) / requests * 1e6,
        "requests/s": report["requests"] / report["seconds"],
        "Mbit/s": report["mbit_per_s"],
        "cores": report["cpu_s"] / report["seconds"],
        "client's cores": report["own_cpu_s"] / report["seconds"],
        "part p50 ms": report["part_ms"]["p50"],
        "part p99 ms": report["part_ms"]["p99"],
        "KiB/client": (after - before) / report["clients"],
        "failed": report["failed"],
        "late": report["late"],
    }


def show(title, row):
    print(f"{title:14}" + "".join(f"{value:>15.2f}" for value in row.values()), flush=True)


@contextmanager
def stream(arguments):
    with Server("--http-connections", str(2 * arguments.viewers + 100)) as server:
        credential = server.credential("live/bench")
        with Publisher(credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"], arguments.film):
            wait_until_live(credential)
            master = credential["hls"]["url"]
            wait_until(lambda: len(parts_in(playlist_of(master))) > PARTS, "no parts")
            yield server, playlist_of(master)


def turn(arguments):
    """Ours, then nginx with what ours served."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        with stream(arguments) as (server, url):
            time.sleep(arguments.settle)
            idle = server.millicores(5) / 1000
            at = urlsplit(url)
            path = at.path + ("?" + at.query if at.query else "")
            rows["stagedoor"] = row_of(load(arguments, server.pid, at.port, path), idle)
            rows["with hints"] = row_of(load(arguments, server.pid, at.port, path, "--hints", "1"), idle)
            files = Files(folder, url)
        with Nginx(folder) as nginx:
            more = ["--files", str(files.count), "--period", str(arguments.period)]
            rows["nginx"] = row_of(load(arguments, nginx.pid, nginx.port, "/playlist", *more))
    return rows


def hls(arguments):
    titles = None
    for _ in range(arguments.rounds):
        rows = turn(arguments)
        if titles is None:
            titles = list(rows["nginx"])
            print(f"{'':14}" + "".join(f"{title:>15}" for title in titles))
        for name, row in rows.items():
            show(name, row)
        print(f"CPU per request, stagedoor / nginx: {rows['stagedoor']['us/request'] / rows['nginx']['us/request']:.2f}", flush=True)


def add_to(kinds):
    sub = kinds.add_parser("hls")
    sub.set_defaults(run=hls)
    sub.add_argument("client", type=Path)
    sub.add_argument("--viewers", type=int, default=2000)
    sub.add_argument("--ramp", type=int, default=500, help="viewers who come in a second")
    sub.add_argument("--seconds", type=int, default=10)
    sub.add_argument("--settle", type=int, default=12, help="seconds; the sound is converted in the first nine")
    sub.add_argument("--period", type=int, default=200, help="ms between two parts, for nginx")
    sub.add_argument("--rounds", type=int, default=1)
    sub.add_argument("--film", type=Path, help="FLV to publish instead of the built-in one")
