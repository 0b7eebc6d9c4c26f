"""Requests below `…/ImageServer`: the root resource and its operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec
from starlette.responses import Response

from engine.errors import ImageServerError, InvalidParameter
from engine.request import RenderingRule
from server.errors import status_of
from server.http_caching import conditional
from server.instances.job import Job
from server.protocols.arcgis.answer_form import AnswerForm, answer_form
from server.protocols.arcgis.directory import InvalidUrl
from server.protocols.arcgis.errors import failure_of
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations import OPERATIONS, ROOT, Operation, service_root
from server.protocols.arcgis.operations.base import (
    Asked,
    AskedOperation,
    DescribedOperation,
    OperationInfo,
    Question,
)
from server.protocols.arcgis.operations.export_image import picture_url
from server.protocols.arcgis.pages import page
from server.protocols.arcgis.parameters import Parameters
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.service_json import capabilities, service_json
from server.responses import respond

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from server.protocols.arcgis.request_reader import Pairs
    from server.service_registry import PublishedService
    from server.state import ServerState

PROTOCOL = "arcgis"
# Stands in the names of operations for the OBJECTID of a raster.
RASTER = "{rasterId}"
_STEERING = ("f", "token", "callback", "pretty")
_SHOWN_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCall:
    """One request to one image service; `base` is the server's public URL."""

    state: ServerState
    request: Request
    service: PublishedService
    base: str
    pairs: Pairs
    parameters: Parameters

    @property
    def url(self) -> str:
        """Return the public URL of the service."""
        return f"{self.base}/arcgis/rest/services/{self.service.name}/ImageServer"

    def question(self, form: AnswerForm, parameters: Parameters) -> Question:
        """Return what the operations read."""
        return Question(
            service=self.service.name,
            url=self.url,
            f=form.f,
            summary=self.service.summary,
            parameters=parameters,
            query=self.pairs,
        )


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
    name, operation, arguments = _resolve(segments)
    _label(call, name)
    info = operation.INFO
    if not _is_offered(call, operation):
        raise InvalidParameter(
            "operation", name, f"an operation of a service with capability {info.capability}"
        )
    parameters = arguments.merged(call.parameters)
    accept = call.request.headers.get("accept", "")
    form = (
        AnswerForm("image")
        if info.returns_pixels
        else answer_form(parameters, accept, info.formats)
    )
    question = call.question(form, parameters)
    if form.f == "html":
        return await _operation_page(call, name, operation, question)
    if _is_described(operation, question):
        value = operation.describe(question)
        return _json(call, name, form, lambda: value)
    assert isinstance(operation, AskedOperation)
    return await respond(
        call.request, call.state, _job(call, name, operation.parse(question), form)
    )


def _label(call: ServiceCall, operation: str) -> None:
    """Say what is counted before anything can fail."""
    call.request.scope["swath.labels"] = (call.service.name, PROTOCOL, operation)


def _is_offered(call: ServiceCall, operation: Operation) -> bool:
    capability = operation.INFO.capability
    return not capability or capability in capabilities(call.service.summary)


def _is_described(operation: Operation, question: Question) -> TypeGuard[DescribedOperation]:
    """Tell whether the front answers by itself: what is asked of a rule's results it cannot know."""
    if not isinstance(operation, DescribedOperation):
        return False
    return not isinstance(operation, AskedOperation) or not _has_rule(question)


def _has_rule(question: Question) -> bool:
    rule = rendering_rule(question.parameters, question.rule_scope)
    return rule not in (None, RenderingRule())


def _resolve(segments: list[str]) -> tuple[str, Operation, Parameters]:
    """Find the operation of a path; what follows its name are its arguments, or the raster before it."""
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
        if len(arguments) == len(operation.INFO.arguments):
            pairs = zip(operation.INFO.arguments, arguments, strict=True)
            return OPERATIONS.own_name(key), operation, Parameters(pairs)
    raise InvalidUrl("one of " + ", ".join(_addresses()))


def is_raster_id(segment: str) -> bool:
    """Tell whether a path segment is an OBJECTID."""
    return segment.isascii() and segment.isdigit() and len(segment) <= 15


def _addresses() -> list[str]:
    return [
        name if name.startswith(RASTER) else "/".join([name, *operation.INFO.arguments])
        for name, operation in OPERATIONS.items()
        if name != ROOT
    ]


def _job(call: ServiceCall, name: str, asked: Asked, form: AnswerForm) -> Job:
    return Job(
        service=call.service,
        request=asked.request,
        operation=name or "root",
        protocol=PROTOCOL,
        renderer="" if asked.is_final else f"{PROTOCOL}:{name}",
        options={} if asked.is_final else {**asked.options, **form.options()},
    )


async def _root(call: ServiceCall) -> Response:
    form = answer_form(call.parameters, call.request.headers.get("accept", ""))
    if form.f == "html":
        return _service_page(call)
    question = call.question(form, call.parameters)
    if _has_rule(question):
        asked = service_root.parse(question)
        return await respond(call.request, call.state, _job(call, ROOT, asked, form))
    name, summary = call.service.name, call.service.summary
    return _json(call, "root", form, lambda: service_json(name, summary))


def _json(call: ServiceCall, name: str, form: AnswerForm, make: Callable[[], Any]) -> Response:
    """Answer from the summary, with an ETag and 304."""
    media_type, body = encode(make(), form.options())
    key = (call.service.version, name, body)
    return conditional(call.request, key, lambda: Response(body, media_type=media_type))


def _service_page(call: ServiceCall) -> Response:
    facts = service_json(call.service.name, call.service.summary)
    extent = facts["extent"]
    shown = {
        "Extent": ", ".join(f"{extent[key]:.10g}" for key in ("xmin", "ymin", "xmax", "ymax")),
        "Spatial reference": facts["spatialReference"].get("latestWkid", "WKT"),
        "Pixel size": f"{facts['pixelSizeX']:.10g}, {facts['pixelSizeY']:.10g}",
        "Bands": ", ".join(facts["bandNames"][:32]),
        "Pixel type": facts["pixelType"],
        "Rasters": call.service.summary.primary_count,
        "Capabilities": facts["capabilities"],
        "Mosaic methods": facts["allowedMosaicMethods"],
        "Default mosaic method": facts["defaultMosaicMethod"],
        "Mosaic operator": facts["mosaicOperator"],
        "Largest image": f"{facts['maxImageWidth']} × {facts['maxImageHeight']}",
        "Copyright": facts["copyrightText"],
    }
    operations = [
        (name, operation.INFO.hint, f"{call.url}/{name}")
        for name, operation in OPERATIONS.items()
        if name != ROOT
        and not operation.INFO.arguments
        and not name.startswith(RASTER)
        and _is_offered(call, operation)
    ]
    values = {
        "title": call.service.name,
        "base": call.base,
        "trail": _trail(call)[:-1],
        "url": call.url,
        "map_url": f"{call.base}/map/{call.service.name}",
        "facts": facts,
        "rows": [(label, value) for label, value in shown.items() if value not in ("", None)],
        "operations": operations,
    }
    return page("service.html", values)


async def _operation_page(
    call: ServiceCall, name: str, operation: Operation, question: Question
) -> Response:
    info = operation.INFO
    shown: dict[str, Any] = {"result": "", "picture": "", "error": None}
    is_asked = any(
        value.strip() and key.casefold() not in _STEERING for key, value in question.query
    )
    if is_asked or not info.fields:
        try:
            shown["result"] = await _result_text(call, name, operation, question)
        except ImageServerError as error:
            failure = failure_of(error, status_of)
            shown["error"] = failure.body()["error"]
            call.request.scope["swath.status"] = failure.code
        if name == "exportImage" and shown["error"] is None:
            shown["picture"] = picture_url(question)
    values = {
        "title": info.title,
        "base": call.base,
        "trail": _trail(call),
        "hint": info.hint,
        "fields": info.fields,
        "forms": ("html", *info.formats, "json", "pjson"),
        "action": f"{call.url}/{_address(name, question)}",
        "values": _form_values(question, info),
        **shown,
    }
    return page("operation.html", values)


def _address(name: str, question: Question) -> str:
    return name.replace(RASTER, question.parameters.text("rasterId"))


def _form_values(question: Question, info: OperationInfo) -> dict[str, str]:
    """Fill the form with what was asked, and the box, which must not be sent blank."""
    values = {field.name: question.parameters.text(field.name) for field in info.fields}
    if values.get("bbox") == "":
        box = question.summary.extent
        values["bbox"] = f"{box.xmin!r},{box.ymin!r},{box.xmax!r},{box.ymax!r}"
    return values


async def _result_text(
    call: ServiceCall, name: str, operation: Operation, question: Question
) -> str:
    form = AnswerForm("pjson")
    if not _is_described(operation, question):
        assert isinstance(operation, AskedOperation)
        reply = await call.state.ask(_job(call, name, operation.parse(question), form))
        text = bytes(reply.body).decode("utf-8", "replace")
    else:
        text = msgspec.json.format(msgspec.json.encode(operation.describe(question)).decode())
    if len(text) > _SHOWN_CHARACTERS:
        return text[:_SHOWN_CHARACTERS] + "\n… the rest is in f=json"
    return text


def _trail(call: ServiceCall) -> list[tuple[str, str]]:
    services = f"{call.base}/arcgis/rest/services"
    trail = [("Services", services)]
    folder, separator, _ = call.service.name.partition("/")
    if separator:
        trail.append((folder, f"{services}/{folder}"))
    trail.append((call.service.name.rpartition("/")[2], call.url))
    return trail
