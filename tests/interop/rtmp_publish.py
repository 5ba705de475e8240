#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishes an FLV file in real time, with timestamps that encoders in trouble send."""

import argparse
import struct
import sys
import time

from rtmp_client import AUDIO, VIDEO, Publisher, Refused


def read_flv(data):
    """(type, timestamp in ms, body) of each audio and video tag."""
    at = struct.unpack(">I", data[5:9])[0] + 4
    while at + 11 <= len(data):
        kind, size = data[at] & 31, int.from_bytes(data[at + 1 : at + 4], "big")
        timestamp = int.from_bytes(data[at + 4 : at + 7], "big") | data[at + 7] << 24
        if kind in (AUDIO, VIDEO):
            yield kind, timestamp, data[at + 11 : at + 11 + size]
        at += 11 + size + 4


def play(publisher, tags, jump_at, jump):
    """Sends each tag when its time has come."""
    begun = time.monotonic()
    jumped = False
    for kind, timestamp, body in tags:
        time.sleep(max(begun + timestamp / 1000 - time.monotonic(), 0))
        offset = jump if timestamp >= jump_at else 0
        publisher.send(kind, timestamp + offset, body)
        if offset and not jumped:
            print("jumped", flush=True)
            jumped = True


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video-late", type=float, default=0, metavar="S", help="the picture begins so much later")
    parser.add_argument("--jump-at", type=float, default=0, metavar="S", help="when the timestamps jump")
    parser.add_argument("--jump", type=float, default=0, metavar="S", help="by how much, maybe negative")
    parser.add_argument("file")
    parser.add_argument("url")
    options = parser.parse_args()
    with open(options.file, "rb") as file:
        tags = list(read_flv(file.read()))
    late = round(options.video_late * 1000)
    tags = [(kind, timestamp + (late if kind == VIDEO else 0), body) for kind, timestamp, body in tags]
    tags.sort(key=lambda tag: tag[1])
    try:
        publisher = Publisher(options.url)
    except Refused as why:
        print(why, file=sys.stderr)
        return 1
    print("published", flush=True)
    try:
        play(publisher, tags, options.jump_at * 1000, round(options.jump * 1000))
    except KeyboardInterrupt:
        pass
    except OSError as why:
        print(why, file=sys.stderr)
        return 1
    finally:
        publisher.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
