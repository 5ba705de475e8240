#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the server; docs/performance.md says what was seen. Run it in a shell of `meson devenv -C build`.

bench.py startup            exec to accepting publishers
bench.py idle               memory and CPU without a stream, and with one that nobody watches
bench.py fanout CLIENT      cost per viewer; CLIENT is a WHEP load client (whepload) that prints JSON
bench.py delay CLIENT       the server's share of the delay, publisher's bytes to packets at the viewer
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from house import Publisher, Server, wait_until_live
from tap import Tap, delays_ms


def load(arguments, credential, *more):
    """One run of the load client against the stream; returns its report."""
    said = subprocess.run(
        [arguments.client, "--url", credential["whep"]["url"], "--viewers", str(arguments.viewers), "--ramp", "40"]
        + ["--seconds", str(arguments.seconds), *more],
        capture_output=True,
        check=False,
    )
    if not said.stdout:
        raise SystemExit(said.stderr.decode())
    return json.loads(said.stdout)


def startup(arguments):
    Server().stop()  # warms the registry
    times = []
    for _ in range(arguments.runs):
        server = Server()
        times.append(server.startup_ms)
        server.stop()
    print(f"exec to ready: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms of {arguments.runs}")


def idle(arguments):
    server = Server()
    print(f"no stream: {server.millicores(arguments.seconds):.2f} millicores, {server.rss_kib() / 1024:.1f} MiB")
    credential = server.credential("live/bench")
    publisher = Publisher(credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"])
    wait_until_live(credential)
    print(f"one stream: {server.millicores(arguments.seconds):.2f} millicores, {server.rss_kib() / 1024:.1f} MiB")
    publisher.stop()
    server.stop()


def fanout(arguments):
    server = Server()
    credential = server.credential("live/bench")
    publisher = Publisher(credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"])
    wait_until_live(credential)
    report = load(arguments, credential, "--pidstat", str(server.process.pid))
    print(json.dumps(report, indent=1))
    publisher.stop()
    server.stop()


def delay(arguments):
    server = Server()
    credential = server.credential("live/bench")
    host, port = credential["rtmp"]["server"].split("/")[2].rsplit(":", 1)
    tap = Tap(int(port))
    publisher = Publisher(f"rtmp://{host}:{tap.port}/live/{credential['rtmp']['key']}")
    wait_until_live(credential)
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames"
        report = load(arguments, credential, "--frame-log", str(frames))
        publisher.stop()
        tap.thread.join()
        delays = sorted(delays_ms(tap, frames))
    server.stop()
    share = [delays[min(len(delays) - 1, int(len(delays) * part))] for part in (0.5, 0.95, 0.99)]
    print("{} frames: p50 {:.2f}, p95 {:.2f}, p99 {:.2f} ms".format(len(delays), *share))
    print("speed probe:", report.get("host"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    for kind, run in (("startup", startup), ("idle", idle), ("fanout", fanout), ("delay", delay)):
        sub = kinds.add_parser(kind)
        sub.set_defaults(run=run)
        sub.add_argument("--seconds", type=int, default=20)
        sub.add_argument("--runs", type=int, default=10)
        if kind in ("fanout", "delay"):
            sub.add_argument("client", type=Path)
            sub.add_argument("--viewers", type=int, default=200 if kind == "fanout" else 100)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
