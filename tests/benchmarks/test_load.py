"""The load driver counts what a real server answers, and fails on anything but 200."""

from __future__ import annotations

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from benchmarks.load import Stretch, load, one_pass
from benchmarks.plain_client import LoadFailed, ask_each, ask_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def _png(pixels: np.ndarray) -> bytes:
    written = BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


GRADIENT = _png(np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3))
NO_ALPHA = np.array([1, 1, 1, 0], np.uint8)
ANSWERS = {
    "/gradient": (200, GRADIENT),
    "/plain": (200, _png(np.full((4, 4, 3), 255, np.uint8))),
    # Colours under an alpha of nothing: as empty as a plain picture.
    "/clear": (200, _png(np.arange(4 * 4 * 4, dtype=np.uint8).reshape(4, 4, 4) * NO_ALPHA)),
    "/empty": (204, b""),
    "/missing": (404, b"no such tile"),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, body = ANSWERS[self.path.partition("?")[0]]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        # wrk hangs up in the middle of an answer when its time is over.
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- its name in the base
        """Say nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as answering:
        answering.daemon_threads = True
        thread = threading.Thread(target=answering.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{answering.server_port}"
        answering.shutdown()
        thread.join()


def test_pass_asks_each_address_once_and_tells_empty_from_non_empty(server: str) -> None:
    names = ("gradient", "plain", "clear", "gradient")
    passed = one_pass([f"{server}/{name}" for name in names], connections=2)
    assert passed.answers == 4
    assert passed.non_empty_share == 0.5


def test_bodies_come_in_the_order_of_the_list(server: str) -> None:
    names = ["gradient", "plain", "plain", "gradient", "clear"]
    bodies = ask_each([f"{server}/{name}" for name in names], connections=3)
    assert bodies == [ANSWERS[f"/{name}"][1] for name in names]


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_pass_fails_on_an_answer_that_is_not_200(server: str, name: str) -> None:
    with pytest.raises(LoadFailed, match=f"/{name}"):
        one_pass([f"{server}/gradient", f"{server}/{name}"])


def test_wrk_counts_answers_and_bytes(
    server: str, tmp_path: Path, require_program: Callable[[str], Path]
) -> None:
    require_program("wrk")
    seen = load([f"{server}/gradient?a=1", f"{server}/plain?b=2"], Stretch(1.0), tmp_path)
    assert seen.driver == "wrk"
    assert seen.answers > 4
    assert seen.bytes > seen.answers * min(len(GRADIENT), len(ANSWERS["/plain"][1]))
    assert 0 < seen.p50_ms <= seen.p99_ms


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_wrk_run_fails_when_one_address_of_many_is_not_200(
    server: str, name: str, tmp_path: Path, require_program: Callable[[str], Path]
) -> None:
    require_program("wrk")
    urls = [f"{server}/gradient"] * 3 + [f"{server}/{name}"]
    with pytest.raises(LoadFailed, match="were not 200"):
        load(urls, Stretch(1.0), tmp_path)


def test_plain_client_stands_in_for_wrk(server: str) -> None:
    answers = ask_for([f"{server}/gradient"], connections=2, seconds=0.2, first=0)
    assert answers
    assert {size for size, _ in answers} == {len(GRADIENT)}
