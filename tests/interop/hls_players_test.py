#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ffmpeg's and GStreamer's players take what stagehlssink serves, to the frame."""

import json
import socket
import subprocess
import threading
import time
import unittest
import urllib.error
import urllib.request

FRAMES, SHOWN = 240, 90
PATIENCE_S = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stream:
    """A test picture with B-frames, and sound. The sound goes on when the picture has ended, and the element with it."""

    def __init__(self, frames):
        self.base = f"http://127.0.0.1:{free_port()}/live/demo"
        address = self.base.split("/")[2]
        self.process = subprocess.Popen(
            f"gst-launch-1.0 -q videotestsrc is-live=true num-buffers={frames} pattern=ball "
            "! video/x-raw,format=I420,width=320,height=240,framerate=30/1 "
            "! x264enc key-int-max=30 bframes=2 speed-preset=ultrafast ! hls.video_0 "
            "audiotestsrc is-live=true ! audioconvert ! avenc_aac ! hls.audio_0 "
            f"stagehlssink name=hls path=/live/demo http-address={address}".split()
        )

    def get(self, place):
        with urllib.request.urlopen(f"{self.base}/{place}", timeout=PATIENCE_S) as answer:
            return answer.read().decode()

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                if condition():
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            if time.monotonic() > end:
                raise TimeoutError("what was waited for hasn't happened")
            time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def probe(url, *options):
    command = ["ffprobe", "-v", "error", "-of", "json", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    return json.loads(done.stdout), done.stderr


class Players(unittest.TestCase):
    def test_ffmpeg_gets_every_frame(self):
        with Stream(FRAMES) as stream:
            stream.wait_until(lambda: "#EXTINF:" in stream.get("hls/video_0.m3u8") and "#EXTINF:" in stream.get("hls/audio_0.m3u8"))
            self.probe_streams(stream)
            stream.wait_until(lambda: "#EXT-X-ENDLIST" in stream.get("hls/video_0.m3u8"))
            found, complaints = probe(
                stream.base + "/hls/video_0.m3u8", "-live_start_index", "0", "-show_entries", "packet=pts,dts:frame=pts", "-select_streams", "v"
            )
            self.assertEqual(complaints, "")
            packets = [p for p in found["packets_and_frames"] if p["type"] == "packet"]
            frames = [f for f in found["packets_and_frames"] if f["type"] == "frame"]
            self.assertEqual(len(packets), FRAMES)
            self.assertEqual(len(frames), FRAMES)
            shown = sorted(p["pts"] for p in packets)
            self.assertEqual({b - a for a, b in zip(shown, shown[1:])}, {3000})
            self.assertTrue(any(p["pts"] != p["dts"] for p in packets), "there should be B-frames")

    def test_gstreamer_plays(self):
        with Stream(3000) as stream:
            stream.wait_until(lambda: stream.get("hls/video_0.m3u8").count("#EXTINF") >= 2)
            self.play(stream)

    def test_those_who_come_first_are_not_too_early(self):
        """When there are parts, and no segment that ffmpeg and GStreamer could read."""
        for player in (self.play, self.probe_streams):
            with self.subTest(player=player.__name__), Stream(3000) as stream:
                stream.wait_until(lambda: "#EXT-X-PART:" in stream.get("hls/video_0.m3u8"))
                self.assertNotIn("#EXTINF", stream.get("hls/video_0.m3u8"))
                player(stream)

    def probe_streams(self, stream):
        found, complaints = probe(stream.base + "/playlist.m3u8", "-show_streams")
        self.assertEqual({s["codec_name"] for s in found["streams"]}, {"h264", "aac"})
        self.assertEqual(complaints, "")

    def play(self, stream):
        player = subprocess.Popen(
            ["gst-launch-1.0", "-v", "playbin3", f"uri={stream.base}/playlist.m3u8", "video-sink=fakesink name=seen silent=false",
             "audio-sink=fakesink name=heard silent=false"],
            stdout=subprocess.PIPE, text=True,
        )
        watch = threading.Timer(PATIENCE_S, player.kill)
        watch.start()
        said, seen, heard = "", 0, 0
        for line in player.stdout:
            said += line
            seen += "seen: last-message = chain" in line
            heard += "heard: last-message = chain" in line
            if seen >= SHOWN and heard >= SHOWN:
                break
        player.kill()
        player.wait()
        player.stdout.close()
        watch.cancel()
        self.assertGreaterEqual(min(seen, heard), SHOWN, said[-3000:])
        self.assertRegex(said, "GstHLSDemux2?:")


if __name__ == "__main__":
    unittest.main(verbosity=2)
