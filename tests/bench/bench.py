#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the server; docs/performance.md says what was seen. Run it in a shell of `meson devenv -C build`.

bench.py startup            exec to accepting publishers
bench.py idle               memory and CPU without a stream, and with one that nobody watches
bench.py ingest             cost of streams that nobody watches, by each way of publishing
bench.py transcode [PART…] conversions: their cost beside ffmpeg's, and their delay
bench.py join CLIENT        cost of joining: offer, handshake, everything up to the live picture
bench.py fanout CLIENT      cost per viewer
bench.py hls HLS_LOAD       cost of LL-HLS, and nginx' with the same bytes as files; `ninja hls_load` builds the client
bench.py delay CLIENT       the server's share of the delay, publisher's bytes to packets at the viewer

CLIENT is a WHEP load client (whepload) that prints JSON. The last two take turns with another server, which runs already,
when told `--against WHEP_URL PUBLISH_URL PID`.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import hls
import ingest
import transcode
from house import Publisher, Server, Stream, wait_until_live, wait_until_watched
from tap import Tap, delays_ms


def load(arguments, stream, *more):
    """One run of the load client; returns its report."""
    said = subprocess.run(
        [arguments.client, "--url", stream.whep, "--viewers", str(arguments.viewers), "--pidstat", str(stream.pid), *more],
        capture_output=True,
        check=False,
    )
    if not said.stdout:
        raise SystemExit(said.stderr.decode())
    report = json.loads(said.stdout)
    if getattr(arguments, "json", None):
        with arguments.json.open("a", encoding="utf-8") as out:
            out.write(json.dumps(report) + "\n")
    return report


@contextmanager
def own():
    with Server() as server:
        yield server.stream()


def turns(arguments):
    """Each server in each round, so that what else the machine does meets all alike. A server has a publisher only in its
    turn; our own is a new one each time."""
    for number in range(arguments.rounds):
        with own() as stream:
            yield number, stream
        if arguments.against:
            whep, publish, pid = arguments.against
            yield number, Stream("other", int(pid), publish, whep)


def compare(arguments, measure):
    """Prints the figures that @measure returns for each turn, a dictionary; then the medians and their ratio."""
    rows = {}
    for number, stream in turns(arguments):
        row = measure(arguments, stream)
        if not rows:
            print(f"{'':16}" + "".join(f"{name:>14}" for name in row))
        rows.setdefault(stream.name, []).append(row)
        show(f"{stream.name} {number + 1}", row)
    medians = {
        name: {key: statistics.median(row[key] for row in turns_of) for key in turns_of[0]} for name, turns_of in rows.items()
    }
    for name, median in medians.items():
        show(f"{name} median", median)
    if arguments.against:
        mine, others = medians["stagedoor"], medians["other"]
        show("ratio", {key: mine[key] / others[key] if others[key] else float("nan") for key in mine})


def show(title, row):
    print(f"{title:16}" + "".join(f"{value:14.2f}" for value in row.values()), flush=True)


def startup(arguments):
    Server().stop()  # warms the registry
    times = []
    for _ in range(arguments.runs):
        with Server() as server:
            times.append(server.startup_ms)
    print(f"exec to ready: median {statistics.median(times):.0f} ms, worst {max(times):.0f} ms of {arguments.runs}")


def idle(arguments):
    with Server() as server:
        print(f"no stream: {server.millicores(arguments.seconds):.2f} millicores, {server.rss_kib() / 1024:.1f} MiB")
        credential = server.credential("live/bench")
        with Publisher(credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"]):
            wait_until_live(credential)
            print(f"one stream: {server.millicores(arguments.seconds):.2f} millicores, {server.rss_kib() / 1024:.1f} MiB")


def fanout(arguments, stream):
    with Publisher(stream.publish, arguments.film):
        wait_until_watched(arguments.client, stream)
        report = load(arguments, stream, "--ramp", "40", "--seconds", str(arguments.seconds))
    server, steady, keyframe = report["server"], report["steady"], report["ms_from_post"]["keyframe"]
    return {
        "us/packet": server["us_per_packet"],
        "mcore/viewer": server["millicores_per_viewer"],
        "norm. us": server["normalized"]["us_per_packet"],
        "norm. mcore": server["normalized"]["millicores_per_viewer"],
        "probe us": report["host"]["speed_probe_us"]["mean"],
        "KiB/viewer": server["rss_kb_per_viewer"],
        "packets/s": steady["pps_per_viewer"],
        "lost": steady["lost"],
        "key p50 ms": keyframe["p50"],
        "key p95 ms": keyframe["p95"],
        "threads": server["threads"],
        "others' cores": report["host"]["busy_cores"] - server["cores"] - report["client"]["cores"],
    }


def join_together(arguments, stream):
    """CPU for each of many who come within half a second, less what those who are in cost by then."""
    ramp, seconds = 400, 5
    with tempfile.TemporaryDirectory() as folder:
        start, written = time.time(), Path(folder) / "report"
        report = load(
            arguments, stream, "--ramp", str(ramp), "--settle", "0.3", "--seconds", str(seconds), "--json", str(written)
        )
        joining_s = written.stat().st_mtime - start - seconds  # it is written before they leave
    # While they come one after the other half of them are in on average.
    watching = report["server"]["cores"] * (joining_s - arguments.viewers / ramp / 2)
    return (report["server"]["setup_cpu_s"] - watching) / arguments.viewers * 1000


def join_apart(arguments, server, stream):
    """CPU for one who comes, gets a picture and leaves before the next one comes, less that for the stream."""
    client = [arguments.client, "--url", stream.whep, "--seconds", "0", "--settle", "0", "--tick-ms", "0"]
    before, start = server.cpu_ns(), time.monotonic()
    for _ in range(arguments.viewers):
        subprocess.run(client, capture_output=True, check=True)
    used, took = server.cpu_ns() - before, time.monotonic() - start
    return (used - server.millicores(5) * took * 1e6) / arguments.viewers / 1e6


def join(arguments):
    with Server() as server:
        stream = server.stream()
        with Publisher(stream.publish, arguments.film):
            wait_until_watched(arguments.client, stream)
            for _ in range(arguments.rounds):
                apart, together = join_apart(arguments, server, stream), join_together(arguments, stream)
                print(f"CPU for each of {arguments.viewers}: one by one {apart:.2f} ms, together {together:.2f} ms", flush=True)


def delay(arguments, stream):
    there = urlsplit(stream.publish)
    tap = Tap(there.port or 1935)
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "frames"
        with Publisher(stream.publish.replace(there.netloc, f"127.0.0.1:{tap.port}"), arguments.film):
            wait_until_watched(arguments.client, stream)
            load(arguments, stream, "--ramp", "40", "--seconds", str(arguments.seconds), "--frame-log", str(frames))
        tap.thread.join()
        delays = sorted(delays_ms(tap, frames))
    share = {f"p{part} ms": delays[min(len(delays) - 1, len(delays) * part // 100)] for part in (50, 95, 99)}
    return {"frames": len(delays), **share}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True, metavar="KIND")
    for kind, run in (("startup", startup), ("idle", idle)):
        sub = kinds.add_parser(kind)
        sub.set_defaults(run=run)
        sub.add_argument("--seconds", type=int, default=20)
        sub.add_argument("--runs", type=int, default=10)
    ingest.add_to(kinds)
    hls.add_to(kinds)
    transcode.add_to(kinds)
    for kind, run, viewers in (
        ("fanout", lambda arguments: compare(arguments, fanout), 200),
        ("delay", lambda arguments: compare(arguments, delay), 100),
        ("join", join, 200),
    ):
        sub = kinds.add_parser(kind)
        sub.set_defaults(run=run)
        sub.add_argument("client", type=Path)
        sub.add_argument("--viewers", type=int, default=viewers)
        sub.add_argument("--rounds", type=int, default=1)
        sub.add_argument("--film", type=Path, help="FLV to publish instead of the built-in one")
        if kind != "join":
            sub.add_argument("--seconds", type=int, default=20)
            sub.add_argument("--against", nargs=3, metavar=("WHEP_URL", "PUBLISH_URL", "PID"), help="compare with this server")
            sub.add_argument("--json", type=Path, help="adds the load client's whole reports to this file")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main())
