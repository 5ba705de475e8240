#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Watches by WHEP with aiortc until it is told to end, and tells the time of each picture. Argument: WHEP URL."""

import asyncio
import signal
import sys
import time

from aiortc_test import Viewer


async def main():
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    viewer = Viewer()
    viewer.seen.picture = lambda _luma: print("picture", round(time.time() * 1000), flush=True)
    viewer.seen.sound = lambda _samples, _rate: None
    viewer.peer.on("connectionstatechange", lambda: print(viewer.peer.connectionState, flush=True))
    await viewer.join(sys.argv[1])
    await end.wait()
    # Whoever is told 200 had a session up to now.
    print("left", await viewer.leave(), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
