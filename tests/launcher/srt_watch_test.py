#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streams that other people's players watch by SRT."""

import json
import subprocess
import tempfile
import unittest

from harness import PATIENCE_S, ROOT, SOUND, Publisher, Server, run_json, wait_until

COUNTER = ["-f", "lavfi", "-i", (ROOT / "tests/data/counter.lavfi").read_text().replace("\n", "")]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-g", "30"]
BITS = 14


class CounterPublisher(Publisher):
    """Numbers its pictures; @p encoders and @p form say how they are sent."""

    def __init__(self, credential, inputs=(*COUNTER, *SOUND), encoders=(*X264, "-c:a", "aac"), form="flv", url=None):
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8")
        url = url or credential["rtmp"]["server"] + "/" + credential["rtmp"]["key"]
        self.process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-re", *inputs, *encoders, "-f", form, url],
            stdout=self._log, stderr=self._log)


def watch(url, *what):
    """What a player makes of the stream: ffmpeg's output, and what it says."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-i", url, *what, "-"],
                          capture_output=True, timeout=PATIENCE_S, check=False)
    return done.stdout, done.stderr.decode()


def picture_numbers(url, seconds=3):
    strip, said = watch(url, "-t", str(seconds), "-map", "0:v", "-vf", "crop=640:40:0:0,scale=16:1:flags=area",
                        "-pix_fmt", "gray", "-fps_mode", "passthrough", "-f", "rawvideo")
    rows = [strip[i:i + 16] for i in range(0, len(strip), 16)]
    assert all(row[14] > 128 > row[15] for row in rows), "there is no counter in the picture"
    return [sum((row[bit] > 128) << bit for bit in range(BITS)) for row in rows], said


def codecs(url):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", url], capture_output=True,
                          timeout=PATIENCE_S, check=True)
    return sorted(stream["codec_name"] for stream in json.loads(done.stdout)["streams"])


def wait_for_picture(server):
    """Live may be the sound alone, and callers are refused before there is a picture to begin with."""
    server.wait_for_state("live/demo", "live")
    wait_until(lambda: "transcode.video_1" in server.status("live/demo")["decisions"], "a picture")


class SrtWatch(unittest.TestCase):
    def play_url(self, server, *flags):
        return server.key("live/demo", "--role", "play", *flags)["srt"]["url"]

    def assert_every_picture(self, url, at_least=75):
        numbers, said = picture_numbers(url)
        self.assertGreaterEqual(len(numbers), at_least, said)
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_what_comes_by_rtmp_is_watched_by_srt(self):
        with Server() as server:
            url = self.play_url(server)
            with CounterPublisher(server.key("live/demo")) as publisher:
                wait_for_picture(server)
                self.assertEqual(codecs(url), ["aac", "h264"])
                self.assert_every_picture(url)
                publisher.stop()
                server.wait_for_state("live/demo", "offline")
            self.assertNotIn(url.partition("key=")[2], server.log())

    def test_other_tools(self):
        with Server() as server:
            url = self.play_url(server)
            with CounterPublisher(server.key("live/demo")):
                wait_for_picture(server)
                with tempfile.NamedTemporaryFile(suffix=".ts") as file:
                    tool = subprocess.Popen(["srt-live-transmit", "-q", url, "file://con"], stdout=file)
                    wait_until(lambda: file.seek(0, 2) > 500_000, "srt-live-transmit to get something")
                    self.assertEqual(server.status("live/demo")["viewers"], 1)
                    tool.terminate()
                    tool.wait(PATIENCE_S)
                    self.assert_every_picture(file.name, at_least=30)
                wait_until(lambda: server.status("live/demo")["viewers"] == 0, "the viewer to be gone")

    def test_gstreamer(self):
        """Its own demuxer and decoders, which are stricter than ffmpeg's."""
        frame, wanted = 640 * 360 * 3 // 2, 60
        with Server() as server, tempfile.NamedTemporaryFile() as file:
            url = self.play_url(server)
            with CounterPublisher(server.key("live/demo")):
                wait_for_picture(server)
                address, _, streamid = url.partition("?streamid=")
                player = subprocess.Popen(
                    ["gst-launch-1.0", "-q", "srtsrc", f"uri={address}?mode=caller", f'streamid="{streamid}"', "!",
                     "tsdemux", "name=d", "d.", "!", "queue", "!", "h264parse", "!", "openh264dec", "!", "filesink", "buffer-mode=unbuffered",
                     f"location={file.name}", "d.", "!", "queue", "!", "aacparse", "!", "faad", "!", "fakesink"],
                    env={"PATH": "/usr/bin:/bin", "HOME": str(server.folder)})
                wait_until(lambda: file.seek(0, 2) > frame * wanted, "gst-launch-1.0 to decode")
                player.terminate()
                player.wait(PATIENCE_S)
            file.seek(0)
            numbers = []
            for _ in range(wanted):
                row = file.read(frame)[20 * 640:21 * 640]
                numbers.append(sum((row[40 * bit + 20] > 128) << bit for bit in range(BITS)))
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + wanted)))

    def test_tracks_that_are_missing_or_cant_be_carried(self):
        h265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p",
                "-g", "30", "-c:a", "libopus"]
        cases = {
            "picture": ({"inputs": COUNTER, "encoders": X264}, ["h264"]),
            "sound": ({"inputs": SOUND, "encoders": ["-c:a", "aac"]}, ["aac"]),
            "mp3": ({"encoders": [*X264, "-c:a", "libmp3lame", "-ar", "44100"]}, ["h264", "mp3"]),
            "hevc": ({"encoders": h265, "form": "mpegts"}, ["hevc", "opus"]),
        }
        with Server() as server:
            for name, (settings, expected) in cases.items():
                with self.subTest(name):
                    credential = server.key(f"live/{name}")
                    if settings.get("form") == "mpegts":
                        settings["url"] = credential["srt"]["url"]
                    url = server.key(f"live/{name}", "--role", "play")["srt"]["url"]
                    with CounterPublisher(credential, **settings):
                        server.wait_for_state(f"live/{name}", "live")
                        self.assertEqual(codecs(url), expected)

    def test_players_are_told_why_they_are_refused(self):
        with Server() as server:
            credential = server.key("live/demo")
            good = self.play_url(server)
            other = server.key("live/other", "--role", "play")["srt"]["url"]
            cases = {
                "offline": good,
                "no-key": good.partition("?key=")[0],
                "malformed": good + "x",
                "wrong-signature": other.replace("live/other", "live/demo"),
                "wrong-role": credential["srt"]["url"].replace("publish:", "request:"),
                "expired": None,
            }
            cases["expired"] = self.play_url(server, "--expires", "1s")
            for reason, url in cases.items():
                with self.subTest(reason):
                    # The key's last second may not be over yet.
                    wait_until(lambda: watch(url, "-t", "1", "-f", "null")[1] and f"refused: {reason}" in server.log(),
                               f"{reason} in the log\n{server.log()}")
            with CounterPublisher(credential):
                wait_for_picture(server)
                self.assert_every_picture(good)

    def test_revoking_a_key_ends_watching(self):
        with Server() as server:
            url = self.play_url(server)
            with CounterPublisher(server.key("live/demo")):
                wait_for_picture(server)
                player = subprocess.Popen(["ffmpeg", "-nostdin", "-loglevel", "quiet", "-i", url, "-f", "null", "-"])
                wait_until(lambda: server.status("live/demo")["viewers"] == 1, "a viewer")
                run_json("key", "revoke", url.partition("key=")[2], "--state", str(server.state))
                player.wait(PATIENCE_S)
                wait_until(lambda: server.status("live/demo")["viewers"] == 0, "no viewer")
                self.assertEqual(server.status("live/demo")["state"], "live")

    def test_the_end_of_the_stream_ends_watching(self):
        with Server() as server:
            url = self.play_url(server)
            for _ in range(2):
                with CounterPublisher(server.key("live/demo")) as publisher:
                    wait_for_picture(server)
                    player = subprocess.Popen(["ffmpeg", "-nostdin", "-loglevel", "quiet", "-i", url, "-f", "null", "-"])
                    wait_until(lambda: server.status("live/demo")["viewers"] == 1, "a viewer")
                    publisher.stop()
                    player.wait(PATIENCE_S)
                    server.wait_for_state("live/demo", "offline")


if __name__ == "__main__":
    unittest.main(verbosity=2)
