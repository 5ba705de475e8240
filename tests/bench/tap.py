# SPDX-License-Identifier: LGPL-2.1-or-later
"""A wire tap between publisher and server: remembers when which bytes passed, to find a frame's way through the server."""

import selectors
import socket
import threading
import time


class Tap:
    """Forwards one connection, on a thread of its own, until either side closes."""

    def __init__(self, server_port):
        self.bytes = bytearray()
        self.reads = []  # (offset of its first byte, wall-clock microseconds)
        self.server_port = server_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.forward, daemon=True)
        self.thread.start()

    def forward(self):
        try:
            self.pass_on()
        except ConnectionError:
            pass  # the publisher was stopped in the middle of a write

    def pass_on(self):
        publisher, _ = self.listener.accept()
        server = socket.create_connection(("127.0.0.1", self.server_port))
        with selectors.DefaultSelector() as selector:
            for this, other in ((publisher, server), (server, publisher)):
                this.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(this, selectors.EVENT_READ, other)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    now = time.time_ns() // 1000
                    if not data:
                        return
                    if key.fileobj is publisher:
                        self.reads.append((len(self.bytes), now))
                        self.bytes += data
                    key.data.sendall(data)

    def arrivals(self, needle, begin):
        """(offset, time) of each place at or after @begin where @needle passed."""
        at = self.bytes.find(needle, begin)
        while at >= 0:
            low, high = 0, len(self.reads)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self.reads[middle][0] <= at else (low, middle)
            yield at, self.reads[low][1]
            at = self.bytes.find(needle, at + 1)


def delays_ms(tap, frame_log):
    """Publisher's bytes to the frame's last packet at the viewer. The log has a line per frame: wall-clock microseconds
    of its first and its last packet, three fields not used here, and the first bytes of its first slice in hex."""
    delays, begin = [], 0
    for line in frame_log.read_text(encoding="ascii").splitlines():
        fields = line.split()
        if len(fields) < 6:
            continue
        last = int(fields[1])
        for at, arrived in tap.arrivals(bytes.fromhex(fields[5]), begin):
            if 0 <= last - arrived < 5_000_000:
                begin = at
                delays.append((last - arrived) / 1000)
                break
    return delays
