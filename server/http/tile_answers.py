"""Tiles from URL to bytes by callbacks: no task, no framework, one object a request.

On two cores the front shares them with the instances, and what it spends on a tile is taken from
rendering; a coroutine for each of the layers that a tile passes costs more than all they do.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import ImageServerError, ServiceNotFound
from engine.format_names import format_name
from engine.request_parts import TileAddress
from engine.tile_scheme import covered, scheme_of
from server.answers.answered import Answered
from server.answers.coalesce import is_first_askers
from server.http.edge import error_message, internal_error
from server.http.http_caching import cache_control, is_match
from server.http.private_answers import as_private
from server.http.request_id import HEADER as REQUEST_ID_HEADER
from server.http.request_id import REQUEST_ID
from server.http.responses import etag_of_job, server_timing
from server.protocols.xyz import service_and_scheme, tile_job, tile_request
from server.telemetry.journal import Finished
from server.visitor import visitor_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from starlette.types import Scope

    from engine.request import ImageRequest
    from server.answers.answers import Search
    from server.answers.response_cache import Key
    from server.http.edge import Cors, RawHeaders
    from server.instances.flight import Flight
    from server.instances.job import Job, Reply
    from server.site.service_registry import PublishedService
    from server.state import ServerState

    Done = Callable[[int, RawHeaders, bytes | bytearray], None]

_TILE = re.compile(
    r"([^/]+(?:/[^/]+){0,2})/(\d{1,9})/(\d{1,9})/(\d{1,9})(@2x)?\.([A-Za-z0-9]{1,10})", re.ASCII
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

    def begin(self, match: re.Match[str], scope: Scope, done: Done) -> TileAnswer:
        """Begin to answer a tile.

        Parameters
        ----------
        match
            From `match`.
        scope
            Of the request; names of headers in lower case.
        done
            Called once with status, headers and body, at once or later on the event loop; never
            after `cancel`.
        """
        answer = TileAnswer(self, scope, self.cors.headers(scope["headers"]), done)
        answer.begin(match)
        return answer

    def blank(self, service: PublishedService, request: ImageRequest) -> tuple[str, int] | None:
        """Return the form of a tile beside the data: all of one form are one picture."""
        address = request.view.tile
        if address is None:
            return None
        scheme = scheme_of(service.summary, address)
        box = covered(service.summary, scheme)
        if box is None or scheme.extent(address.level, address.row, address.col).intersects(box):
            return None
        form = request.encoding.format
        return (form, address.scale) if format_name(form).is_picture else None

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
        "_asked",
        "_blank",
        "_cors",
        "_done",
        "_headers",
        "_id",
        "_is_public",
        "_job",
        "_key",
        "_known",
        "_may_ask_again",
        "_name",
        "_outcome",
        "_scope",
        "_tiles",
        "is_done",
        "started",
    )

    def __init__(self, tiles: TileAnswers, scope: Scope, cors: RawHeaders, done: Done) -> None:
        self.started = time.perf_counter()
        self._scope = scope
        self._id = tiles.state.journal.request_id(scope)
        self.is_done = False
        self._tiles = tiles
        self._name = ""
        self._cors = cors
        self._done = done
        self._headers: RawHeaders = []
        self._outcome: Answered | ImageServerError | None = None
        self._asked: Flight | Search | None = None
        self._may_ask_again = False
        self._job: Job | None = None
        self._key: Key = ("", "", b"")
        self._known: str | None = None
        self._is_public = True
        self._blank: tuple[str, int] | None = None
        tiles.state.metrics.open_requests += 1

    def done(self) -> bool:
        """Tell whether the answer has been given or is wanted no more (as a task would)."""
        return self.is_done

    def cancel(self) -> None:
        """Stop: the client has left."""
        if self.is_done:
            return
        asked, self._asked = self._asked, None
        self._count(_CLIENT_LEFT, 0)
        if asked is not None:
            self._tiles.state.answers.leave(asked)

    def begin(self, match: re.Match[str]) -> None:
        """Find the answer or ask for it."""
        # The connection's context, which kept the one before.
        REQUEST_ID.set(self._id.decode())
        try:
            self._ask(match)
        except ImageServerError as error:
            self._fail(error)
        except Exception:
            self._fail(internal_error("a tile"))

    def _ask(self, match: re.Match[str]) -> None:
        scope = self._scope
        name, level, col, row, double, ending = match.groups()
        state = self._tiles.state
        try:
            service, scheme = service_and_scheme(name, state.registry)
        except ServiceNotFound as error:
            # May be worded as of one that is hidden.
            visitor_of(state, scope).service(error.fields[0])
            raise
        is_public = state.access.is_public(service.name)
        if not is_public:
            visitor_of(state, scope).service(service.name)
        self._name = service.name
        address = TileAddress(
            level=int(level),
            row=int(row),
            col=int(col),
            scale=2 if double else 1,
            scheme=scheme,
        )
        request = tile_request(service, address, ending, scope["query_string"])
        job = tile_job(service, request)
        question = job.question()
        etag = etag_of_job(job, question)
        self._headers = [
            (b"etag", etag.encode()),
            (b"cache-control", cache_control(service.summary).encode()),
        ]
        if not is_public:
            self._is_public = False
            self._headers = as_private(self._headers)
        key = self._key = (service.version, service.name, question)
        known = self._known = _if_none_match(scope["headers"])
        if is_match(known, etag) and state.answers.confirms(key):
            self._give(304, self._headers, b"")
            return
        self._blank = self._tiles.blank(service, request)
        kept = self._tiles.kept_blank(self._blank) if self._blank else state.answers.memory.get(key)
        if kept is not None:
            self._give_answer(Answered(kept, "hit"))
            return
        self._join(replace(job, client=state.client_of(scope)), 0.0)

    def _join(self, job: Job, waited_s: float) -> None:
        asked = self._tiles.state.answers.join(self._key, job, waited_s)
        self._job = job
        # Who joined another's render may ask again, once.
        self._may_ask_again = asked.waiters > 1 and not waited_s
        self._asked = asked
        asked.future.add_done_callback(self._landed)

    def _landed(self, future: asyncio.Future[Reply] | asyncio.Future[Answered]) -> None:
        asked, self._asked = self._asked, None
        if asked is None:
            return  # cancelled meanwhile
        answers = self._tiles.state.answers
        answers.leave(asked)
        try:
            found = future.result()
            if not isinstance(found, Answered):
                assert self._job is not None
                found = answers.settled(self._key, self._job, found)
            if self._blank is not None and found.stale is None:
                self._tiles.keep_blank(self._blank, found.reply)
            self._give_answer(found)
        except ImageServerError as error:
            self._failed(error)
        except Exception:
            self._fail(internal_error("a tile"))

    def _failed(self, error: ImageServerError) -> None:
        if self._may_ask_again and self._job is not None and is_first_askers(error):
            try:
                self._join(self._job, time.perf_counter() - self.started)
            except ImageServerError as own:
                error = own
            else:
                return
        self._fail(error)

    def _give_answer(self, answered: Answered) -> None:
        self._outcome = answered
        reply = answered.reply
        headers = self._headers if reply.cacheable else [(b"cache-control", b"no-store")]
        if answered.stale is not None:
            marks = answered.stale.headers()
            headers = [(key.lower().encode(), value.encode()) for key, value in marks.items()]
            if not self._is_public:
                headers = as_private(headers)
        if self._known and is_match(self._known, dict(headers).get(b"etag", b"").decode()):
            self._give(304, headers, b"")
            return
        headers += [
            (b"content-type", reply.media_type.encode()),
            (b"content-length", b"%d" % len(reply.body)),
            (b"server-timing", server_timing(answered).encode()),
        ]
        if reply.headers:
            headers += [(key.lower().encode(), value.encode()) for key, value in reply.headers]
        self._give(200, headers, reply.body)

    def _fail(self, error: ImageServerError) -> None:
        self._outcome = error
        self._tiles.state.metrics.observe_error(self._name, error)
        self._give(*error_message(error))

    def _give(self, status: int, headers: RawHeaders, body: bytes | bytearray) -> None:
        headers.append(_NOSNIFF)
        headers += self._cors
        headers.append((REQUEST_ID_HEADER, self._id))
        self._count(status, len(body))
        self._done(status, headers, body)

    def _count(self, status: int, size: int) -> None:
        self.is_done = True
        state, seconds = self._tiles.state, time.perf_counter() - self.started
        state.metrics.open_requests -= 1
        state.metrics.series(self._name, "xyz", "tile").observe(status, seconds, size)
        journal = state.journal
        if journal.is_wanted or seconds > journal.slow_s:
            journal.note(self._finished(status, size, seconds))

    def _finished(self, status: int, size: int, seconds: float) -> Finished:
        outcome = self._outcome
        answered = outcome if isinstance(outcome, Answered) else None
        return Finished(
            scope=self._scope,
            request_id=self._id,
            service=self._name,
            protocol="xyz",
            operation="tile",
            status=status,
            seconds=seconds,
            body_bytes=size,
            cache="" if answered is None else answered.cache,
            stages={} if answered is None else answered.stages,
            error=type(outcome).__name__ if isinstance(outcome, ImageServerError) else "",
        )


def _if_none_match(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for key, value in headers:
        if key == b"if-none-match":
            return str(value, "latin-1")
    return None
