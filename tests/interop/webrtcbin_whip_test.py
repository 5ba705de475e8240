#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer's webrtcbin as a WHIP publisher: libnice, its own DTLS and SRTP, x264 and VP8."""

import asyncio
import time
import os
import sys
import unittest

from stagedoor import TONE, Stage, delete, loudest_tone, post  # first: it takes away the server's environment
from aiortc_test import Viewer
from webrtcbin_test import Gst, GstSdp, GstWebRTC, stay_on_loopback

ENCODERS = {
    "H264": "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=60 ! video/x-h264,profile=constrained-baseline"
            " ! rtph264pay pt=96 config-interval=-1 aggregate-mode=zero-latency",
    "VP8": "vp8enc deadline=1 keyframe-max-dist=60 ! rtpvp8pay pt=96",
}


# webrtcbin takes nothing before it is connected, and what live sources made up to then would come at once.
NEW_ONLY = "queue leaky=downstream max-size-buffers=2"


class Publisher:
    def __init__(self, codec):
        self.pipeline = Gst.parse_launch(
            "webrtcbin name=peer bundle-policy=max-bundle "
            f"videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1 ! {NEW_ONLY} ! videoconvert"
            f" ! video/x-raw,format=I420 ! {ENCODERS[codec]} ! application/x-rtp,media=video,encoding-name={codec},payload=96 ! peer. "
            f"audiotestsrc is-live=true freq={TONE} ! audio/x-raw,rate=48000,channels=2 ! {NEW_ONLY} ! opusenc ! rtpopuspay pt=97"
            " ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer. ")
        self.peer = self.pipeline.get_by_name("peer")
        stay_on_loopback(self.peer)

    def wait(self, signal, *arguments):
        promise = Gst.Promise.new()
        self.peer.emit(signal, *arguments, promise)
        promise.wait()
        return promise.get_reply()

    def publish(self, stage):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.until(lambda: self.peer.get_static_pad("sink_0").get_current_caps()
                   and self.peer.get_static_pad("sink_1").get_current_caps())
        for index in range(2):
            transceiver = self.peer.emit("get-transceiver", index)
            transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
            transceiver.set_property("do-nack", True)
        reply = self.wait("create-offer", None)
        self.wait("set-local-description", reply.get_value("offer"))
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        self.until(lambda: self.peer.get_property("ice-gathering-state") == complete)
        offer = self.peer.get_property("local-description").sdp.as_text()
        self.session, answer = post(stage.whip, offer, stage.token)
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        self.wait("set-remote-description",
                  GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp))

    def until(self, condition):
        end = time.monotonic() + 10
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("webrtcbin didn't get that far")
            time.sleep(0.02)


class WebrtcbinWhip(unittest.TestCase):
    def show(self, codec):
        async def watch(whep):
            viewer = Viewer()
            await viewer.join(whep)
            enough = await viewer.has_seen(5)
            await viewer.leave()
            return enough, viewer.seen

        with Stage(f"live/{codec.lower()}", live=False) as stage:
            publisher = Publisher(codec)
            publisher.publish(stage)
            enough, seen = asyncio.run(watch(stage.whep))
            self.assertEqual(delete(publisher.session, stage.token), 200)
            publisher.pipeline.set_state(Gst.State.NULL)
        self.assertTrue(enough, f"only {len(seen.numbers)} pictures and {len(seen.samples)} samples came")
        hertz, share = loudest_tone(seen.samples[seen.rate : 3 * seen.rate], seen.rate)
        self.assertAlmostEqual(hertz, TONE, delta=5)
        self.assertGreater(share, 0.8)

    def test_h264_and_opus(self):
        self.show("H264")

    def test_vp8_and_opus(self):
        self.show("VP8")


if __name__ == "__main__":
    # Threads of webrtcbin may outlive it, and crash in the interpreter's end.
    result = unittest.main(exit=False).result
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(not result.wasSuccessful())
