#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""live_test.py SECONDS KEY_DISTANCE: stagehlssink with two pictures and sound, whose publisher goes away and comes back, one of whose
pictures is lost for a while, and whose title changes, all the time watched by the validator, from before the first segment is
finished. Where key frames are KEY_DISTANCE seconds apart that fill no segment of 2 s, from when it is."""

import socket
import sys
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstVideo", "1.0")
    from gi.repository import Gst, GstVideo
except (ImportError, ValueError) as error:
    print(f"skipped: {error}")
    sys.exit(77)

from validate_hls import validate  # noqa: E402

ENCODER = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={{frames}} bitrate={} ! queue name={}"
PIPELINE = (
    "videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1 ! tee name=picture"
    " picture. ! queue ! " + ENCODER.format(300, "large") + " ! hls.video_0"
    " picture. ! queue ! videoscale ! video/x-raw,width=160,height=120 ! " + ENCODER.format(100, "small") + " ! hls.video_1"
    " audiotestsrc is-live=true ! audio/x-raw,rate=48000 ! avenc_aac ! queue name=sound ! hls.audio_0"
    " stagehlssink name=hls http-address=127.0.0.1:{port} path=/live/test")
AWAY, LOST, ROUND = 2.5, 5.0, 20.0  # seconds
MISSING = {"video_0": "large", "video_1": "small", "audio_0": "sound"}


class Stream:
    def __init__(self, key_distance):
        self.dropping = set()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.pipeline = Gst.parse_launch(PIPELINE.replace("{port}", str(self.port)).replace("{frames}", str(30 * key_distance)))
        self.pads = {name: self.pipeline.get_by_name(name).get_static_pad("src") for name in MISSING.values()}
        for name, pad in self.pads.items():
            pad.add_probe(Gst.PadProbeType.BUFFER, self.probe, name)
        self.pipeline.set_state(Gst.State.PLAYING)

    def url(self):
        return f"http://127.0.0.1:{self.port}/live/test/playlist.m3u8"

    def probe(self, _pad, info, name):
        """Nothing goes on without a key frame: as stagegatesrc has it."""
        waits = name + " waits"
        if name in self.dropping:
            self.dropping.add(waits)
            return Gst.PadProbeReturn.DROP
        if waits in self.dropping and info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT):
            return Gst.PadProbeReturn.DROP
        self.dropping.discard(waits)
        return Gst.PadProbeReturn.OK

    def lose(self, names, seconds, tell):
        self.dropping.update(names)
        for name in names if tell else ():
            structure = Gst.Structure.new_empty("stagedoor-interrupted")
            self.pads[name].push_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_DOWNSTREAM, structure))
        time.sleep(seconds)
        self.dropping.difference_update(names)
        for name in set(names) - {"sound"}:
            event = GstVideo.video_event_new_upstream_force_key_unit(Gst.CLOCK_TIME_NONE, True, 1)
            self.pads[name].send_event(event)

    def title(self, text):
        tags = Gst.TagList.new_empty()
        tags.add_value(Gst.TagMergeMode.REPLACE, Gst.TAG_TITLE, text)
        self.pads["sound"].push_event(Gst.Event.new_tag(tags))

    def disturb(self, done):
        number = 0
        while not done.wait(ROUND / 4):
            number += 1
            self.title(f"Title {number}")
            if done.wait(ROUND / 4):
                return
            self.lose(["large", "small", "sound"], AWAY, True)
            if done.wait(ROUND / 4):
                return
            self.lose(["small"], LOST, False)


def wait_for(url, agent, patience=30):
    """Until both pictures and the sound are there."""
    request = urllib.request.Request(url, headers={"User-Agent": agent})
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                if answer.read().count(b".m3u8") >= 3:
                    return
        except OSError:
            pass
        time.sleep(0.05)
    sys.exit(f"nothing at {url}")


def main(seconds, key_distance):
    Gst.init(None)
    stream = Stream(key_distance)
    long = key_distance > 2
    wait_for(stream.url(), "Mozilla/5.0" if long else "test")  # browsers get it when a segment is finished
    done = threading.Event()
    disturber = threading.Thread(target=stream.disturb, args=(done,))
    disturber.start()
    # What is away brings no parts, and the gaps of what is lost come with the segments of the others.
    report = validate(stream.url(), seconds, slack=max(AWAY, LOST))
    done.set()
    disturber.join()
    stream.pipeline.set_state(Gst.State.NULL)
    for line in report.lines():
        print(line)
    print(f"{sum(report.checked.values())} checks, {report.count(strict=True)} violations, {report.count()} of a MUST; {report.seen}")
    # Deltas are of six targets at least, and who has a gap shorter than a segment of the others has none.
    brief = () if long else ("playlists of parts only", "delta updates", "gaps")
    missing = [what for what in (*brief, "updates", "parts", "hinted parts", "segments", "discontinuities") if not report.seen.get(what)]
    if missing:
        print(f"nothing was seen of: {missing}")
    return 1 if report.count() or missing else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2])))
