#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Publishes H.264 and Opus by WHIP with webrtcbin until a signal ends it. Arguments: WHIP URL, token."""

import signal
import sys
from types import SimpleNamespace

from webrtcbin_whip_test import Publisher
from webrtcbin_test import GstWebRTC


def main():
    _, url, token = sys.argv
    publisher = Publisher("H264")
    publisher.publish(SimpleNamespace(whip=url, token=token))
    connected = GstWebRTC.WebRTCPeerConnectionState.CONNECTED
    publisher.until(lambda: publisher.peer.get_property("connection-state") == connected)
    print("sending", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
