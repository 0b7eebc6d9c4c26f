"""Fetching is bounded in time, size and redirects, against a server that misbehaves."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from engine.errors import SourceUnavailable
from server.comparison.fetcher import Fetcher

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Misbehaving(BaseHTTPRequestHandler):
    stop = threading.Event()

    def do_GET(self) -> None:
        place = {"/loop": "/loop", "/once": "/good", "/ftp": "ftp://127.0.0.1/x"}.get(self.path)
        self.send_response(302 if place else 404 if self.path == "/none" else 200)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        if self.path == "/endless":
            self._drip(b"x" * 1000, 0.0)
        elif self.path.startswith("/slow"):
            self._drip(b"x", 0.02)
        else:
            self.wfile.write(b"good")

    def _drip(self, part: bytes, pause_s: float) -> None:
        while not self.stop.is_set():
            try:
                self.wfile.write(part)
            except OSError:
                return
            time.sleep(pause_s)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Misbehaving) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            _Misbehaving.stop.set()
            server.shutdown()
            thread.join()


def test_an_answer_comes_with_its_kind_and_time(base: str) -> None:
    with Fetcher(30) as fetcher:
        good, moved, none = (fetcher.get(base + path) for path in ("/good", "/once", "/none"))
    assert (good.status, good.media_type, good.body) == (200, "text/plain", b"good")
    assert good.seconds > 0
    assert (moved.status, moved.body, none.status) == (200, b"good", 404)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/loop", "more than 3 redirects"),
        ("/ftp", "no answer"),
        ("/endless", "longer than 5,000 bytes"),
        ("/slow?token=secret", r"no whole answer within 0\.5 s"),
    ],
)
def test_what_has_no_end_is_ended(base: str, path: str, why: str) -> None:
    timeout_s = 0.5 if "slow" in path else 30
    with Fetcher(timeout_s, max_bytes=5000) as fetcher, pytest.raises(SourceUnavailable) as found:
        fetcher.get(base + path)
    found.match(why)
    assert "secret" not in str(found.value)
