"""What a request of WMS is: one module here and one line in OPERATIONS.

As with operations of ArcGIS: answered from the summary alone (`describe`, in the front), or by an instance
(`parse` in the front, `answer` in the instance unless pixels are the answer). No starlette here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from urllib.parse import urlencode

from server.protocols.arcgis.operations.base import Asked
from server.protocols.arcgis.rendering_rule import rule_scope
from server.protocols.arcgis.service_json import capabilities

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.parameters import Parameters
    from server.protocols.arcgis.rendering_rule import RuleScope
    from server.protocols.wms.versions import Version

__all__ = ["AnsweringOperation", "Asked", "AskedOperation", "DescribedOperation", "Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request, as its front half sees it.

    Attributes
    ----------
    service : str
        "folder/name".
    sequence : str
        What capabilities call their update sequence: the service's version.
    url : str
        Public address of this WMS, without a query.
    token : str
        What the links of the answer carry, because the client put it into the address and takes further
        addresses from the answer as they are; "" = nothing.
    """

    version: Version
    service: str
    sequence: str
    url: str
    summary: ServiceSummary
    parameters: Parameters
    token: str = ""

    @property
    def address(self) -> str:
        """Return the public address with the beginning of a query, for links."""
        carried = f"{urlencode({'token': self.token})}&" if self.token else ""
        return f"{self.url}?{carried}"

    @property
    def layer(self) -> str:
        """Return the name of the layer."""
        return self.service.rpartition("/")[2]

    @property
    def has_images(self) -> bool:
        """Whether the service gives pictures at all."""
        return self._is_able("image")

    @property
    def has_catalog(self) -> bool:
        """Whether clients may know of the rasters behind a picture."""
        return self._is_able("catalog")

    def _is_able(self, capability: str) -> bool:
        return capability in (name.casefold() for name in capabilities(self.summary))

    @property
    def rule_scope(self) -> RuleScope:
        """Return what names in rendering rules may stand for."""
        return rule_scope(self.service, self.summary)


@runtime_checkable
class DescribedOperation(Protocol):
    """A request that needs only the summary."""

    def describe(self, question: Question) -> tuple[str, bytes]:
        """Return media type and body.

        Raises
        ------
        RequestError
        """
        ...


@runtime_checkable
class AskedOperation(Protocol):
    """A request that asks an instance."""

    def parse(self, question: Question) -> Asked:
        """Return the request to ask.

        Raises
        ------
        RequestError
        """
        ...


@runtime_checkable
class AnsweringOperation(AskedOperation, Protocol):
    """A request whose instance half writes the answer."""

    def answer(self, result: Any, context: AnswerContext) -> tuple[str, bytes]:
        """Return media type and body for the engine's record."""
        ...
