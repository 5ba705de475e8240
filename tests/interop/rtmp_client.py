# SPDX-License-Identifier: LGPL-2.1-or-later
"""As little of an RTMP publisher as a test needs: it sends what it is told to, also what no encoder would."""

import os
import socket
import struct
from urllib.parse import urlsplit

CHUNK_SIZE = 4096
AUDIO, VIDEO = 8, 9


class Refused(Exception):
    """The server said no; the text is its own."""


def amf(value):
    if value is None:
        return b"\x05"
    if isinstance(value, bool):
        return struct.pack(">BB", 1, value)
    if isinstance(value, (int, float)):
        return struct.pack(">Bd", 0, value)
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BH", 2, len(text)) + text
    members = b"".join(amf(name)[1:] + amf(member) for name, member in value.items())
    return b"\x03" + members + b"\x00\x00\x09"


def read_amf(data):
    """(value, rest) of the kinds that servers send in answers."""
    kind, data = data[0], data[1:]
    if kind == 0:
        return struct.unpack(">d", data[:8])[0], data[8:]
    if kind == 1:
        return bool(data[0]), data[1:]
    if kind == 2:
        end = 2 + struct.unpack(">H", data[:2])[0]
        return data[2:end].decode(), data[end:]
    if kind in (5, 6):
        return None, data
    if kind not in (3, 8):
        raise ValueError(f"AMF0 marker {kind}")
    if kind == 8:
        data = data[4:]
    members = {}
    while data[:3] != b"\x00\x00\x09":
        end = 2 + struct.unpack(">H", data[:2])[0]
        members[data[2:end].decode()], data = read_amf(data[end:])
    return members, data[3:]


class Publisher:
    """Connects and publishes to rtmp://host:port/app/stream?query; raises Refused."""

    def __init__(self, url, patience=10):
        parts = urlsplit(url)
        self.app, _, name = parts.path.lstrip("/").partition("/")
        self.name = f"{name}?{parts.query}" if parts.query else name
        self.stream = 0
        self.chunk_size = 128  # of what the server sends
        self.heads = {}  # chunk stream -> [timestamp, length, type, body so far]
        self.socket = socket.create_connection((parts.hostname, parts.port or 1935), patience)
        self._shake_hands()
        self._send(2, 1, 0, 0, struct.pack(">I", CHUNK_SIZE))
        location = f"{parts.scheme}://{parts.netloc}/{self.app}"
        self._call("connect", 1, {"app": self.app, "type": "nonprivate", "flashVer": "FMLE/3.0", "tcUrl": location})
        self._answer("_result")
        self._call("releaseStream", 2, None, self.name)
        self._call("FCPublish", 3, None, self.name)
        self._call("createStream", 4, None)
        self.stream = int(self._answer("_result", 4)[-1])
        self._call("publish", 5, None, self.name, "live")
        self._answer("onStatus")

    def send(self, kind, timestamp, body):
        """One FLV tag body; the timestamp is in milliseconds and wraps at 32 bits."""
        self._send(6 if kind == VIDEO else 4, kind, self.stream, timestamp & 0xFFFFFFFF, body)

    def close(self):
        try:
            self._call("FCUnpublish", 6, None, self.name)
            self._call("deleteStream", 7, None, self.stream)
        except OSError:
            pass
        self.socket.close()

    def _shake_hands(self):
        hello = bytes(8) + os.urandom(1528)
        self.socket.sendall(b"\x03" + hello)
        answer = self._receive(1 + 1536)
        self.socket.sendall(answer[1:])
        self._receive(1536)

    def _receive(self, count):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                raise Refused("the server closed the connection")
            data += piece
        return data

    def _send(self, chunk_stream, kind, stream, timestamp, body):
        late = struct.pack(">I", timestamp) if timestamp >= 0xFFFFFF else b""
        head = struct.pack(">I", min(timestamp, 0xFFFFFF))[1:] + struct.pack(">I", len(body))[1:]
        message = bytes([chunk_stream]) + head + bytes([kind]) + struct.pack("<I", stream) + late
        for start in range(0, max(len(body), 1), CHUNK_SIZE):
            if start:
                message += bytes([0xC0 | chunk_stream]) + late
            message += body[start : start + CHUNK_SIZE]
        self.socket.sendall(message)

    def _call(self, name, transaction, *arguments):
        stream = self.stream if name == "publish" else 0
        self._send(3, 20, stream, 0, b"".join(amf(value) for value in (name, transaction, *arguments)))

    def _message(self):
        """(type, body) of the next whole message."""
        while True:
            first = self._receive(1)[0]
            size = (11, 7, 3, 0)[first >> 6]
            head = self._receive(size)
            message = self.heads.setdefault(first & 63, [0, 0, 0, b""])
            if size >= 3:
                message[0] = int.from_bytes(head[:3], "big")
            if size >= 7:
                message[1:3] = int.from_bytes(head[3:6], "big"), head[6]
            if message[0] == 0xFFFFFF:
                self._receive(4)
            message[3] += self._receive(min(self.chunk_size, message[1] - len(message[3])))
            if len(message[3]) == message[1]:
                body, message[3] = message[3], b""
                return message[2], body

    def _answer(self, wanted, transaction=None):
        """Reads on to the command of this name and returns its values; _error and a refusing onStatus raise."""
        while True:
            kind, body = self._message()
            if kind == 1:
                self.chunk_size = struct.unpack(">I", body)[0]
            if kind != 20:
                continue
            values = []
            while body:
                value, body = read_amf(body)
                values.append(value)
            status = values[-1] if isinstance(values[-1], dict) else {}
            if values[0] == "_error" or status.get("level") == "error":
                raise Refused(f"{status.get('code')}: {status.get('description')}")
            if values[0] == wanted and transaction in (None, values[1]):
                return values
