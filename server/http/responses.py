"""From a job to an HTTP response, for every protocol alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from engine.errors import ImageServerError
from server.answers.large_export import is_large, large_export
from server.http.edge import error_message
from server.http.http_caching import cache_control, etag_of, is_match

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.answers.answered import Answered
    from server.instances.job import Job, Reply
    from server.state import ServerState

_MB = 1024 * 1024


def server_timing(answered: Answered) -> str:
    """Return the stages as a Server-Timing header, in milliseconds.

    References
    ----------
    W3C Server Timing, section 2.
    """
    if answered.kept:
        return "cache;desc=stale" if answered.stale else f"cache;desc={answered.kept}"
    return ", ".join([f"{name};dur={ms:.3f}" for name, ms in answered.reply.stages.items()])


def etag_of_job(job: Job, question: bytes) -> str:
    """Return the ETag of a job's answer, known before the answer."""
    service = job.service
    return etag_of(service.version.encode(), service.name.encode(), question)


async def respond(request: Request, state: ServerState, job: Job) -> Response:
    """Answer a request with what an instance makes of a job.

    Answers If-None-Match with 304 before anything is rendered.

    Raises
    ------
    ImageServerError
        The protocol gives it its own form.
    """
    note_labels(request, job)
    question = job.question()
    etag = etag_of_job(job, question)
    headers = {"ETag": etag, "Cache-Control": cache_control(job.service.summary)}
    known = request.headers.get("if-none-match")
    key = (job.service.version, job.service.name, question)
    if is_match(known, etag) and state.answers.confirms(key):
        return Response(status_code=304, headers=headers)
    if is_large(job, state.settings.limits.large_export_mb * _MB):
        return await large_export(state, job, headers)
    answered = await state.answer(job, question)
    # Without its body, which an idle connection would keep.
    request.scope["swath.answered"] = answered.cache, answered.stages
    reply = answered.reply
    if answered.stale is not None:
        headers = answered.stale.headers()
    elif not reply.cacheable:
        headers = {"Cache-Control": "no-store"}
    if is_match(known, headers.get("ETag", "")):
        return Response(status_code=304, headers=headers)
    headers["Server-Timing"] = server_timing(answered)
    return _response(reply, headers)


async def refused(_: Request, error: Exception) -> Response:
    """Word an error that a handler did not, in the form of our own routes."""
    if not isinstance(error, ImageServerError):
        raise error
    status, headers, body = error_message(error)
    named = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers}
    return Response(body, status, named)


def note_labels(request: Request, job: Job) -> None:
    """Tell the metrics which service and operation this request is about."""
    request.scope["swath.labels"] = (job.service.name, job.protocol, job.operation)


def note_error(request: Request, error: ImageServerError, status: int) -> None:
    """Tell metrics and logs what has happened, whatever the protocol makes the answer look like."""
    request.scope["swath.error"] = error
    request.scope["swath.status"] = status


def _response(reply: Reply, headers: dict[str, str]) -> Response:
    headers.update(reply.headers)
    if reply.truncated:
        headers.setdefault("X-Swath-Truncated", "true")
    # A view, because starlette would try to encode a bytearray as text.
    return Response(memoryview(reply.body), headers=headers, media_type=reply.media_type)
