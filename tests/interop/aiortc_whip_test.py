#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""aiortc as a WHIP publisher: its own ICE, DTLS, SRTP, encoders and packetisers."""

import asyncio
import unittest

from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from aiortc_test import Viewer
from stagedoor import COUNTER, TONE, Stage, delete, post


class Publisher:
    def __init__(self, codec):
        self.peer = RTCPeerConnection()
        self.players = [MediaPlayer(COUNTER, format="lavfi"),
                        MediaPlayer(f"sine=frequency={TONE}:sample_rate=48000", format="lavfi")]
        self.video = self.peer.addTransceiver(self.players[0].video, direction="sendonly")
        self.peer.addTransceiver(self.players[1].audio, direction="sendonly")
        wanted = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType in (f"video/{codec}", "video/rtx")]
        self.video.setCodecPreferences(wanted)
        self.session = None

    async def publish(self, stage, change=lambda answer: answer):
        await self.peer.setLocalDescription(await self.peer.createOffer())
        loop = asyncio.get_running_loop()
        self.session, sdp = await loop.run_in_executor(
            None, post, stage.whip, self.peer.localDescription.sdp, stage.token)
        await self.peer.setRemoteDescription(RTCSessionDescription(change(sdp), "answer"))

    async def leave(self, stage):
        status = await asyncio.get_running_loop().run_in_executor(None, delete, self.session, stage.token)
        await self.peer.close()
        return status


class AiortcWhip(unittest.TestCase):
    def show(self, codec):
        async def run(stage):
            publisher, viewer = Publisher(codec), Viewer()
            await publisher.publish(stage)
            await viewer.join(stage.whep)
            enough = await viewer.has_seen(5)
            await viewer.leave()
            self.assertEqual(await publisher.leave(stage), 200)
            return enough, viewer.seen

        with Stage(f"live/{codec.lower()}", live=False) as stage:
            enough, seen = asyncio.run(run(stage))
        self.assertTrue(enough, f"only {len(seen.numbers)} pictures and {len(seen.samples)} samples came")
        seen.judge(self)

    def test_vp8_and_opus(self):
        self.show("VP8")

    def test_h264_and_opus(self):
        self.show("H264")


if __name__ == "__main__":
    unittest.main()
