#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A WHIP publisher on a bad network: packets get lost, or it vanishes without a word."""

import asyncio
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request

from aiortc_test import Viewer
from aiortc_whip_test import Publisher
from stagedoor import FOREIGN_ENV, Stage, headers


class Relay:
    """A UDP relay on loopback that loses some of what goes to the server."""

    def __init__(self, server, loss):
        self.loss = loss
        self.random = random.Random(20261124)
        self.near, self.far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        self.near.bind(("127.0.0.1", 0))
        self.far.connect(server)
        self.publisher = None
        self.lost = 0
        for run in (self._forth, self._back):
            threading.Thread(target=run, daemon=True).start()

    @property
    def port(self):
        return self.near.getsockname()[1]

    def _forth(self):
        while True:
            packet, self.publisher = self.near.recvfrom(2048)
            is_media = 128 <= packet[0] < 192 and not 192 <= packet[1] <= 223
            if is_media and self.random.random() < self.loss:
                self.lost += 1
            else:
                self.far.send(packet)

    def _back(self):
        while True:
            packet = self.far.recv(2048)
            if self.publisher:
                self.near.sendto(packet, self.publisher)


def candidate_of(answer):
    found = re.search(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", answer, re.IGNORECASE)
    return found[1], int(found[2])


class WhipNetwork(unittest.TestCase):
    def test_two_percent_of_loss_is_not_seen(self):
        async def run(stage):
            relays = []

            def through_relay(answer):
                host, port = candidate_of(answer)
                relays.append(Relay((host, port), 0.02))
                return answer.replace(f" {host} {port} ", f" 127.0.0.1 {relays[0].port} ")

            publisher, viewer = Publisher("VP8"), Viewer()
            await publisher.publish(stage, through_relay)
            await viewer.join(stage.whep)
            enough = await viewer.has_seen(8)
            await viewer.leave()
            await publisher.leave(stage)
            return enough, viewer.seen, relays[0].lost

        with Stage("live/loss", live=False) as stage:
            enough, seen, lost = asyncio.run(run(stage))
        self.assertTrue(enough, f"only {len(seen.numbers)} pictures and {len(seen.samples)} samples came")
        self.assertGreater(lost, 5)
        self.assertNotIn(None, seen.numbers, "illegible pictures")
        gaps = [b - a for a, b in zip(seen.numbers, seen.numbers[1:])]
        self.assertLess(max(gaps), 30, f"{lost} packets lost: {gaps}")

    def test_who_is_stopped_is_gone_within_ten_seconds(self):
        with Stage("live/stopped", live=False) as stage:
            command = [sys.executable, __file__, "--publish", stage.whip, stage.token]
            with subprocess.Popen(command, env=FOREIGN_ENV, stdout=subprocess.PIPE, text=True) as child:
                try:
                    session = child.stdout.readline().strip()
                    self.assertTrue(self.is_there(session, stage))
                    time.sleep(2)  # it streams for a while
                    child.send_signal(signal.SIGSTOP)
                    since = time.monotonic()
                    while self.is_there(session, stage) and time.monotonic() < since + 20:
                        time.sleep(0.1)
                    self.assertLess(time.monotonic() - since, 11)
                finally:
                    child.kill()

    def is_there(self, session, stage):
        try:
            with urllib.request.urlopen(urllib.request.Request(session, headers=headers(stage.token))):
                return True
        except urllib.error.HTTPError as error:
            self.assertEqual(error.code, 404)
            return False


async def publish(whip, token):
    class Place:
        pass

    place = Place()
    place.whip, place.token = whip, token
    publisher = Publisher("VP8")
    await publisher.publish(place)
    print(publisher.session, flush=True)
    await asyncio.sleep(60)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--publish"]:
        asyncio.run(publish(*sys.argv[2:]))
    else:
        unittest.main()
