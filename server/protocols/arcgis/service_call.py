"""One request to one image service, and how it becomes a question to the front or a job for an instance."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard, TypeVar

from engine.request_parts import RenderingRule
from server.instances.job import Job
from server.protocols.arcgis.operations.base import (
    Asked,
    Question,
    is_asked,
    is_described,
)
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.service_json import capabilities

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from server.protocols.arcgis.answer_form import AnswerForm
    from server.protocols.arcgis.operations import Operation
    from server.protocols.arcgis.operations.base import DescribedOperation
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.arcgis.request_reader import Pairs
    from server.site.service_registry import PublishedService
    from server.state import ServerState

T = TypeVar("T")

PROTOCOL = "arcgis"
# What is read within milliseconds: polygons of some hundred vertices.
_QUICK_CHARACTERS = 20_000
# Stands in the names of operations for the OBJECTID of a raster.
RASTER = "{rasterId}"


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
            version=self.service.version,
            compiled=self.service.path,
        )

    def job(self, name: str, asked: Asked, form: AnswerForm) -> Job:
        """Return what an instance is asked; `name` is the operation's."""
        return Job(
            service=self.service,
            request=asked.request,
            operation=name or "root",
            protocol=PROTOCOL,
            renderer="" if asked.is_final else f"{PROTOCOL}:{name}",
            options={} if asked.is_final else {**asked.options, **form.options()},
            client=self.state.client_of(self.request.scope),
        )

    def allows(self, operation: Operation) -> bool:
        """Tell whether the service has the capability that an operation needs."""
        capability = operation.INFO.capability
        return not capability or capability in capabilities(self.service.summary)

    def offers(self, operation: Operation) -> bool:
        """Tell whether an operation has something to work on, too: then the pages offer it."""
        needs = operation.INFO.needs
        return self.allows(operation) and (needs is None or needs.is_met(self.service.summary))


async def read_question(reader: Callable[[Question], T], question: Question) -> T:
    """Return what `reader` makes of a question.

    A polygon of 20,000 vertices that cross takes a second: other requests must not wait for it.
    """
    if sum(len(value) for _name, value in question.query) <= _QUICK_CHARACTERS:
        return reader(question)
    return await asyncio.to_thread(reader, question)


def describes(operation: Operation, question: Question) -> TypeGuard[DescribedOperation]:
    """Tell whether the front answers by itself: what is asked of a rule's results it cannot know."""
    if not is_described(operation):
        return False
    return not is_asked(operation) or not has_rule(question)


def has_rule(question: Question) -> bool:
    """Tell whether a question has a rendering rule that does something.

    Raises
    ------
    InvalidParameter
        The rule is none.
    """
    rule = rendering_rule(question.parameters, question.rule_scope)
    return rule not in (None, RenderingRule())
