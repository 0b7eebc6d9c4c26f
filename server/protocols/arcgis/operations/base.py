"""What an operation of an image service is: one module here and one line in OPERATIONS.

An operation answers from the service's summary alone (`describe`, in the front), or asks an instance
(`parse` in the front makes the Request, `answer` in the instance turns the engine's record into bytes).
Modules of this package are imported by the fork parent: no starlette in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard, runtime_checkable

from server.protocols.arcgis.rendering_rule import rule_scope

if TYPE_CHECKING:
    from engine.readers.source_files import OpenedFile
    from engine.request import Request
    from engine.summary import ServiceSummary
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.needs import Need
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.arcgis.rendering_rule import RuleScope


@dataclass(frozen=True, slots=True)
class FormField:
    """One input of an operation's page.

    Attributes
    ----------
    start : str
        What the page holds at first, so that its button has something to show. `form_starts` puts places
        of the service in: $x and $y (its middle), $box (its extent), $patch and $ring (a tenth of it
        around the middle, as a box and as the ring of a polygon), $rasterId.
    """

    name: str
    hint: str = ""
    choices: tuple[str, ...] = ()
    start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationInfo:
    """What the router and the pages need to know of an operation.

    Attributes
    ----------
    arguments
        Names of the path segments behind the operation, `tile/{level}/{row}/{col}`.
    capability
        The service must have it; "" = always there.
    fields
        Inputs of the page.
    returns_pixels : bool
        Answers with an image whatever `f` says (but for html).
    is_resource : bool
        Something to look at, not something to be done: its page shows the answer at once.
    needs
        What a service must have for it; None = nothing more.
    empty : str
        What the page says where the answer has nothing in it; "" = it always has. With it, the operation
        answers services that do not have what it needs.
    formats
        Values of `f` beside html, json and pjson; where `returns_pixels`, what they are if no picture.
    """

    title: str
    hint: str
    capability: str = "Image"
    arguments: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    returns_pixels: bool = False
    is_resource: bool = False
    needs: Need | None = None
    empty: str = ""
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request to an operation, as its front half sees it.

    Attributes
    ----------
    service : str
        "folder/name".
    url : str
        Public URL of the image service, up to and with `/ImageServer`.
    f : str
        Output form in lower case.
    parameters
        Query, body and path arguments.
    version, compiled : str
        Of the service: its content hash, and the path of its compiled definition.
    """

    service: str
    url: str
    f: str
    summary: ServiceSummary
    parameters: Parameters
    query: tuple[tuple[str, str], ...] = ()
    version: str = ""
    compiled: str = ""

    @property
    def rule_scope(self) -> RuleScope:
        """Return what names in rendering rules may stand for."""
        return rule_scope(self.service, self.summary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request for an instance, with what the answering half must know beside it.

    `is_final`: the engine's bytes go out as they are (pixels), no answering half.
    """

    request: Request
    options: dict[str, str] = field(default_factory=dict)
    is_final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """A file that an instance makes, and what it is called."""

    asked: Asked
    name: str


@runtime_checkable
class DescribedOperation(Protocol):
    """An operation that needs only the summary."""

    @property
    def INFO(self) -> OperationInfo:  # noqa: N802 -- a module constant
        """Return the operation's facts."""
        ...

    def describe(self, question: Question) -> Any:
        """Return the answer as JSON-like values."""
        ...


@runtime_checkable
class LookingOperation(Protocol):
    """An operation that looks at the files of rasters: the front runs it beside its event loop."""

    @property
    def INFO(self) -> OperationInfo:  # noqa: N802 -- a module constant
        """Return the operation's facts."""
        ...

    def look(self, question: Question) -> OpenedFile | RenderedFile | dict[str, Any]:
        """Return a file to be sent, one to be rendered, or the answer as JSON-like values.

        Raises
        ------
        ImageServerError
        """
        ...


@runtime_checkable
class AskedOperation(Protocol):
    """An operation that asks an instance."""

    @property
    def INFO(self) -> OperationInfo:  # noqa: N802 -- a module constant
        """Return the operation's facts."""
        ...

    def parse(self, question: Question) -> Asked:
        """Return the request to ask.

        Raises
        ------
        RequestError
            A parameter is not accepted.
        """
        ...


@runtime_checkable
class AnsweringOperation(AskedOperation, Protocol):
    """An operation whose instance half writes the answer."""

    def answer(self, result: Any, context: AnswerContext) -> tuple[str, bytes]:
        """Return media type and body for the engine's record."""
        ...


def is_described(operation: object) -> TypeGuard[DescribedOperation]:
    """Tell whether an operation is a `DescribedOperation`."""
    return _has(operation, DescribedOperation)


def is_looking(operation: object) -> TypeGuard[LookingOperation]:
    """Tell whether an operation is a `LookingOperation`."""
    return _has(operation, LookingOperation)


def is_asked(operation: object) -> TypeGuard[AskedOperation]:
    """Tell whether an operation is an `AskedOperation`."""
    return _has(operation, AskedOperation)


@cache
def _has(operation: object, kind: type) -> bool:
    # Cached, because looking for the members of a protocol takes 8 µs, and a request needs it four times.
    return isinstance(operation, kind)
