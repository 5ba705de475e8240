#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""validate_hls.py URL: follows a live multivariant playlist as a low-latency player does, and tells what it violates.

Every rule of draft-pantos-hls-rfc8216bis that can be seen from outside is checked: those on the text of playlists, on what
may change between versions, on delta updates, blocking reloads, preload hints and rendition reports, on the renditions among
each other, and on media: parts against segments, times, independent frames. Written from the specification alone.
Exit status: 0 nothing found, 1 violations, 2 nothing to validate.
"""

import argparse
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urljoin

sys.path.insert(0, str(Path(__file__).parent))

from http_client import NO_ANSWER, Client, with_directives  # noqa: E402
from multivariant_rules import check_mappings, check_multivariant, check_presentation, read_multivariant  # noqa: E402
from rendition_check import RenditionCheck  # noqa: E402
from report import Report  # noqa: E402


class Unusable(Exception):
    """There is no live multivariant playlist at the URL."""


def load_multivariant(url, report):
    with Client() as client:
        answer = client.get(url)
    if answer.status != 200:
        raise Unusable(f"{url}: status {answer.status}")
    playlist = read_multivariant(answer.body, answer.url, report)
    check_multivariant(playlist, report)
    if not playlist.variants:
        raise Unusable(f"{url}: no variants")
    report.expect(answer.kind() in ("application/vnd.apple.mpegurl", "audio/mpegurl"), "4", "playlist of the wrong content type",
                  f"{url}: {answer.kind() or 'none'}", "SHOULD")
    return answer.url, playlist


def follow(rendition, go_on):
    try:
        while go_on(rendition) and rendition.step():
            if rendition.playlist and rendition.wanted() == (None, None):
                time.sleep(rendition.playlist.target / 2)
    except NO_ANSWER as error:
        rendition.report.violation("6.2.1", f"no answer: {type(error).__name__}", rendition.url)


def probe(rendition, report):
    """What a server has to refuse, and what it mustn't (sections 6.2.5.2 and 6.2.6)."""
    p = rendition.playlist
    if p is None or p.ended or p.control.get("CAN-BLOCK-RELOAD") != "YES":
        return
    with Client() as client:
        ask_what_is_wrong(client, rendition, p, report)


def ask_what_is_wrong(client, rendition, p, report):
    alone = client.get(with_directives(rendition.url, part=0))
    report.expect(alone.status == 400, "6.2.5.2", "_HLS_part without _HLS_msn isn't refused with 400", f"{alone.url}: {alone.status}")
    far = client.get(with_directives(rendition.url, msn=p.edge()[0] + 50))
    report.expect(far.status == 400, "6.2.5.2", "far too early isn't refused with 400", f"{far.url}: {far.status}", "SHOULD")
    if p.finished() and p.part_target is not None:
        past = client.get(with_directives(rendition.url, msn=p.finished()[0].msn, part=9999))
        report.expect(past.status == 200, "6.2.5.2", "a part beyond a segment's last isn't the next segment's first", f"{past.url}: {past.status}")
    if p.finished():
        unknown = client.get(urljoin(rendition.url, "no-such-part-of-this-stream.m4s"))
        report.expect(unknown.status == 404, "6.2.6", "unknown media isn't 404", f"{unknown.url}: {unknown.status}", "SHOULD")


def check_reports(renditions, report):
    """Section 4.4.5.4, by what was seen of the other rendition before the request and after the answer."""
    by_url = {one.url: one for one in renditions}
    for one in renditions:
        for sent, received, own, deferred, reports in one.history:
            for uri, msn, part in reports:
                other = by_url.get(urljoin(one.url, uri))
                here = f"{one.url}, of {uri}"
                if not report.expect(other is not None and other is not one, "4.4.5.4", "report of what isn't another rendition", here):
                    continue
                said = (msn if msn >= 0 else own[0], part if part >= 0 else own[1])
                later = [edge for asked, _, edge, _, _ in other.history if asked >= received]
                report.expect(not later or said <= later[0], "4.4.5.4", "report of what isn't there yet", f"{here}: {said}, then {later[:1]}")
                # What is answered at once may have been made earlier; what was waited for is fresh.
                before = [edge for _, seen, edge, _, _ in other.history if seen <= sent]
                report.expect(not (deferred and before) or said >= before[-1], "4.4.5.4", "report older than its playlist",
                              f"{here}: {said}, but {before[-1:]} was known")


def check_bandwidth(multivariant, renditions, report):
    """Section 4.4.6.2: SHOULD, for what isn't encoded yet; half of what it takes is too little for anybody."""
    peaks = {}
    for one in renditions:
        peaks[one.url] = max((8 * size / seconds for size, seconds in one.media.sizes if seconds > 0), default=0)
    for attributes, uri in multivariant.variants:
        peak = peaks.get(urljoin(multivariant.where, uri), 0)
        declared = int(attributes.get("BANDWIDTH", "0"))
        report.expect(peak <= 2 * declared, "4.4.6.2", "BANDWIDTH is below half of the peak", f"{uri}: {declared}, measured {peak:.0f}", "SHOULD")


def watch(renditions, report, done):
    while not done.wait(0.5):
        compare(renditions, report)


def compare(renditions, report):
    playlists = [one.playlist for one in renditions if one.playlist is not None]
    if len(playlists) > 1:
        check_presentation(playlists, report)


def validate(url, seconds=30, updates=None, slack=0.5, report=None, clock=time.monotonic):
    """Returns the Report. `updates`: so many requests per media playlist instead of `seconds`."""
    report = report or Report()
    base, multivariant = load_multivariant(url, report)
    uris = multivariant.uris()
    renditions = [RenditionCheck(urljoin(base, uri), len(uris) - 1, report, clock, slack) for uri in uris]
    end = clock() + seconds
    go_on = (lambda one: one.steps < updates) if updates else (lambda one: clock() < end)
    done = threading.Event()
    threads = [threading.Thread(target=follow, args=(one, go_on), daemon=True) for one in renditions]
    observer = threading.Thread(target=watch, args=(renditions, report, done), daemon=True)
    for thread in [*threads, observer]:
        thread.start()
    for thread in threads:
        thread.join(seconds + 120)
    done.set()
    observer.join()
    compare(renditions, report)
    probe(renditions[0], report)
    for one in renditions:
        one.finish()
    check_reports(renditions, report)
    check_mappings({one.url: one.media.offsets for one in renditions}, report)
    check_bandwidth(multivariant, renditions, report)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="of a multivariant playlist")
    parser.add_argument("--seconds", type=float, default=30, help="how long to follow it (30)")
    parser.add_argument("--slack", type=float, default=0.5, help="how much later than it has to be something may come, in seconds (0.5)")
    parser.add_argument("--strict", action="store_true", help="what only SHOULD be counts, too")
    arguments = parser.parse_args()
    try:
        report = validate(arguments.url, arguments.seconds, None, arguments.slack)
    except (Unusable, *NO_ANSWER) as error:
        print(f"nothing to validate: {error}", file=sys.stderr)
        return 2
    for line in report.lines():
        print(line)
    print(f"{sum(report.checked.values())} checks by {len(report.checked)} sections, {report.count(strict=True)} violations, "
          f"{report.count()} of a MUST")
    print("seen: " + ", ".join(f"{number} {what}" for what, number in sorted(report.seen.items())))
    return 1 if report.count(arguments.strict) else 0


if __name__ == "__main__":
    sys.exit(main())
