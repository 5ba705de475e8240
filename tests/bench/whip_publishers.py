#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishes one film, as it is, to many WHIP addresses: a webrtcbin each. Standard input has the addresses and tokens."""

import ctypes
import json
import signal
import sys
import time
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402  pylint: disable=wrong-import-position

PIPELINE = (
    "webrtcbin name=peer bundle-policy=max-bundle  filesrc location={film} ! matroskademux name=film "
    "film.video_0 ! queue ! h264parse ! clocksync ! rtph264pay pt=96 config-interval=-1 aggregate-mode=zero-latency "
    "! application/x-rtp,media=video,encoding-name=H264,payload=96 ! peer. "
    "film.audio_0 ! queue ! opusparse ! clocksync ! rtpopuspay pt=97 "
    "! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! peer."
)


def stay_on_loopback(peer):
    ice = peer.get_property("ice-agent")
    # In 1.22 the object still floats here, and Python takes the only reference, which is webrtcbin's: it must not be
    # given up.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(ice))
    ice.get_property("agent").set_property("upnp", False)
    ice.emit("add-local-ip-address", "127.0.0.1")


def until(condition):
    end = time.monotonic() + 10
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("webrtcbin didn't get that far")
        time.sleep(0.02)


def wait(peer, signal_name, argument):
    promise = Gst.Promise.new()
    peer.emit(signal_name, argument, promise)
    promise.wait()
    return promise.get_reply()


def publish(film, url, token):
    pipeline = Gst.parse_launch(PIPELINE.format(film=film))
    peer = pipeline.get_by_name("peer")
    stay_on_loopback(peer)
    pipeline.set_state(Gst.State.PLAYING)
    until(lambda: all(peer.get_static_pad(pad).get_current_caps() for pad in ("sink_0", "sink_1")))
    for index in range(2):
        transceiver = peer.emit("get-transceiver", index)
        transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        transceiver.set_property("do-nack", True)
    reply = wait(peer, "create-offer", None)  # has to outlive the offer in it
    wait(peer, "set-local-description", reply.get_value("offer"))
    until(lambda: peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE)
    offer = peer.get_property("local-description").sdp.as_text()
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(url, offer.encode(), headers, method="POST"), timeout=10) as response:
        _, answer = GstSdp.SDPMessage.new_from_text(response.read().decode())
    wait(peer, "set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, answer))
    until(lambda: peer.get_property("connection-state") == GstWebRTC.WebRTCPeerConnectionState.CONNECTED)
    return pipeline


def main():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    Gst.init(None)
    pipelines = [publish(sys.argv[1], url, token) for url, token in json.loads(sys.stdin.readline())]
    print(f"{len(pipelines)} streams", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
