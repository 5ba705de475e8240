#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the embedded default serves beside WebRTC: LL-HLS and thumbnails, found by the status document."""

import json
import re
import unittest
from urllib.parse import urljoin

import jsonschema

from harness import ROOT, Publisher, Server, wait_until

SCHEMA = json.loads((ROOT / "schemas/status.schema.json").read_text())


def text(server, path):
    code, headers, body = server.request(path)
    assert code == 200, f"{path}: {code} {body}"
    assert headers["content-type"].startswith("application/vnd.apple.mpegurl"), headers
    return body.decode()


def media_playlist(server, stream):
    """(path, text) of the picture's, as its viewer finds it."""
    path = server.status(stream)["hls"]
    variant = re.search(r"^[^#\s].*$", text(server, path), re.M)[0]
    path = urljoin(path, variant)
    return path, text(server, path)


class Hls(unittest.TestCase):
    def test_what_is_there_while_the_stream_is(self):
        with Server() as server:
            credential = server.key("live/demo")
            for path in ("playlist.m3u8", "llhls.m3u8", "thumbnail.jpg", "thumbnail.webp"):
                self.assertEqual(server.request(f"/live/demo/{path}")[0], 404, path)
            with Publisher(credential, b_frames=True) as publisher:
                status = server.wait_for_state("live/demo", "live")
                jsonschema.validate(status, SCHEMA)
                wait_until(lambda: server.request(status["hls"])[0] == 200, "a playlist")
                path, playlist = wait_until(lambda: "#EXT-X-PART:" in (p := media_playlist(server, "live/demo"))[1] and p, "parts")
                self.assertIn("PART-TARGET=0.2", playlist)
                part = re.findall(r'#EXT-X-PART:.*URI="([^"]+)"', playlist)[-1]
                code, _, body = server.request(urljoin(path, part))
                self.assertEqual((code, b"moof" in body[:200]), (200, True))
                status = wait_until(lambda: (s := server.status("live/demo"))["audiences"].get("hls") and s, "a viewer")
                self.assertEqual(status["viewers"], sum(status["audiences"].values()))
                self.assertEqual(status["audiences"]["whep"], 0)
                code, headers, body = wait_until(lambda: (a := server.request(status["thumbnail"]))[0] == 200 and a, "a picture")
                self.assertEqual((headers["content-type"], body[:2]), ("image/jpeg", b"\xff\xd8"))
                self.assertEqual(headers["cache-control"], "public, max-age=5")
                self.assertEqual(server.request("/live/demo/status.json")[0], 200)  # not the playlists' business
                publisher.stop()
                server.wait_for_state("live/demo", "offline")
            for path in ("playlist.m3u8", "thumbnail.jpg"):
                self.assertEqual(server.request(f"/live/demo/{path}")[0], 404, path)

    def test_the_address_that_key_new_prints(self):
        with Server() as server:
            play = server.key("live/demo", "--role", "play")
            address = re.sub(r"^http://[^/]+", "", play["hls"]["url"])
            with Publisher(server.key("live/demo")):
                wait_until(lambda: server.request(address)[0] == 200, "a playlist")
                # The key goes along to whatever the playlist names.
                self.assertIn("key=" + play["whep"]["token"], text(server, address))

    def test_parameters(self):
        with Server("--set", "part-duration=500", "--set", "thumbnail-interval=60") as server:
            with Publisher(server.key("live/demo")):
                server.wait_for_state("live/demo", "live")
                wait_until(lambda: server.request("/live/demo/playlist.m3u8")[0] == 200, "a playlist")
                self.assertIn("PART-TARGET=0.5", media_playlist(server, "live/demo")[1])
                headers = wait_until(lambda: (a := server.request("/live/demo/thumbnail.jpg"))[0] == 200 and a[1], "a picture")
                self.assertEqual(headers["cache-control"], "public, max-age=60")

    def test_sound_alone_has_no_thumbnail(self):
        with Server() as server:
            with Publisher(server.key("live/demo"), video=False) as publisher:
                server.wait_for_state("live/demo", "live")
                wait_until(lambda: server.request("/live/demo/playlist.m3u8")[0] == 200, "a playlist")
                code, headers, body = server.request("/live/demo/thumbnail.jpg")
                self.assertEqual((code, headers["content-type"]), (404, "application/problem+json"))
                self.assertIn("no picture", json.loads(body)["detail"])
                publisher.stop()
                server.wait_for_state("live/demo", "offline")


if __name__ == "__main__":
    unittest.main(verbosity=2)
