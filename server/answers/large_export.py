"""Large TIFF exports: cut into strips over all instances, put together again in order.

Uncompressed strips have sizes known beforehand, so the file streams while it is made. Compressed ones
are spooled to disk first, because a TIFF's header says where each strip stands. At most a few strips
are under way or waiting to be sent: who takes the file slowly slows the rendering down, and memory
stays bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import deque
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

import msgspec
from starlette.responses import Response

from engine.errors import ConfigError
from engine.request import ImageRequest, StripLayoutRequest, StripRequest
from engine.tiff_layout import TiffLayout, finish, uncompressed_sizes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from starlette.types import Receive, Scope, Send

    from server.instances.flight import Flight
    from server.instances.job import Job, Reply
    from server.state import ServerState

# A strip is large enough to pay for its planning and small enough for scratch memory.
_STRIP_BYTES = 16 * 1024 * 1024
_MOST_ROWS = 256
_ROW_STEP = 64
_CHUNK_BYTES = 1024 * 1024
_SIZES_HEADER = "X-Swath-Strip-Sizes"
_layout_decoder = msgspec.msgpack.Decoder(TiffLayout)


def is_large(job: Job, limit_bytes: int) -> bool:
    """Tell whether a job's answer is a TIFF of more pixels than one instance should make."""
    request = job.request
    if not isinstance(request, ImageRequest) or job.renderer or request.encoding.format != "tiff":
        return False
    return request.view.height * _row_bytes(job, request) > limit_bytes


def _row_bytes(job: Job, request: ImageRequest) -> int:
    summary = job.service.summary
    bands = len(request.band_ids) or len(summary.bands)
    pixel_type = request.pixel_type or summary.pixel_type
    return max(1, request.view.width * bands * pixel_type.bytes_per_sample)


def rows_per_strip(row_bytes: int) -> int:
    """Return how many rows a strip has."""
    rows = min(_MOST_ROWS, max(1, _STRIP_BYTES // row_bytes))
    return rows - rows % _ROW_STEP if rows > _ROW_STEP else rows


@dataclass(frozen=True, slots=True)
class _Strip:
    data: bytes | bytearray
    sizes: tuple[int, ...]


class Export:
    """One large picture on its way."""

    def __init__(self, state: ServerState, job: Job, layout: TiffLayout) -> None:
        self.layout = layout
        self._state = state
        self._job = job

    async def strips(self) -> AsyncGenerator[_Strip, None]:
        """Yield all strips from top to bottom, rendering a few ahead.

        Raises
        ------
        ImageServerError
        """
        ahead = self._state.pools.seats(self._job.service.name) + 1
        flights: deque[Flight] = deque()
        following = iter(range(self.layout.strips))
        try:
            for strip in following:
                flights.append(self._fly(strip))
                if len(flights) == ahead:
                    break
            while flights:
                reply = await flights[0].future
                self._state.metrics.observe_reply(self._job, reply)
                flights.popleft()
                strip = next(following, -1)
                if strip >= 0:
                    flights.append(self._fly(strip))
                yield _Strip(reply.body, _sizes_of(reply))
        finally:
            for flight in flights:
                if not flight.future.done():
                    self._state.pools.abandon(flight)
                elif not flight.future.cancelled():
                    flight.future.exception()  # seen: a failure of one strip is told once

    def _fly(self, strip: int) -> Flight:
        image = self._job.request
        if not isinstance(image, ImageRequest):
            raise TypeError(f"a strip of {type(image).__name__}")
        first = strip * self.layout.rows_per_strip
        request = StripRequest(image=image, first_row=first, rows=self.layout.rows_of(strip))
        return self._state.pools.fly(replace(self._job, request=request))


def _sizes_of(reply: Reply) -> tuple[int, ...]:
    return tuple(int(size) for size in dict(reply.headers)[_SIZES_HEADER].split(","))


async def large_export(state: ServerState, job: Job, headers: Mapping[str, str]) -> Response:
    """Return the response that sends a large TIFF.

    Raises
    ------
    ImageServerError
        What is found before the first byte is sent; for compressed files that is everything.
    """
    image = job.request
    if not isinstance(image, ImageRequest):
        raise TypeError(f"an export of {type(image).__name__}")
    rows = rows_per_strip(_row_bytes(job, image))
    request = StripLayoutRequest(image=image, rows_per_strip=rows)
    reply = await state.pools.fly(replace(job, request=request)).future
    export = Export(state, job, _layout_decoder.decode(reply.body))
    named = {**headers, **dict(reply.headers)}
    if export.layout.compression == "none":
        return _Streamed(export, named)
    return await _spooled(export, named, state.settings.spool)


class _Streamed(Response):
    """A file that is sent while it is made."""

    media_type = "image/tiff"

    def __init__(self, export: Export, headers: Mapping[str, str]) -> None:
        super().__init__(headers=dict(headers))
        self._export = export
        sizes = uncompressed_sizes(export.layout)
        self._head = finish(export.layout, sizes)
        self.headers["Content-Length"] = str(len(self._head) + sum(map(sum, sizes)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        await _send_start(self, send)
        if scope["method"] != "HEAD":
            await _send_part(send, self._head)
            async with contextlib.aclosing(self._export.strips()) as strips:
                async for strip in strips:
                    await _send_part(send, strip.data)
        await send({"type": "http.response.body", "body": b""})


class _Spooled(Response):
    """A file on disk, deleted when it has been sent."""

    media_type = "image/tiff"

    def __init__(
        self, head: bytes, spool: IO[bytes], size: int, headers: Mapping[str, str]
    ) -> None:
        super().__init__(headers=dict(headers))
        self._head = head
        self._spool = spool
        self.headers["Content-Length"] = str(len(head) + size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        with self._spool as spool:
            await _send_start(self, send)
            if scope["method"] != "HEAD":
                await _send_part(send, self._head)
                await asyncio.to_thread(spool.seek, 0)
                while chunk := await asyncio.to_thread(spool.read, _CHUNK_BYTES):
                    await _send_part(send, chunk)
            await send({"type": "http.response.body", "body": b""})


async def _spooled(export: Export, headers: Mapping[str, str], folder: str) -> _Spooled:
    sizes: list[tuple[int, ...]] = []
    spool = _open_spool(folder)
    try:
        async with contextlib.aclosing(export.strips()) as strips:
            async for strip in strips:
                sizes.append(strip.sizes)
                await asyncio.to_thread(spool.write, strip.data)
    except OSError as err:
        spool.close()
        raise ConfigError(folder or tempfile.gettempdir(), "spool", f"{err.strerror}") from err
    except BaseException:
        spool.close()
        raise
    return _Spooled(finish(export.layout, sizes), spool, sum(map(sum, sizes)), headers)


def _open_spool(folder: str) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=folder or None, prefix="swath-export-")
    except OSError as err:
        raise ConfigError(folder, "spool", f"cannot hold files: {err.strerror}") from err


async def _send_start(response: Response, send: Send) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code,
            "headers": response.raw_headers,
        }
    )


async def _send_part(send: Send, body: bytes | bytearray) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
