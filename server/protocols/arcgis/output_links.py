"""The `href` of exports: a short address that ends as its file would, and the answer to its GET.

    /arcgis/rest/directories/arcgisoutput/<service>_ImageServer/_ags_<name>.<ending>

Clients look at the ending (R), fetch without a login and append `?token=…` to it, which means nothing
here. Errors have their HTTP status: whoever downloads a file sees that it is none.
"""

from __future__ import annotations

import math
from dataclasses import replace
from email.utils import formatdate
from time import time
from typing import TYPE_CHECKING

from starlette.responses import Response

from engine.errors import ImageServerError
from engine.format_names import format_name
from engine.request import PictureInfoRequest
from server.http.byte_range import in_range
from server.http.edge import error_message, internal_error
from server.http.responses import note_error, respond
from server.instances.job import Job

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.state import ServerState

DIRECTORIES = "directories"
_OUTPUT = "arcgisoutput"
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png"}


async def with_href(state: ServerState, base: str, job: Job) -> Job:
    """Return the job with the link of the picture that it tells of; other jobs as they are.

    Parameters
    ----------
    base : str
        The server's public URL.

    Raises
    ------
    ImageServerError
        The picture cannot be made.
    """
    asked = job.request
    if not isinstance(asked, PictureInfoRequest):
        return job
    picture = replace(job, request=asked.image, renderer="", options={})
    ending = format_name(asked.image.encoding.format).extension
    if asked.image.encoding.format == "jpgpng":
        # Only its pixels tell what it becomes; whoever asks for the link fetches it next.
        ending = _ENDINGS[(await state.ask(picture)).media_type]
    name = state.outputs.keep(picture, ending)
    folder = f"{base}/arcgis/rest/{DIRECTORIES}/{_OUTPUT}/{job.service.name}_ImageServer"
    return replace(job, options={**job.options, "href": f"{folder}/{name}"})


def without_lasting_copies(response: Response, job: Job) -> Response:
    """Let no cache keep an answer with a link longer than the link lives: asked again, it is renewed."""
    is_kept = response.headers.get("Cache-Control") != "no-store"
    if is_kept and isinstance(job.request, PictureInfoRequest):
        response.headers["Cache-Control"] = "no-cache"
    return response


async def output_picture(state: ServerState, request: Request, segments: list[str]) -> Response:
    """Answer the GET of a link; `segments` are the parts of the path below `directories`."""
    try:
        return await _picture(state, request, segments[-1] if segments else "")
    except ImageServerError as error:
        failure = error
    except Exception:
        failure = internal_error("a picture of an export")
    status, headers, body = error_message(failure)
    note_error(request, failure, status)
    named = {key.decode("latin-1"): value.decode("latin-1") for key, value in headers}
    return Response(body, status_code=status, headers=named)


async def _picture(state: ServerState, request: Request, name: str) -> Response:
    output = state.outputs.find(name)
    job = Job(
        # As it is published now: a service that was stopped shows nothing any more.
        service=state.service(output.service),
        request=output.request,
        operation=output.operation,
        protocol=output.protocol,
        client=state.client_of(request.scope),
    )
    response = await respond(request, state, job)
    is_lasting = "X-Swath-Stale" not in response.headers
    if is_lasting and response.headers.get("Cache-Control") != "no-store":
        left_s = math.floor(output.left_s)
        response.headers["Cache-Control"] = f"private, max-age={left_s}"
        response.headers["Expires"] = formatdate(time() + left_s, usegmt=True)
    return in_range(request, response)
