# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a server can do wrong beside its playlists: media, answers and headers; in the form of wrongs.py."""

import toy_media


def body(pattern, change):
    return {"body": lambda path, same: change(same) if pattern in path else same}


def status(code, when):
    return {"answer": lambda path, query: code if when(path, query) else None}


def head(suffix, **changes):
    def change(path, headers):
        if path.endswith(suffix):
            for name, value in changes.items():
                headers.pop(name.replace("_", "-"))
                if value:
                    headers[name.replace("_", "-")] = value
    return {"head": change}


class Flaky:
    """Bytes that differ each time."""

    def __init__(self):
        self.times = 0

    def __call__(self, path, same):
        self.times += 1
        return same + toy_media.box(b"free", str(self.times).encode()) if ".0.m4s" in path else same


def ignore_skip(_path, query):
    query.pop("_HLS_skip", None)


def not_sync(same):
    return same.replace(toy_media.words(50, 0), toy_media.words(50, 0x10000))


def later(same):
    """A second later than it should be."""
    at = same.index(b"tfdt") + 8
    return same[:at] + (int.from_bytes(same[at:at + 8], "big") + 1000).to_bytes(8, "big") + same[at + 8:]


def is_part(path):
    return path.endswith(".m4s") and path.count(".") == 2


def is_segment(path):
    return path.endswith(".m4s") and path.count(".") == 1


ALL = [
    ("3", "isn't the sum of its parts", {"body": lambda path, same: same + toy_media.box(b"free") if is_segment(path) else same}),
    ("4.4.4.9", "without an independent frame", {"body": lambda path, same: not_sync(same) if is_part(path) else same}),
    ("4.4.2.1", "doesn't begin with an independent frame", {"body": lambda _path, same: not_sync(same)}),
    ("4.4.4.9", "isn't INDEPENDENT=YES", {"body": lambda path, same: same.replace(toy_media.words(50, 0x10000), toy_media.words(50, 0)) if is_part(path) else same}),
    ("4.4.4.9", "isn't as long as it says", {"body": lambda path, same: same.replace(toy_media.words(50), toy_media.words(40)) if is_part(path) else same}),
    ("4.4.4.1", "isn't as long as it says", {"body": lambda path, same: same.replace(toy_media.words(50), toy_media.words(40)) if is_segment(path) else same}),
    ("4.4.4.3", "times jump", body(".3.m4s", later)),
    ("4.4.4.6", "date isn't that", {"body": lambda path, same: later(same) if path.endswith("4.0.m4s") else same}),
    ("4.4.5.3", "hinted part differs", {"body": Flaky()}),
    ("3.1.2", "box", body(".1.m4s", lambda same: b"\xff" + same[1:])),
    ("3.1.2", "no trex", body("init-", lambda same: same.replace(b"trex", b"xxxx"))),
    ("4.4.4.5", "init segment can't be had", status(404, lambda path, _: "init-" in path)),
    ("6.2.1", "listed part can't be had", status(404, lambda path, _: is_part(path))),
    ("6.2.1", "listed segment can't be had", status(410, lambda path, _: is_segment(path))),
    ("6.2.6", "hinted part was refused", status(404, lambda path, _: path.endswith(".2.m4s"))),
    ("6.2.6", "unknown media isn't 404", status(200, lambda path, _: "no-such" in path)),
    ("6.2.1", "media playlist can't be had", status(500, lambda path, query: path == "audio.m3u8" and "_HLS_msn" in query)),
    ("6.2.5.2", "503 before", status(503, lambda path, query: path == "audio.m3u8" and query.get("_HLS_part") == "3")),
    ("6.2.5.2", "answered before", {"impatient": True}),
    ("6.2.5.2", "isn't refused with 400", status(200, lambda _, query: "_HLS_part" in query and "_HLS_msn" not in query)),
    ("6.2.5.2", "far too early", status(200, lambda _, query: int(query.get("_HLS_msn", 0)) > 60)),
    ("6.2.5.2", "next segment's first", status(404, lambda _, query: query.get("_HLS_part") == "9999")),
    ("6.2.5.1", "no delta update", {"answer": ignore_skip}),
    ("4", "can't be told", {"multivariant": lambda text: text.replace("audio.m3u8", "audio"), **head("", Content_Type="text/plain")}),
    ("4", "wrong content type", head(".m3u8", Content_Type="text/plain")),
    ("3.1.2", "wrong content type", head(".m4s", Content_Type="text/plain")),
    ("B.1", "playlist without Cache-Control", head(".m3u8", Cache_Control=None)),
    ("B.1", "media without Cache-Control", head(".m4s", Cache_Control=None)),
    ("6.2.2", "segment went before", {"updates": 80, "forgets": lambda toy, msn, part: part is None and msn < toy.first(toy.tick)}),
    ("6.2.2", "part went before", {"forgets": lambda toy, msn, part: part is not None and msn < toy.tick // 5 - 3}),
    ("6.2.1", "without gzip", head(".m3u8", Content_Encoding=None)),
]
