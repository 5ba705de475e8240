#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""GStreamer's webrtcbin as a WHEP viewer: libnice, GStreamer's DTLS, libsrtp and rtpbin."""

import ctypes
import time
import unittest

import numpy
from stagedoor import Seen, Stage, delete, post

import gi  # after stagedoor, which has taken away the server's plugins

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstApp, GstSdp, GstWebRTC  # noqa: E402  pylint: disable=wrong-import-position

Gst.init(None)

VIDEO = ("application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,"
         "packetization-mode=(string)1,profile-level-id=(string)42e01f")
AUDIO = "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2"
TAILS = {
    "video": "videoconvert ! video/x-raw,format=GRAY8 ! appsink name=out emit-signals=true sync=false",
    "audio": "audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1 "
             "! appsink name=out emit-signals=true sync=false",
}


def stay_on_loopback(peer):
    ice = peer.get_property("ice-agent")
    # In 1.22 the object still floats here, and Python takes the only reference, which is webrtcbin's: it must not be
    # given up.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(ice))
    ice.get_property("agent").set_property("upnp", False)
    ice.emit("add-local-ip-address", "127.0.0.1")


class Viewer:
    def __init__(self):
        self.seen = Seen()
        self.pipeline = Gst.Pipeline.new("viewer")
        self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
        self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.peer.set_property("latency", 50)
        self.pipeline.add(self.peer)
        stay_on_loopback(self.peer)
        for caps in (VIDEO, AUDIO):
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        self.peer.connect("pad-added", self._on_pad)

    def offer(self):
        """The offer with all candidates in it."""
        self.pipeline.set_state(Gst.State.PLAYING)
        created, applied = Gst.Promise.new(), Gst.Promise.new()
        self.peer.emit("create-offer", None, created)
        created.wait()
        reply = created.get_reply()  # must live as long as what is taken from it
        self.peer.emit("set-local-description", reply.get_value("offer"), applied)
        applied.wait()
        end = time.monotonic() + 10
        while self.peer.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            if time.monotonic() > end:
                raise RuntimeError("gathering did not end")
            time.sleep(0.02)
        return self.peer.get_property("local-description").sdp.as_text()

    def accept(self, text):
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        promise = Gst.Promise.new()
        self.peer.emit("set-remote-description", answer, promise)
        promise.wait()

    def _on_pad(self, _peer, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin")
        decoder.connect("pad-added", self._on_decoded)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def _on_decoded(self, _decoder, pad):
        kind = pad.get_current_caps().get_structure(0).get_name().partition("/")[0]
        tail = Gst.parse_bin_from_description(TAILS[kind], True)
        self.pipeline.add(tail)
        tail.get_by_name("out").connect("new-sample", self._on_video if kind == "video" else self._on_audio)
        tail.sync_state_with_parent()
        pad.link(tail.get_static_pad("sink"))

    def _on_video(self, out):
        sample = out.emit("pull-sample")
        shape = sample.get_caps().get_structure(0)
        width, height = shape.get_int("width")[1], shape.get_int("height")[1]
        data = sample.get_buffer().extract_dup(0, sample.get_buffer().get_size())
        stride = len(data) // height
        self.seen.picture(numpy.frombuffer(data, numpy.uint8).reshape(height, stride)[:, :width])
        return Gst.FlowReturn.OK

    def _on_audio(self, out):
        buffer = out.emit("pull-sample").get_buffer()
        self.seen.sound(numpy.frombuffer(buffer.extract_dup(0, buffer.get_size()), numpy.int16), 48000)
        return Gst.FlowReturn.OK

    def close(self):
        self.pipeline.set_state(Gst.State.NULL)

    def error(self):
        message = self.pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR)
        return message.parse_error() if message else None


class Webrtcbin(unittest.TestCase):
    def watch(self, whep, seconds):
        """What a viewer of so many seconds has seen."""
        viewer = Viewer()
        offer = viewer.offer()
        end = time.monotonic() + 10
        while (accepted := post(whep, offer)) is None:
            self.assertLess(time.monotonic(), end, "the stream did not become live")
            time.sleep(0.05)
        session, answer = accepted
        viewer.accept(answer)
        end = time.monotonic() + seconds + 10
        while viewer.seen.seconds() < seconds and time.monotonic() < end:
            self.assertIsNone(viewer.error())
            time.sleep(0.05)
        self.assertEqual(delete(session), 200)
        viewer.close()
        return viewer.seen

    def test_five_seconds_of_picture_and_sound(self):
        with Stage("live/webrtcbin") as stage:
            seen = self.watch(stage.whep, 5)
        self.assertGreaterEqual(seen.seconds(), 5, f"{len(seen.numbers)} pictures, {len(seen.samples)} samples")
        seen.judge(self)


if __name__ == "__main__":
    unittest.main()
