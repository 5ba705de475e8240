#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What encoders made, written as CMAF: every box is right, and ffmpeg has the same frames at the same times of it."""

import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from mp4_boxes import Checker

WRITER = sys.argv.pop(1)
PICTURES = "testsrc2=size=322x180:rate=30000/1001"
UNEVEN = PICTURES + ",select='not(eq(mod(n,7),3)+eq(mod(n,11),5)+between(mod(n,60),20,34))'"
SOUND = "sine=frequency=440:sample_rate=48000:beep_factor=4"

# Name; codec for the writer, with a + when a frame tells the setup; name for players; what makes it.
SOURCES = [
    ("H.264 with B-frames", "h264", "avc1.64000d", PICTURES, "-c:v libx264 -bf 3 -b_strategy 0 -g 45"),
    ("H.264, shown before decoded", "h264", "avc1.64000d", PICTURES,
     "-c:v libx264 -bf 3 -g 45 -movflags +negative_cts_offsets"),
    ("H.264, uneven", "h264", "avc1.64000d", UNEVEN, "-c:v libx264 -bf 2 -g 60 -vsync vfr"),
    ("H.264, baseline, anamorphic, HDR", "h264", "avc1.42c00d", PICTURES + ",setsar=16/11",
     "-c:v libx264 -profile:v baseline -g 30 -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc"),
    ("HEVC with B-frames", "h265", "hvc1.1.6.L60.90", PICTURES, "-c:v libx265 -tag:v hvc1 -x265-params log-level=1:keyint=40:bframes=4"),
    ("HEVC, 10 bit", "h265", "hvc1.2.4.L60.90", PICTURES + ",format=yuv420p10",
     "-c:v libx265 -tag:v hvc1 -preset ultrafast -x265-params log-level=1:keyint=40"),
    ("AV1", "av1+", "av01.0.00M.08", PICTURES, "-c:v libaom-av1 -cpu-used 8 -usage realtime -g 40"),
    ("AV1 by SVT", "av1", "av01.0.00M.08", PICTURES, "-c:v libsvtav1 -preset 12 -g 40"),
    ("AV1, HDR", "av1+", "av01.0.00M.10", PICTURES + ",format=yuv420p10", "-c:v libaom-av1 -cpu-used 8 -usage realtime"
     " -g 40 -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc"),
    ("VP9", "vp9+", "vp09.00.20.08", PICTURES, "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 40"),
    ("AAC", "aac", "mp4a.40.2", SOUND, "-c:a aac -b:a 96k"),
    ("AAC, 44,100 Hz, mono", "aac", "mp4a.40.2", SOUND + ",aresample=44100", "-c:a aac -ac 1"),
    ("Opus", "opus", "opus", SOUND, "-c:a libopus -b:a 64k -ac 2"),
    ("MP3", "mp3+", "mp4a.40.34", SOUND, "-c:a libmp3lame -b:a 96k -ac 2"),
    ("MP3, 22,050 Hz", "mp3+", "mp4a.40.34", SOUND + ",aresample=22050", "-c:a libmp3lame -b:a 48k"),
]
SECONDS = 4
FLAGS = "frag_keyframe+empty_moov+default_base_moof"


def call(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False, **options)
    if done.returncode:
        raise AssertionError(f"{command[0]}: {done.stderr.decode(errors='replace')}")
    return done


def make(folder, source, how):
    """By ffmpeg's own writer of fragmented MP4; returns its bytes."""
    path = folder / "source.mp4"
    call("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, *how.split(), "-t", SECONDS, "-use_editlist", "0",
         "-movflags", "+" + FLAGS, "-frag_duration", "500000", path)
    return path.read_bytes()


def take_apart(data):
    """(track, samples, their data), by the checker, which has no part in writing."""
    begin = data.index(b"moof") - 4
    checker = Checker(data[:begin], "source")
    held = []
    checker._content = lambda content, where: held.append(content)
    end = data.rindex(b"mfra") - 4 if b"mfra" in data else len(data)
    checker.feed(data[begin:end], "source")
    return checker.track, checker.samples, held


def setup_of(codec, track, first):
    if codec.endswith("+"):
        return first
    if codec == "opus":  # OpusHead has the same fields, least significant byte first
        channels, pre_skip, rate, gain, family = struct.unpack(">xBHIhB", track.config[:11])
        return b"OpusHead" + struct.pack("<BBHIhB", 1, channels, pre_skip, rate, gain, family) + track.config[11:]
    return track.config


def records(setup, samples, held, base):
    out = [struct.pack(">I", len(setup)), setup]
    for sample, data in zip(samples, held):
        out.append(struct.pack(">QIiBI", sample.dts + base, sample.duration, sample.pts - sample.dts, sample.key, len(data)))
        out.append(data)
    return b"".join(out)


def packets(path):
    """(dts, pts, size, key). Where samples are shown before they are decoded ffmpeg delays all."""
    shown = json.loads(call("ffprobe", "-v", "error", "-of", "json", "-show_entries", "packet=pts,dts,size,flags",
                            path).stdout)["packets"]
    return [(int(one["dts"]), int(one["pts"]), int(one["size"]), "K" in one["flags"]) for one in shown]


def complaints_of_ffmpeg(path):
    """What it says while it decodes all, and when it reads the boxes."""
    # "url " is what it doesn't know.
    said = call("ffmpeg", "-v", "warning", "-i", path, "-f", "null", "-").stderr.decode()
    trace = call("ffprobe", "-v", "trace", "-show_streams", path).stderr.decode(errors="replace").lower()
    bad = ("invalid", "error", "unknown", "corrupt", "broken", "missing", "overread", "unsupported", "skipping")
    return said.splitlines() + [line for line in trace.splitlines() if any(word in line for word in bad)
                                and "unknown dref type 0x206c7275" not in line]


class Cmaf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, codec, timescale, ticks, data):
        name = call(WRITER, self.folder, codec, timescale, ticks, input=data).stdout.decode().strip()
        return name, (self.folder / "init.mp4").read_bytes(), [
            path.read_bytes() for path in sorted(self.folder.glob("*.m4s"))]

    def examine(self, init, chunks, samples, base):
        checker = Checker(init)
        for number, chunk in enumerate(chunks, 1):
            checker.feed(chunk, f"chunk {number}")
        self.assertEqual(checker.report.errors + checker.report.warnings, [])
        expected = [(one.dts + base, one.pts + base, one.duration, one.size, one.key) for one in samples]
        self.assertEqual([(one.dts, one.pts, one.duration, one.size, one.key) for one in checker.samples], expected)
        early = max(0, *(one.dts - one.pts for one in samples))
        whole = self.folder / "whole.mp4"
        whole.write_bytes(init + b"".join(chunks))
        self.assertEqual(packets(whole), [(dts, pts + early, size, key) for dts, pts, _, size, key in expected])
        self.assertEqual(complaints_of_ffmpeg(whole), [])
        return whole

    def frames(self, path):
        shown = call("ffprobe", "-v", "error", "-count_frames", "-of", "json", "-show_streams", path).stdout
        return json.loads(shown)["streams"][0]


def add(number, name, codec, string, source, how):
    def test(self):
        track, samples, held = take_apart(make(self.folder, source, how))
        self.assertGreater(len(samples), 40)
        base = 0 if number % 2 else 0x123456789a  # more than 32 bits
        part = track.timescale // 5
        said, init, chunks = self.write(codec, track.timescale, part,
                                        records(setup_of(codec, track, held[0]), samples, held, base))
        self.assertEqual(said, string)
        self.assertGreater(len(chunks), SECONDS * 3)
        stream = self.frames(self.examine(init, chunks, samples, base))
        self.assertEqual(int(stream["nb_read_frames"]), len(samples))
        if "B-frames" in name:
            self.assertGreater(len({one.pts - one.dts for one in samples}), 2)
        if "before" in name:
            self.assertTrue(any(one.pts < one.dts for one in samples))
        if "uneven" in name:
            self.assertGreater(len({one.duration for one in samples}), 2)
        if "HDR" in name:
            self.assertEqual((stream["color_primaries"], stream["color_transfer"]), ("bt2020", "smpte2084"))
            self.assertIn(b"colrnclx\0\x09\0\x10\0\x09\0", init)
        if "anamorphic" in name:
            self.assertEqual(stream["sample_aspect_ratio"], "16:11")
        if codec == "opus":
            sound = call("ffmpeg", "-v", "error", "-i", self.folder / "whole.mp4", "-f", "s16le", "-").stdout
            skipped = 960 * len(samples) - len(sound) // 4
            self.assertEqual(skipped, struct.unpack(">H", track.config[2:4])[0])
    setattr(Cmaf, f"test_{number:02}_" + "".join(c if c.isalnum() else "_" for c in name), test)


for index, source_row in enumerate(SOURCES):
    add(index, *source_row)

if __name__ == "__main__":
    unittest.main(verbosity=2)
