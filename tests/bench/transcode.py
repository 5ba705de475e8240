# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stagetranscodebin costs: a ladder beside one ffmpeg that makes the same, what it costs when it converts nothing, and
how long a picture takes through it."""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from house import film

HOST = Path(__file__).with_name("transcode_host.py")
LADDERS = {
    "ladder": [(1280, 720, 2500), (854, 480, 1000), (640, 360, 500)],
    "single": [(1280, 720, 2500)],
}
FRAMES = 600
SOURCE = (
    "ffmpeg -nostdin -loglevel error -f lavfi -i testsrc2=size=1920x1080:rate=30,noise=alls=6:allf=t -frames:v {frames} "
    "-c:v libx264 -preset veryfast -tune zerolatency -x264-params sliced-threads=0:scenecut=0 -profile:v high -pix_fmt yuv420p "
    "-b:v 6M -maxrate 6M -bufsize 6M -g 60 -f mp4 -y"
)


def source():
    """1080p30, 6 Mbit/s, 20 s; made once per machine."""
    path = Path(tempfile.gettempdir()) / f"stagedoor-bench-1080p30-{FRAMES}.mp4"
    if not path.exists():
        unfinished = path.with_suffix(".part")
        subprocess.run([*SOURCE.format(frames=FRAMES).split(), str(unfinished)], check=True)
        unfinished.rename(path)
    return path


def ours(path, rungs, outputs):
    """A pipeline for gst-launch-1.0."""
    pads = [f"video_{n}::rendition={height}p@{kbits}k" for n, (_, height, kbits) in enumerate(rungs)]
    ends = [f"transcode.video_{n} ! filesink location={out}" for n, out in enumerate(outputs)]
    launch = f"filesrc location={path} ! qtdemux ! queue ! transcode.video stagetranscodebin name=transcode {' '.join(pads)} "
    return ["gst-launch-1.0", "-q", *(launch + " ".join(ends)).split()]


def theirs(path, rungs, outputs, threads, scaler):
    """The same settings of libx264, one process, one decoder; its own scaler, once per rung."""
    names = [f"r{n}" for n in range(len(rungs))]
    split = f"[0:v]split={len(rungs)}" + "".join(f"[{name}i]" for name in names)
    scales = [f"[{name}i]scale={w}:{h}:flags={scaler}[{name}]" for name, (w, h, _) in zip(names, rungs)]
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-threads", str(threads), "-filter_complex_threads", str(threads)]
    command += ["-i", str(path), "-filter_complex", ";".join([split, *scales])]
    for name, (_, _, kbits), out in zip(names, rungs, outputs):
        command += ["-map", f"[{name}]", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "high"]
        command += ["-threads:v", str(threads), "-b:v", f"{kbits}k", "-maxrate", f"{kbits}k", "-bufsize", f"{kbits}k"]
        command += ["-g", str(1 << 20), "-x264-params", "scenecut=0", "-bf", "0"]
        command += ["-force_key_frames", "expr:gte(t,n_forced*2)", "-f", "h264", str(out)]
    return command


def cpu_s(command):
    """User and system time of the whole process, its start included."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return used.ru_utime + used.ru_stime


def x264_settings(path):
    """As the encoder writes them into the stream."""
    said = re.search(rb"options: ([^\0]*)", path.read_bytes()[:4096])
    return dict(field.split("=") for field in said.group(1).decode().split()) if said else {}


def quality(path, encoded, width, height):
    """Luma PSNR and SSIM of the picture, made as large again as the source: favours nobody's scaler."""
    graph = "[0:v]setpts=N,scale=1920:1080:flags=bicubic,split[a][b];[1:v]setpts=N,split[c][d];[a][c]psnr;[b][d]ssim"
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-f", "h264", "-i", str(encoded), "-i", str(path)]
    said = subprocess.run([*command, "-lavfi", graph, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    return float(re.search(r"PSNR y:([\d.]+)", said).group(1)), float(re.search(r"SSIM Y:([\d.]+)", said).group(1))


def compare_quality(arguments, path, rungs):
    with tempfile.TemporaryDirectory() as folder:
        outputs = {who: [Path(folder) / f"{who}{n}" for n in range(len(rungs))] for who in ("stagedoor", "ffmpeg")}
        subprocess.run(ours(path, rungs, outputs["stagedoor"]), check=True)
        subprocess.run(theirs(path, rungs, outputs["ffmpeg"], arguments.threads, arguments.scaler), check=True)
        settings = [x264_settings(outputs[who][0]) for who in outputs]
        differing = {k: tuple(s.get(k) for s in settings) for k in settings[0].keys() | settings[1].keys()}
        print("x264 settings that differ:", {k: v for k, v in differing.items() if v[0] != v[1]})
        for n, (width, height, _) in enumerate(rungs):
            for who, files in outputs.items():
                psnr, ssim = quality(path, files[n], width, height)
                kbits = files[n].stat().st_size * 8 / (FRAMES / 30) / 1000
                print(f"{height}p {who:12} {kbits:8.0f} kbit/s  PSNR {psnr:6.2f} dB  SSIM {ssim:.4f}", flush=True)


def cost(arguments, name):
    """CPU of both in turns, and the ratio of each pair."""
    path, rungs = source(), LADDERS[name]
    nowhere = ["/dev/null"] * len(rungs)
    if arguments.quality:
        compare_quality(arguments, path, rungs)
    commands = {
        "stagedoor": ours(path, rungs, nowhere),
        "ffmpeg": theirs(path, rungs, nowhere, arguments.threads, arguments.scaler),
    }
    cpu_s(commands["stagedoor"])  # warms the registry and the film
    ratios = []
    for number in range(arguments.rounds):
        used = {}
        for who in sorted(commands, reverse=number % 2 == 0):
            used[who] = cpu_s(commands[who])
        ratios.append(used["stagedoor"] / used["ffmpeg"])
        each = "  ".join(f"{who} {seconds:6.2f} s" for who, seconds in sorted(used.items()))
        print(f"{name} {number + 1}: {each}  ratio {ratios[-1]:.3f}", flush=True)
    print(f"{name}: ratio median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}", flush=True)


def hosted(*arguments):
    said = subprocess.run([sys.executable, str(HOST), *map(str, arguments)], capture_output=True, text=True, check=False)
    if said.returncode:
        raise SystemExit(said.stderr)
    return json.loads(said.stdout)


def light(arguments):
    """What it costs to convert no picture: millicores of a stream with the element, less those without."""
    ways = ("bare", "pass", "unwatched", "opus")
    rows = {way: [] for way in ways}
    for number in range(arguments.rounds):
        for way in ways:
            rows[way].append(hosted("light", film(), way, arguments.seconds, arguments.streams)["millicores"])
        print(f"light {number + 1}: " + "  ".join(f"{way} {rows[way][-1]:.2f}" for way in ways), flush=True)
    median = {way: statistics.median(rows[way]) for way in ways}
    print(f"passing on {median['pass'] - median['bare']:.2f} millicores; nobody watching {median['unwatched'] - median['bare']:.2f}; ")
    print(f"sound to Opus {median['opus'] - median['pass']:.2f}", flush=True)


def delay(arguments):
    for number in range(arguments.rounds):
        for name, row in hosted("delay", source(), arguments.seconds).items():
            print(f"delay {number + 1}: {name:10}" + "  ".join(f"{key} {value:.2f}" for key, value in row.items()), flush=True)


def overload(arguments):
    for number in range(arguments.rounds):
        report = hosted("overload", source(), arguments.seconds)
        print(f"overload {number + 1}:")
        for line in report["told"]:
            print("   ", line)
        for phase in report["phases"]:
            print("   ", "  ".join(f"{key} {value}" for key, value in phase.items()), flush=True)


PARTS = {
    "ladder": lambda arguments: cost(arguments, "ladder"),
    "single": lambda arguments: cost(arguments, "single"),
    "light": light,
    "delay": delay,
    "overload": overload,
}


def transcode(arguments):
    for part in arguments.parts:
        PARTS[part](arguments)


def add_to(kinds):
    sub = kinds.add_parser("transcode")
    sub.set_defaults(run=transcode)
    sub.add_argument("parts", nargs="*", default=["ladder", "single", "light", "delay"], metavar="PART", help=", ".join(PARTS))
    sub.add_argument("--rounds", type=int, default=5)
    sub.add_argument("--seconds", type=int, default=20)
    sub.add_argument("--streams", type=int, default=16, help="of the part light, in one process: what wakes for each varies less")
    sub.add_argument("--threads", type=int, default=1, help="of ffmpeg's decoder and each of its encoders")
    sub.add_argument("--scaler", default="bicubic", help="ffmpeg's")
    sub.add_argument("--quality", action="store_true", help="also compare pictures and bit rates")
