"""From a job to an HTTP response, for every protocol alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from server.http_caching import cache_control, etag_of, is_match
from server.large_export import is_large, large_export

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.instances.job import Job, Reply
    from server.state import Answered, ServerState

_MB = 1024 * 1024


def server_timing(answered: Answered) -> str:
    """Return the stages as a Server-Timing header, in milliseconds.

    References
    ----------
    W3C Server Timing, section 2.
    """
    if answered.is_kept:
        return "cache;desc=hit"
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
    if is_match(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    if is_large(job, state.settings.limits.large_export_mb * _MB):
        return await large_export(state, job, headers)
    answered = await state.answer(job, question)
    reply = answered.reply
    if not reply.cacheable:
        headers = {"Cache-Control": "no-store"}
    headers["Server-Timing"] = server_timing(answered)
    return _response(reply, headers)


def note_labels(request: Request, job: Job) -> None:
    """Tell the metrics which service and operation this request is about."""
    request.scope["swath.labels"] = (job.service.name, job.protocol, job.operation)


def _response(reply: Reply, headers: dict[str, str]) -> Response:
    headers.update(reply.headers)
    if reply.truncated:
        headers.setdefault("X-Swath-Truncated", "true")
    # A view, because starlette would try to encode a bytearray as text.
    return Response(memoryview(reply.body), headers=headers, media_type=reply.media_type)
