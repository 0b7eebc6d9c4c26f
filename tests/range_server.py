"""A web server of ranges that misbehaves when told to: `python -m tests.range_server FOLDER`.

In a process of its own, so that it is as slow or silent as it is told to be whatever its client does.
It prints its port; POST /.fault with a JSON object switches the fault, for all requests or for some.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    `kind`: "" nothing · "busy" 503 · "silent" · "slow" (`rate` bytes a second) · "whole" 200 with all
    bytes · "endless" 200 without end · "short" fewer bytes than said · "cut" fewer bytes, said so ·
    "etag" another one · "untagged" none · "reset" · "shifted" Content-Range beside what was asked for ·
    "lying" 206 with bytes of elsewhere and more than asked for · "redirect" to `place` · "garbage" no
    HTTP · "drip" headers a byte at a time · "missing" 404.
    `after` lets so many requests through first; `for_s` ends it by itself; `match` must be in the path.
    """

    kind: str = ""
    rate: float = 1.0
    for_s: float = 1e9
    after: int = 0
    place: str = ""
    match: str = ""


class _State:
    fault = Fault()
    ends = 0.0
    requests = 0
    seen: ClassVar[list[str]] = []
    lock = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder = Path()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Switch the fault, or tell what was asked."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with _State.lock:
            if body:
                _State.fault = Fault(**json.loads(body))
                _State.ends = time.monotonic() + _State.fault.for_s
                _State.requests, _State.seen = 0, []
            told = json.dumps({"requests": _State.requests, "seen": _State.seen}).encode()
        self._send(200, told)

    def do_GET(self) -> None:
        """Answer, as the fault says."""
        with _State.lock:
            fault = _State.fault
            _State.requests += 1
            _State.seen.append(f"{self.path} {self.headers.get('Range', '')}")
            is_on = (
                _State.requests > fault.after
                and time.monotonic() < _State.ends
                and fault.match in self.path
            )
        getattr(self, f"_{fault.kind}" if is_on and fault.kind else "_plain")(fault)

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _found(self) -> tuple[bytes, int, int, str] | None:
        """Return the whole object, first byte, end and ETag; answers 404 itself."""
        path = self.folder / urllib.parse.unquote(self.path.lstrip("/"))
        if not path.is_file():
            self._send(404, b"no such object")
            return None
        data = path.read_bytes()
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        start, stop = (int(asked[1]), int(asked[2]) + 1) if asked else (0, len(data))
        if start >= len(data):
            self._send(416, b"", Content_Range=f"bytes */{len(data)}")
            return None
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        return data, start, min(stop, len(data)), tag

    def _head(self, start: int, stop: int, size: int, tag: str, said: int | None = None) -> None:
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.send_header("Content-Length", str(stop - start if said is None else said))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()

    def _plain(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, tag = found
            self._head(start, stop, len(data), tag)
            self.wfile.write(data[start:stop])

    def _busy(self, _: Fault) -> None:
        self._send(503, b"<Error><Code>SlowDown</Code></Error>")

    def _missing(self, _: Fault) -> None:
        self._send(404, b"no such object")

    def _silent(self, _: Fault) -> None:
        self._wait_for_end()

    def _slow(self, fault: Fault) -> None:
        if found := self._found():
            data, start, stop, tag = found
            self._head(start, stop, len(data), tag)
            for at in range(start, stop):
                self.wfile.write(data[at : at + 1])
                time.sleep(1 / fault.rate)

    def _drip(self, _: Fault) -> None:
        for letter in b"HTTP/1.1 206 Partial Content\r\n" + b"X-Padding: a\r\n" * 1000:
            self.wfile.write(bytes((letter,)))
            time.sleep(0.1)

    def _whole(self, _: Fault) -> None:
        if found := self._found():
            data, _, _, tag = found
            self._send(200, data, ETag=tag)

    def _endless(self, _: Fault) -> None:
        self.send_response(200)
        self.send_header("ETag", '"endless"')
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"10000\r\n" + bytes(65536) + b"\r\n")

    def _short(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, tag = found
            self._head(start, stop, len(data), tag)
            self.wfile.write(data[start : (start + stop) // 2])
            self.close_connection = True

    def _cut(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, tag = found
            middle = (start + stop) // 2
            self._head(start, middle, len(data), tag)
            self.wfile.write(data[start:middle])

    def _etag(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, _ = found
            self._head(start, stop, len(data), '"another"')
            self.wfile.write(bytes(stop - start))

    def _untagged(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, _ = found
            self._head(start, stop, len(data), "")
            self.wfile.write(data[start:stop])

    def _shifted(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, tag = found
            self._head(start + 1, stop + 1, len(data), tag)
            self.wfile.write(data[start:stop])

    def _lying(self, _: Fault) -> None:
        if found := self._found():
            data, start, stop, tag = found
            self._head(start, stop, len(data), tag, said=stop - start + 100)
            self.wfile.write(bytes(stop - start + 100))

    def _reset(self, _: Fault) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()
        self.rfile.close()

    def _redirect(self, fault: Fault) -> None:
        self._send(302, b"", Location=fault.place)

    def _garbage(self, _: Fault) -> None:
        self.wfile.write(b"\x00\x01 not HTTP at all\r\n\r\n" * 2000)
        self.close_connection = True

    def _wait_for_end(self) -> None:
        with _State.lock:
            mine = _State.fault
        while _State.fault is mine and time.monotonic() < _State.ends:
            time.sleep(0.05)
        self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients that leave are expected."""


class RangeServer:
    """The server in a process of its own, and what switches it.

    Parameters
    ----------
    folder
        What it serves.
    """

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.range_server", str(folder)],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.port}/"

    def fail(self, kind: str = "", **more: object) -> None:
        """Switch a fault on, "" = off; counts begin anew."""
        self._post(json.dumps(asdict(Fault(kind=kind, **more))).encode())  # type: ignore[arg-type]  # -- fields of Fault

    def asked(self) -> list[str]:
        """Return path and range of each request since the last switch."""
        return list(self._post(b"")["seen"])

    def _post(self, body: bytes) -> dict[str, list[str]]:
        request = urllib.request.Request(f"{self.url}.fault", data=body, method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            told: dict[str, list[str]] = json.load(answer)
        return told

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> RangeServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    _Handler.folder = parser.parse_args().folder
    server = _Server(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
