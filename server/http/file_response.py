"""A file on its way to a client: ranges, names and types; read in pieces beside the event loop.

References
----------
RFC 6266 and RFC 8187 (names of files).
"""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from engine.errors import SourceUnavailable
from server.http.byte_range import byte_range
from server.http.http_caching import etag_of, is_match

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from engine.readers.source_files import OpenedFile

CHUNK_BYTES = 256 * 1024
_PLAIN = "application/octet-stream"
_TYPES = {".tif": "image/tiff", ".tiff": "image/tiff", ".ovr": "image/tiff", ".jp2": "image/jp2"}
_UNSAFE = re.compile(r'[^\w.+\-() ]|["\\]', re.ASCII)


class FileResponse(Response):
    """All of a file, or the range of it that was asked for.

    The file is open and closed when it has been sent, or nobody wants it any more.
    """

    def __init__(self, request: Request, file: OpenedFile) -> None:
        self._file = file
        etag = etag_of(file.name.encode(), b"%d" % file.size, b"%d" % file.mtime_ns)
        headers = {
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Cache-Control": "private, no-cache",
            "Content-Disposition": _disposition(file.name),
        }
        self._first, self._end, status = 0, file.size, 200
        if is_match(request.headers.get("if-none-match"), etag):
            self._end, status = 0, 304
        else:
            chosen = byte_range(request, etag, file.size)
            if chosen == (0, 0) and file.size:
                self._end, status = 0, 416
                headers["Content-Range"] = f"bytes */{file.size}"
            elif chosen is not None:
                (self._first, self._end), status = chosen, 206
                headers["Content-Range"] = f"bytes {self._first}-{self._end - 1}/{file.size}"
        super().__init__(status_code=status, headers=headers, media_type=media_type_of(file.name))
        if status != 304:
            self.headers["Content-Length"] = str(self._end - self._first)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it in pieces.

        Raises
        ------
        SourceUnavailable
            The file is changed while it is sent.
        """
        del receive
        with self._file.stream:
            start = {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
            await send(start)
            place = self._first if scope["method"] != "HEAD" else self._end
            while place < self._end:
                piece = await asyncio.to_thread(self._read, place)
                place += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    def _read(self, place: int) -> bytes:
        file = self._file
        descriptor = file.stream.fileno()
        piece = os.pread(descriptor, min(CHUNK_BYTES, self._end - place), place)
        if not piece or os.fstat(descriptor).st_mtime_ns != file.mtime_ns:
            # Old bytes with new ones behind them would be taken for a file.
            raise SourceUnavailable(file.name, "was changed while it was sent")
        return piece


def media_type_of(name: str) -> str:
    """Return the media type of a file by its name; of what browsers would run or show, only that it is bytes."""
    ending = Path(name).suffix.lower()
    found = _TYPES.get(ending) or mimetypes.types_map.get(ending, _PLAIN)
    is_safe = found.startswith("image/") and "svg" not in found
    return found if is_safe else _PLAIN


def _disposition(name: str) -> str:
    plain = _UNSAFE.sub("_", name)
    text = f'attachment; filename="{plain}"'
    return text if plain == name else f"{text}; filename*=UTF-8''{quote(name, safe='')}"
