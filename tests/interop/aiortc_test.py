#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aiortc as a WHEP viewer: its own ICE, DTLS, SRTP, depacketisers and decoders."""

import asyncio
import unittest

import aioice.ice
import numpy
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from stagedoor import Seen, Stage, delete, post

# The test stays on loopback, which aioice leaves out.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


async def collect(track, seen):
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if track.kind == "video":
            seen.picture(frame.to_ndarray(format="gray"))
        else:
            samples = frame.to_ndarray().reshape(-1, len(frame.layout.channels))
            seen.sound(samples.mean(axis=1, dtype=numpy.float64), frame.sample_rate)


async def until(condition, patience):
    end = asyncio.get_running_loop().time() + patience
    while not await condition():
        if asyncio.get_running_loop().time() > end:
            return False
        await asyncio.sleep(0.05)
    return True


class Viewer:
    def __init__(self):
        self.seen = Seen()
        self.peer = RTCPeerConnection()
        self.peer.addTransceiver("video", direction="recvonly")
        self.peer.addTransceiver("audio", direction="recvonly")
        self.tasks = []
        self.session = None
        self.peer.on("track", lambda track: self.tasks.append(asyncio.ensure_future(collect(track, self.seen))))

    async def join(self, whep):
        await self.peer.setLocalDescription(await self.peer.createOffer())
        loop = asyncio.get_running_loop()

        async def accepted():
            answer = await loop.run_in_executor(None, post, whep, self.peer.localDescription.sdp)
            if answer:
                self.session, sdp = answer
                await self.peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
            return answer is not None

        if not await until(accepted, 10):
            raise RuntimeError("the stream did not become live")

    async def has_seen(self, seconds):
        async def enough():
            return self.seen.seconds() >= seconds

        return await until(enough, seconds + 10)

    async def leave(self):
        status = await asyncio.get_running_loop().run_in_executor(None, delete, self.session)
        await self.peer.close()
        for task in self.tasks:
            task.cancel()
        return status


class Aiortc(unittest.TestCase):
    def test_five_seconds_of_picture_and_sound(self):
        async def watch(whep):
            viewer = Viewer()
            await viewer.join(whep)
            enough = await viewer.has_seen(5)
            self.assertEqual(await viewer.leave(), 200)
            return enough, viewer.seen

        with Stage("live/aiortc") as stage:
            enough, seen = asyncio.run(watch(stage.whep))
        self.assertTrue(enough, f"only {len(seen.numbers)} pictures and {len(seen.samples)} samples came")
        seen.judge(self)


if __name__ == "__main__":
    unittest.main()
