# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTTP as a player does it: kept connections, gzip, and when each answer came."""

import gzip
import http.client
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit


# ValueError: a URI that no request can be made of.
NO_ANSWER = (OSError, http.client.HTTPException, ValueError)


@dataclass
class Answer:
    url: str
    status: int
    headers: dict  # lower case
    body: bytes
    sent: float
    received: float

    def kind(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class Client:
    """One connection, for one thread."""

    def __init__(self, timeout=30, clock=time.monotonic):
        self.timeout, self.clock = timeout, clock
        self.connection, self.host = None, None

    def get(self, url, redirects=3):
        for attempt in range(2):
            try:
                answer = self.ask(url)
                break
            except (http.client.HTTPException, OSError):
                # The server may have closed a connection that nothing was asked on.
                self.close()
                if attempt:
                    raise
        location = answer.headers.get("location")
        if answer.status in (301, 302, 303, 307, 308) and location and redirects:
            return self.get(urljoin(url, location), redirects - 1)
        return answer

    def ask(self, url):
        parts = urlsplit(url)
        if self.host != (parts.scheme, parts.netloc):
            self.close()
            secure = parts.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            more = {"context": ssl.create_default_context()} if secure else {}
            self.connection = kind(parts.netloc, timeout=self.timeout, **more)
            self.host = (parts.scheme, parts.netloc)
        sent = self.clock()
        path = (parts.path or "/") + ("?" + parts.query if parts.query else "")
        self.connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        response = self.connection.getresponse()
        body = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        if headers.get("content-encoding", "").lower() == "gzip":
            body = gzip.decompress(body)
        return Answer(url, response.status, headers, body, sent, self.clock())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = self.host = None


def with_directives(url, **directives):
    """The URL with _HLS_ directives behind its query."""
    query = "&".join(f"_HLS_{name}={value}" for name, value in directives.items() if value is not None)
    return url + ("&" if "?" in url else "?") + query if query else url
