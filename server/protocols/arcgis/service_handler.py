"""Requests below `…/ImageServer`: the root resource and its operations."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from engine.errors import InvalidParameter
from engine.readers.source_files import OpenedFile
from server.http.file_response import FileResponse
from server.http.http_caching import conditional
from server.http.responses import respond
from server.protocols.arcgis.answer_form import AnswerForm, answer_form
from server.protocols.arcgis.directory import InvalidUrl
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.needs import NeedNotMet
from server.protocols.arcgis.operation_page import operation_page
from server.protocols.arcgis.operations import OPERATIONS, ROOT, Operation, service_root
from server.protocols.arcgis.operations.base import (
    OperationInfo,
    RenderedFile,
    is_asked,
    is_described,
    is_looking,
)
from server.protocols.arcgis.output_links import with_href, without_lasting_copies
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.service_call import (
    PROTOCOL,
    RASTER,
    ServiceCall,
    describes,
    has_rule,
    read_question,
)
from server.protocols.arcgis.service_json import capabilities, service_json
from server.protocols.arcgis.service_page import service_page

if TYPE_CHECKING:
    from collections.abc import Callable


async def handle_service(call: ServiceCall, segments: list[str]) -> Response:
    """Answer the root resource, or the operation that the segments name.

    Raises
    ------
    ImageServerError
        To be worded by the router.
    """
    if not segments:
        _label(call, "root")
        return await _root(call)
    name, operation, arguments = _resolve(segments, call)
    _label(call, name)
    info = operation.INFO
    if not call.allows(operation):
        own = ", ".join(capabilities(call.service.summary))
        accepted = (
            f"an operation of a service with capability {info.capability}; this one has {own}"
        )
        raise InvalidParameter("operation", "/".join(segments), accepted)
    parameters = arguments.merged(call.parameters)
    form = _form(call, info, parameters)
    if info.needs is not None and not info.empty and not call.offers(operation):
        missing = info.needs.missing_in(call.service.summary)
        raise NeedNotMet(name, info.needs.words, missing)
    question = call.question(form, parameters)
    if form.f == "html":
        return await operation_page(call, name, operation, question)
    if is_looking(operation):
        return await _looked_up(call, name, await asyncio.to_thread(operation.look, question), form)
    if await read_question(partial(describes, operation), question):
        assert is_described(operation)
        value = await read_question(operation.describe, question)
        return _json(call, name, form, lambda: value)
    assert is_asked(operation)
    job = call.job(name, await read_question(operation.parse, question), form)
    job = await with_href(call.state, call.base, job)
    return without_lasting_copies(await respond(call.request, call.state, job), job)


async def _looked_up(
    call: ServiceCall,
    name: str,
    found: OpenedFile | RenderedFile | dict[str, Any],
    form: AnswerForm,
) -> Response:
    if isinstance(found, OpenedFile):
        return FileResponse(call.request, found)
    if isinstance(found, RenderedFile):
        response = await respond(call.request, call.state, call.job(name, found.asked, form))
        response.headers["Content-Disposition"] = f'attachment; filename="{found.name}"'
        return response
    return _json(call, name, form, lambda: found)


def _label(call: ServiceCall, operation: str) -> None:
    """Say what is counted before anything can fail."""
    call.request.scope["swath.labels"] = (call.service.name, PROTOCOL, operation)


def _form(call: ServiceCall, info: OperationInfo, parameters: Parameters) -> AnswerForm:
    """Read `f`; an operation that answers with pixels has a page only for who asks for one by name."""
    accept = call.request.headers.get("accept", "")
    if not all(name in parameters for name in info.arguments):
        # Somebody looks at the address of an operation without what belongs behind it: the form.
        return answer_form(parameters, accept, info.formats)
    if info.returns_pixels:
        return AnswerForm("html" if parameters.keyword("f").casefold() == "html" else "image")
    # Addresses with arguments are made by programs: without `f` they get JSON. Rasters have pages.
    is_made = any(f"{{{name}}}" != RASTER for name in info.arguments)
    return answer_form(parameters, "" if is_made else accept, info.formats)


def _resolve(segments: list[str], call: ServiceCall) -> tuple[str, Operation, Parameters]:
    """Find the operation of a path; what follows its name are its arguments, or the raster before it.

    Arguments may come as parameters instead, as the forms of the pages send them.
    """
    if is_raster_id(segments[0]):
        key = "/".join([RASTER, *segments[1:]])
        if key in OPERATIONS:
            given = Parameters([("rasterId", segments[0])])
            return OPERATIONS.own_name(key), OPERATIONS[key], given
        raise InvalidUrl("one of " + ", ".join(_addresses()))
    for length in (2, 1):
        key = "/".join(segments[:length])
        if len(segments) < length or key not in OPERATIONS or key.startswith(RASTER):
            continue
        operation = OPERATIONS[key]
        arguments = segments[length:]
        wanted = operation.INFO.arguments
        if len(arguments) == len(wanted) or (not arguments and _is_form(wanted, call)):
            pairs = zip(wanted, arguments, strict=False)
            return OPERATIONS.own_name(key), operation, Parameters(pairs)
    raise InvalidUrl("one of " + ", ".join(_addresses()))


def _is_form(wanted: tuple[str, ...], call: ServiceCall) -> bool:
    asked = call.parameters
    f = asked.keyword("f").casefold()
    return f == "html" or (not f and _is_browser(call)) or all(name in asked for name in wanted)


def _is_browser(call: ServiceCall) -> bool:
    return "text/html" in call.request.headers.get("accept", "")


def is_raster_id(segment: str) -> bool:
    """Tell whether a path segment is an OBJECTID."""
    return segment.isascii() and segment.isdigit() and len(segment) <= 15


def _addresses() -> list[str]:
    return [
        name if name.startswith(RASTER) else "/".join([name, *operation.INFO.arguments])
        for name, operation in OPERATIONS.items()
        if name != ROOT
    ]


async def _root(call: ServiceCall) -> Response:
    form = answer_form(call.parameters, call.request.headers.get("accept", ""))
    question = call.question(form, call.parameters)
    if form.f == "html":
        return await service_page(call, question)
    if await read_question(has_rule, question):
        job = call.job(ROOT, await read_question(service_root.parse, question), form)
        return await respond(call.request, call.state, job)
    name, summary = call.service.name, call.service.summary
    return _json(call, "root", form, lambda: service_json(name, summary))


def _json(call: ServiceCall, name: str, form: AnswerForm, make: Callable[[], Any]) -> Response:
    """Answer from the summary, with an ETag and 304."""
    media_type, body = encode(make(), form.options())
    key = (call.service.version, name, body)
    return conditional(call.request, key, lambda: Response(body, media_type=media_type))
