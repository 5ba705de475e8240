# SPDX-License-Identifier: LGPL-2.1-or-later
"""A low-latency HLS server of two renditions that is right in everything, unless told what to do wrong.

Its time is that of its clients: whoever waits for a part makes the next one, but doesn't get far ahead of another that
is there still, for whom the window would move on too fast.
"""

import gzip
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import toy_media

PARTS, PART, TARGET, WINDOW = 5, 0.2, 1, 9
DISCONTINUITY_EVERY, TITLE_EVERY = 11, 5
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
HELD = 0.7  # seconds, for a hint that nothing comes of
LEAD = 2 * PARTS
GONE = 0.5  # seconds without a question
FIRST_TICK = 12 * PARTS + 2
RENDITIONS = {"video": b"vide", "audio": b"soun"}
MULTIVARIANT = """#EXTM3U
#EXT-X-VERSION:4
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="audio.m3u8?k=1"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AVERAGE-BANDWIDTH=900000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=64x48,FRAME-RATE=20.000,AUDIO="a",CLOSED-CAPTIONS=NONE
video.m3u8?k=1
"""


def date(seconds):
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def map_of(msn):
    return msn // DISCONTINUITY_EVERY


class Toy:
    """`wrong` may have: text(name, text, tick), multivariant(text), body(path, body), head(path, headers),
    answer(path, query) → status, forgets(toy, msn, part), impatient."""

    def __init__(self, wrong=None, ends_at=None):
        self.wrong = wrong or {}
        self.ends_at = ends_at
        self.tick = FIRST_TICK  # parts that are there
        self.asked = {}  # of each rendition: the latest part that somebody waited for, and when
        self.changed = threading.Condition()

    # The playlist

    def segment_lines(self, name, msn, tick, with_parts):
        done = min(PARTS, tick - msn * PARTS)
        lines = []
        if msn % DISCONTINUITY_EVERY == 0 and msn > 0:
            lines.append("#EXT-X-DISCONTINUITY")
        if msn % DISCONTINUITY_EVERY == 0 or msn == self.first(tick):
            lines.append(f'#EXT-X-MAP:URI="{name}-init-{map_of(msn)}.mp4?k=1"')
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{date(msn * PARTS * PART)}")
        for index in range(done if with_parts else 0):
            independent = ",INDEPENDENT=YES" if index == 0 else ""
            lines.append(f'#EXT-X-PART:DURATION={PART},URI="{name}-{msn}.{index}.m4s?k=1"{independent}')
        if done == PARTS:
            lines += [f"#EXTINF:{PARTS * PART:.1f},", f"{name}-{msn}.m4s?k=1"]
        return lines

    def first(self, tick):
        return max(0, tick // PARTS - WINDOW)

    def playlist(self, name, tick, skip):
        ended = self.ends_at is not None and tick >= self.ends_at
        first, last = self.first(tick), (tick - 1) // PARTS
        finished = tick // PARTS
        skipped = max(0, finished - 6 - first) if skip and not ended else 0
        lines = ["#EXTM3U", f"#EXT-X-VERSION:{(10 if skip == 'v2' else 9) if skipped else 6}", f"#EXT-X-TARGETDURATION:{TARGET}",
                 "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.6,HOLD-BACK=3.0,CAN-SKIP-UNTIL=6.0,CAN-SKIP-DATERANGES=YES",
                 f"#EXT-X-PART-INF:PART-TARGET={PART}", f"#EXT-X-MEDIA-SEQUENCE:{first}",
                 f"#EXT-X-DISCONTINUITY-SEQUENCE:{(first - 1) // DISCONTINUITY_EVERY if first else 0}"]
        if skipped:
            removed = self.removed(first)
            listed = ',RECENTLY-REMOVED-DATERANGES="' + "\t".join(removed) + '"' if skip == "v2" else ""
            lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}{listed}")
        for msn in range(first + skipped, last + 1):
            lines += self.segment_lines(name, msn, tick, msn >= finished - 3)
        lines += self.titles(first, tick, skipped and skip == "v2")
        if ended:
            lines.append("#EXT-X-ENDLIST")
        else:
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}-{tick // PARTS}.{tick % PARTS}.m4s?k=1"')
        lines += [f'#EXT-X-RENDITION-REPORT:URI="{other}.m3u8?k=1",LAST-MSN={last},LAST-PART={(tick - 1) % PARTS}'
                  for other in RENDITIONS if other != name]
        return "\n".join(lines) + "\n"

    def titles(self, first, tick, skip):
        """One range each TITLE_EVERY segments, until the next; recent ones only when skipping."""
        newest = tick // PARTS // TITLE_EVERY
        oldest = first // TITLE_EVERY
        return [f'#EXT-X-DATERANGE:ID="t{n}",CLASS="title",START-DATE="{date(n * TITLE_EVERY * PARTS * PART)}",END-ON-NEXT=YES,X-TITLE="{n}"'
                for n in range(oldest, newest + 1) if not skip or tick - n * TITLE_EVERY * PARTS <= 6 * PARTS]

    def removed(self, first):
        return [f"t{n}" for n in range(first // TITLE_EVERY) if first - (n + 1) * TITLE_EVERY <= 6]

    # Media

    def part(self, name, msn, index):
        begin = (msn * PARTS + index) * PART + 100 * map_of(msn)
        return toy_media.part(begin, PART, index == 0, hash((name, msn, index)) % 10**9)

    def media(self, path):
        """Bytes, or None; waits for what is hinted at."""
        name, _, rest = path.partition("-")
        if name not in RENDITIONS:
            return None
        if rest.startswith("init-"):
            return toy_media.init(RENDITIONS[name]) + toy_media.box(b"free", rest.encode())
        try:
            numbers = [int(one) for one in rest.removesuffix(".m4s").split(".")]
        except ValueError:
            return None
        if self.wrong.get("forgets", lambda *_: False)(self, numbers[0], numbers[1] if len(numbers) > 1 else None):
            return None
        if len(numbers) == 1:
            return b"".join(self.part(name, numbers[0], index) for index in range(PARTS))
        if not self.wait(numbers[0] * PARTS + numbers[1] + 1):
            return None
        return self.part(name, *numbers)

    def wait(self, tick):
        with self.changed:
            return self.changed.wait_for(lambda: self.tick >= tick, HELD) if tick <= self.tick + PARTS else False

    # Requests

    def reload(self, name, query):
        """(status, text) of a media playlist."""
        msn, part = query.get("_HLS_msn"), query.get("_HLS_part")
        ended = self.ends_at is not None and self.tick >= self.ends_at
        if part is not None and msn is None:
            return 400, ""
        if msn is not None and not ended:
            wanted = (int(msn) + 1) * PARTS if part is None else int(msn) * PARTS + min(int(part), PARTS) + 1
            if wanted > self.tick + 3 * PARTS:
                return 400, ""
            if not self.wrong.get("impatient"):
                with self.changed:
                    self.asked[name] = wanted, time.monotonic()
                    self.changed.notify_all()
                    while self.is_far_ahead(wanted):
                        self.changed.wait(0.1)
                    self.tick = max(self.tick, wanted)
                    self.changed.notify_all()
        tick = self.tick
        text = self.playlist(name, tick, query.get("_HLS_skip"))
        return 200, self.wrong.get("text", lambda _name, same, _tick: same)(name, text, tick)

    def is_far_ahead(self, wanted):
        return any(wanted > tick + LEAD and time.monotonic() < when + GONE for tick, when in self.asked.values())

    def answer(self, target):
        """(status, headers, body)."""
        url = urlsplit(target)
        path, query = url.path.lstrip("/"), dict(parse_qsl(url.query))
        status = self.wrong.get("answer", lambda *_: None)(path, query)
        if status:
            return status, {}, b""
        headers = {"Cache-Control": "max-age=1"}
        if path.removesuffix(".m3u8") in ("live", *RENDITIONS):
            text = MULTIVARIANT
            if path != "live.m3u8":
                status, text = self.reload(path.removesuffix(".m3u8"), query)
            else:
                text = self.wrong.get("multivariant", lambda same: same)(text)
            headers.update({"Content-Type": "application/vnd.apple.mpegurl", "Content-Encoding": "gzip"})
            body = text if isinstance(text, bytes) else text.encode()
        else:
            body = self.media(path)
            headers["Content-Type"] = "video/mp4"
            if body is not None:
                body = self.wrong.get("body", lambda _path, same: same)(path, body)
        self.wrong.get("head", lambda *_: None)(path, headers)
        if body is None:
            return 404, {}, b""
        return status or 200, headers, gzip.compress(body, 1) if headers.get("Content-Encoding") == "gzip" else body


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def do_GET(self):
        status, headers, body = self.server.toy.answer(self.path)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(toy):
    """(URL of its multivariant playlist, what ends it)."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.toy = toy
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/live.m3u8", server
