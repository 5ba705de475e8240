#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs stagetranscodebin in this process, looks at it from inside, and prints JSON.

transcode_host.py light FILM WAY SECONDS N    what each of N streams costs of which no picture is converted
transcode_host.py delay FILM SECONDS          how long a picture takes, for each rung of a ladder
transcode_host.py overload FILM SECONDS       a ladder that this machine can't make, and what becomes of it
"""

import json
import sys
import threading
import time
from collections import defaultdict

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402  pylint: disable=wrong-import-position

from house import Process  # noqa: E402  pylint: disable=wrong-import-position

LADDER = ["720p30@2500k", "480p@1000k", "360p@500k"]

LIGHT = (
    "filesrc location={film} ! flvdemux name=film  film.video ! queue ! clocksync ! {video} name=video sync=false async=false "
    "film.audio ! queue ! clocksync ! {audio} name=audio sync=false async=false"
)
BIN = "transcode.{kind} {more} transcode.{kind}_0 ! {caps} fakesink"


def light_pipeline(film, way):
    if way == "bare":
        return LIGHT.format(film=film, video="fakesink", audio="fakesink")
    video = BIN.format(kind="video", caps="", more="stagetranscodebin name=transcode")
    if way == "unwatched":
        video = video.replace("name=transcode", "name=transcode video_0::rendition=360p")
    audio = BIN.format(kind="audio", caps="" if way == "pass" else "audio/x-opus !", more="")
    return LIGHT.format(film=film, video=video, audio=audio)


def demand(pad, wanted):
    """What a sink says for its viewers."""
    said = Gst.Structure.new_empty("stagedoor-demand")
    said.set_value("wanted", wanted)
    pad.send_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, said))


def light(film, way, seconds, streams):
    pipelines = [Gst.parse_launch(light_pipeline(film, way)) for _ in range(int(streams))]
    for pipeline in pipelines:
        pipeline.set_state(Gst.State.PLAYING)
        pipeline.get_state(10 * Gst.SECOND)
        if way == "unwatched":
            element = pipeline.get_by_name("transcode")
            for name in ("video_0", "audio_0"):
                demand(element.get_static_pad(name), False)
    time.sleep(8)  # by then what nobody watches has ended
    own = Process()
    own.pid = "self"
    print(json.dumps({"millicores": own.millicores(float(seconds)) / len(pipelines)}))
    for pipeline in pipelines:
        pipeline.set_state(Gst.State.NULL)


def frames_of(film):
    """All of the film's pictures and their caps."""
    pipeline = Gst.parse_launch(f"filesrc location={film} ! qtdemux ! appsink name=out sync=false")
    out = pipeline.get_by_name("out")
    pipeline.set_state(Gst.State.PLAYING)
    frames, caps = [], None
    while sample := out.emit("pull-sample"):
        caps = sample.get_caps()
        frames.append(sample.get_buffer())
    pipeline.set_state(Gst.State.NULL)
    return frames, caps


def running_time(pad, info):
    """Timestamps are the encoders' own: x264enc's begin at a thousand hours. In microseconds, for those who round."""
    segment = pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
    return round(segment.to_running_time(Gst.Format.TIME, info.get_buffer().pts) / 1000)


class Live:
    """A live source of the film, the source as it is on video_0 and a rung on each further pad."""

    def __init__(self, film, rungs, watch_encoders):
        self.frames, caps = frames_of(film)
        pads = " ".join(f"video_{n + 1}::rendition={rung}" for n, rung in enumerate(rungs))
        ends = " ".join(f"transcode.video_{n} ! fakesink name=out{n} sync=false async=false" for n in range(len(rungs) + 1))
        self.pipeline = Gst.parse_launch(
            f"appsrc name=in is-live=true format=time ! transcode.video stagetranscodebin name=transcode {pads} {ends}"
        )
        if watch_encoders:
            self.pipeline.connect("deep-element-added", self.added)
        self.source = self.pipeline.get_by_name("in")
        self.source.set_property("caps", caps)
        self.element = self.pipeline.get_by_name("transcode")
        self.began, self.encoding, self.encoded = {}, {}, {}
        self.delays = defaultdict(list)
        self.names = ["source", *rungs]
        self.pads = [self.element.get_static_pad(f"video_{n}") for n in range(len(self.names))]
        # A probe waits for Python's lock: as few as possible where nothing is to be delayed.
        for name, pad in list(zip(self.names, self.pads))[: None if watch_encoders else 1]:
            pad.add_probe(Gst.PadProbeType.BUFFER, self.came_out, name)
        self.stopping = False
        self.thread = threading.Thread(target=self.feed)

    def added(self, _pipeline, _bin, element):
        if element.get_factory().get_name() == "x264enc":
            element.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, self.encoder, (self.encoding, element))
            element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.encoder, (self.encoded, element))

    @staticmethod
    def encoder(pad, info, where):
        times, _ = where
        height = pad.get_current_caps().get_structure(0).get_value("height")
        times[height, running_time(pad, info)] = time.monotonic()
        return Gst.PadProbeReturn.OK

    def came_out(self, pad, info, name):
        now, pts = time.monotonic(), running_time(pad, info)
        total = now - self.began.get(pts, now)
        own = 0
        if name != "source":
            key = (pad.get_current_caps().get_structure(0).get_value("height"), pts)
            own = self.encoded.pop(key, now) - self.encoding.pop(key, now)
        self.delays[name].append((now, total * 1000, own * 1000))
        return Gst.PadProbeReturn.OK

    def feed(self):
        """At the film's pace, over and over."""
        start, number, length = time.monotonic(), 0, len(self.frames) * Gst.SECOND // 30
        while not self.stopping:
            turn, index = divmod(number, len(self.frames))
            frame = self.frames[index].copy()
            frame.pts = frame.dts = index * Gst.SECOND // 30 + turn * length
            time.sleep(max(0, start + frame.pts / Gst.SECOND - time.monotonic()))
            self.began[round(frame.pts / 1000)] = time.monotonic()
            self.source.emit("push-buffer", frame)
            number += 1

    def counts(self):
        """Pictures so far on each pad."""
        return [self.pipeline.get_by_name(f"out{n}").get_property("stats").get_value("rendered") for n in range(len(self.names))]

    def rates(self, seconds):
        """Pictures per second from now on; a new encoder's begin a new count."""
        came, before, start = [0] * len(self.names), self.counts(), time.monotonic()
        while time.monotonic() < start + seconds:
            time.sleep(0.5)
            after = self.counts()
            came = [sum_of + (new - old if new >= old else new) for sum_of, new, old in zip(came, after, before)]
            before = after
        return [sum_of / (time.monotonic() - start) for sum_of in came]

    def __enter__(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        self.pipeline.set_state(Gst.State.NULL)


def share(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else float("nan")


def delay(film, seconds):
    with Live(film, LADDER, True) as live:
        time.sleep(3)
        live.delays.clear()
        time.sleep(float(seconds))
        report = {}
        for name, rows in dict(live.delays).items():
            total, added = [row[1] for row in rows], [row[1] - row[2] for row in rows]
            report[name] = {"pictures": len(rows)}
            report[name] |= {f"total p{part}": share(total, part) for part in (50, 99)}
            report[name] |= {f"added p{part}": share(added, part) for part in (50, 95, 99)}
    print(json.dumps(report))


def phase(live, name, seconds):
    """A line about what comes out and how late, in the last two thirds of it."""
    time.sleep(seconds / 3)
    live.delays.clear()
    own = Process()
    own.pid = "self"
    # Also of threads that have ended: those of encoders that were replaced.
    used, start = time.process_time(), time.monotonic()
    rates = live.rates(seconds * 2 / 3)
    cores = (time.process_time() - used) / (time.monotonic() - start)
    source = [row[1] for row in live.delays["source"]]
    out = {"phase": name, "cores": round(cores, 2), "MiB": own.rss_kib() // 1024}
    out |= {f"source p{part} ms": round(share(source, part), 2) for part in (50, 99)}
    out["fps"] = " ".join(f"{rate:.0f}" for rate in rates)
    return out


class Told(threading.Thread):
    """What the element says, and when."""

    def __init__(self, live):
        super().__init__(daemon=True)
        self.bus, self.lines, self.start_s, self.names = live.pipeline.get_bus(), [], time.monotonic(), live.names
        self.start()

    def run(self):
        while message := self.bus.timed_pop_filtered(Gst.CLOCK_TIME_NONE, Gst.MessageType.ELEMENT | Gst.MessageType.APPLICATION):
            fields = message.get_structure()
            if message.type == Gst.MessageType.APPLICATION:
                return
            if fields.get_name() in ("stagedoor-decision", "stagedoor-problem"):
                name = self.names[int(fields.get_value("pad").removeprefix("video_"))]
                self.lines.append(f"{time.monotonic() - self.start_s:4.0f} s  {name}: {fields.get_value('text') or 'well'}")

    def end(self):
        self.bus.post(Gst.Message.new_application(None, Gst.Structure.new_empty("end")))
        self.join()
        return self.lines


def overload(film, seconds):
    rungs = ["h=1080,b=6M", "h=1080,b=5M", "h=1080,b=4M", "h=1080,b=3M", "h=1080,b=2M", "h=1000,b=4M", "h=1000,b=3M"]
    rungs += ["h=900,b=4M", "h=900,b=3M", "h=720,b=3M", "h=720,b=2500k", "h=480,b=1M", "h=360,b=500k"]
    phases, seconds = [], float(seconds)
    with Live(film, rungs, False) as live:
        told = Told(live)
        for name, wanted in (("source only", []), ("all", rungs), ("the four smallest", rungs[-4:])):
            for rung, pad in zip(live.names[1:], live.pads[1:]):
                demand(pad, rung in wanted)
            phases.append(phase(live, name, seconds))
        said = told.end()
    print(json.dumps({"phases": phases, "told": said}))


if __name__ == "__main__":
    sys.setswitchinterval(2e-4)  # or a probe may wait for another thread's Python for 5 ms
    Gst.init(None)
    {"light": light, "delay": delay, "overload": overload}[sys.argv[1]](*sys.argv[2:])
