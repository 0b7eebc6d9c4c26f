"""Tiles from URL to bytes by callbacks: no task, no framework, one object a request.

On two cores the front shares them with the instances, and what it spends on a tile is taken from
rendering; a coroutine for each of the layers that a tile passes costs more than all they do.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from engine.errors import ImageServerError, ServiceNotFound
from engine.request import ImageRequest, TileAddress
from server.edge import error_message, internal_error
from server.http_caching import cache_control, is_match
from server.protocols.xyz import tile_job, tile_request
from server.responses import etag_of_job, server_timing
from server.state import Answered
from server.tile_schemes import tile_extent

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from server.edge import Cors, RawHeaders
    from server.instances.dispatch import Flight
    from server.instances.job import Reply
    from server.response_cache import Key
    from server.service_registry import PublishedService
    from server.state import ServerState

    Done = Callable[[int, RawHeaders, bytes | bytearray], None]

_TILE = re.compile(
    r"([^/]+(?:/[^/]+)?)/(\d{1,9})/(\d{1,9})/(\d{1,9})(@2x)?\.([A-Za-z0-9]{1,10})", re.ASCII
)
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_CLIENT_LEFT = 499  # what nginx writes for a client that left before its answer


class TileAnswers:
    """Answers tiles.

    Parameters
    ----------
    state
        Shared with all other handlers.
    cors
        Which other sites may read the answers.
    """

    def __init__(self, state: ServerState, cors: Cors) -> None:
        self.state = state
        self.cors = cors
        self._start = f"{state.settings.prefix}/tiles/"
        self._blanks: dict[tuple[str, int], Reply] = {}

    def match(self, path: str) -> re.Match[str] | None:
        """Return the parts of a tile's path, or None for any other path."""
        if not path.startswith(self._start):
            return None
        return _TILE.fullmatch(path, len(self._start))

    def begin(
        self,
        match: re.Match[str],
        query: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        done: Done,
    ) -> TileAnswer:
        """Begin to answer a tile.

        Parameters
        ----------
        match
            From `match`.
        headers
            Of the request, with names in lower case.
        done
            Called once with status, headers and body, at once or later on the event loop; never
            after `cancel`.
        """
        answer = TileAnswer(self, match[1], self.cors.headers(headers), done)
        answer.begin(match, query, _if_none_match(headers))
        return answer

    def blank(self, service: PublishedService, request: ImageRequest) -> tuple[str, int] | None:
        """Return the form of a tile beside the data: all of one form are one picture."""
        address, box = request.view.tile, service.summary.extent_mercator
        if address is None or box is None:
            return None
        if tile_extent(address.level, address.row, address.col).intersects(box):
            return None
        return request.encoding.format, address.scale

    def kept_blank(self, form: tuple[str, int]) -> Reply | None:
        """Return the picture of a form, once it has been made."""
        return self._blanks.get(form)

    def keep_blank(self, form: tuple[str, int], reply: Reply) -> None:
        """Keep the picture of a form."""
        if reply.cacheable and not reply.headers:
            self._blanks[form] = reply


class TileAnswer:
    """One tile on its way."""

    __slots__ = (
        "_blank",
        "_cors",
        "_done",
        "_flight",
        "_headers",
        "_key",
        "_name",
        "_tiles",
        "is_done",
        "started",
    )

    def __init__(self, tiles: TileAnswers, name: str, cors: RawHeaders, done: Done) -> None:
        self.started = time.perf_counter()
        self.is_done = False
        self._tiles = tiles
        self._name = name
        self._cors = cors
        self._done = done
        self._headers: RawHeaders = []
        self._flight: Flight | None = None
        self._key: Key | None = None
        self._blank: tuple[str, int] | None = None
        tiles.state.metrics.open_requests += 1

    def done(self) -> bool:
        """Tell whether the answer has been given or is wanted no more (as a task would)."""
        return self.is_done

    def cancel(self) -> None:
        """Stop: the client has left."""
        if self.is_done:
            return
        flight, self._flight = self._flight, None
        self._count(_CLIENT_LEFT)
        if flight is not None:
            self._tiles.state.coalescer.leave(flight)

    def begin(self, match: re.Match[str], query: bytes, if_none_match: str | None) -> None:
        """Find the answer or ask for it."""
        try:
            self._ask(match, query, if_none_match)
        except ImageServerError as error:
            self._give(*error_message(error))
        except Exception:
            self._give(*error_message(internal_error("a tile")))

    def _ask(self, match: re.Match[str], query: bytes, if_none_match: str | None) -> None:
        name, level, col, row, double, ending = match.groups()
        state = self._tiles.state
        service = state.registry.get(name)
        if service is None:
            raise ServiceNotFound(name)
        address = TileAddress(
            level=int(level), row=int(row), col=int(col), scale=2 if double else 1
        )
        request = tile_request(service, address, ending, query)
        job = tile_job(service, request)
        question = job.question()
        etag = etag_of_job(job, question)
        self._headers = [
            (b"etag", etag.encode()),
            (b"cache-control", cache_control(service.summary).encode()),
        ]
        if is_match(if_none_match, etag):
            self._give(304, self._headers, b"")
            return
        self._blank = self._tiles.blank(service, request)
        self._key = (service.version, service.name, question)
        kept = self._tiles.kept_blank(self._blank) if self._blank else state.cache.get(self._key)
        if kept is not None:
            self._give_reply(Answered(kept, is_kept=True))
            return
        self._flight = state.coalescer.join(self._key, job)
        self._flight.future.add_done_callback(self._landed)

    def _landed(self, future: asyncio.Future[Reply]) -> None:
        flight, self._flight = self._flight, None
        if flight is None:
            return  # cancelled meanwhile
        state = self._tiles.state
        state.coalescer.leave(flight)
        try:
            reply = future.result()
            assert self._key is not None
            state.keep(self._key, reply, f"tile of {self._name}")
            if self._blank is not None:
                self._tiles.keep_blank(self._blank, reply)
            self._give_reply(Answered(reply, is_kept=False))
        except ImageServerError as error:
            self._give(*error_message(error))
        except Exception:
            self._give(*error_message(internal_error("a tile")))

    def _give_reply(self, answered: Answered) -> None:
        reply = answered.reply
        headers = self._headers if reply.cacheable else [(b"cache-control", b"no-store")]
        headers += [
            (b"content-type", reply.media_type.encode()),
            (b"content-length", b"%d" % len(reply.body)),
            (b"server-timing", server_timing(answered).encode()),
        ]
        if reply.headers:
            headers += [(key.lower().encode(), value.encode()) for key, value in reply.headers]
        self._give(200, headers, reply.body)

    def _give(self, status: int, headers: RawHeaders, body: bytes | bytearray) -> None:
        headers.append(_NOSNIFF)
        headers += self._cors
        self._count(status)
        self._done(status, headers, body)

    def _count(self, status: int) -> None:
        self.is_done = True
        state = self._tiles.state
        state.metrics.open_requests -= 1
        state.metrics.observe(
            service=self._name if state.registry.get(self._name) else "",
            protocol="xyz",
            operation="tile",
            status=status,
            seconds=time.perf_counter() - self.started,
        )


def _if_none_match(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for key, value in headers:
        if key == b"if-none-match":
            return str(value, "latin-1")
    return None
