"""A web server for the pages of the clients: another origin than the server they ask.

/pages/…             the pages beside this file
/packages/…          the installed packages
/bundle/…            what was bundled
/without/FIELD/…     the server under test, FIELD left out of the root of each service
"""

from __future__ import annotations

import contextlib
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx

from tests.clients.npm_packages import MODULES, PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Pages(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012 -- the base class has it so
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def __init__(self, *arguments: Any, bundle: Path, upstream: str) -> None:
        self._folders = {"pages": PAGES, "packages": MODULES, "bundle": bundle}
        self._upstream = upstream
        super().__init__(*arguments)

    def translate_path(self, path: str) -> str:
        _, head, *rest = unquote(urlsplit(path).path).split("/")
        folder = self._folders.get(head)
        if folder is None or ".." in rest:
            return str(PAGES / "nothing-is-here")
        return str(folder.joinpath(*rest))

    def do_GET(self) -> None:
        if self.path.startswith("/without/"):
            self._pass_on()
        else:
            super().do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 -- its name there
        """Keep quiet: what is not there is noted by the page that asked for it."""

    def _pass_on(self) -> None:
        _, _, field, rest = self.path.split("/", 3)
        answer = httpx.get(f"{self._upstream}/{rest}", timeout=60)
        body = answer.content
        if urlsplit(rest).path.rstrip("/").endswith("/ImageServer"):
            told = answer.json()
            del told[field]
            body = json.dumps(told).encode()
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def page_host(bundle: Path, upstream: str) -> Iterator[str]:
    """Serve pages and packages on a port of their own and yield the address."""
    handler = partial(_Pages, bundle=bundle, upstream=upstream)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        thread = threading.Thread(target=host.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{host.server_address[1]}"
        finally:
            host.shutdown()
            thread.join()
