"""What some operations need of a service beside its capabilities: heights, sensor models, dimensions, a table.

Where it is missing, the page of the service does not offer the operation. One whose answer is then empty
still gives that to the clients that ask it of every service; any other says what it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary

_KINDS = {
    "generic": "of other values",
    "rgb": "of colour pictures",
    "thematic": "of classes",
    "elevation": "of heights",
}


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a service has or has not.

    Attributes
    ----------
    words : str
        Completes "… needs a service"
    missing : str
        Completes "This one …"; {kind} = what the service is of.
    """

    words: str
    missing: str
    is_met: Callable[[ServiceSummary], bool]

    def missing_in(self, summary: ServiceSummary) -> str:
        """Return what a service is or lacks instead."""
        return self.missing.format(kind=_KINDS[summary.data_type])


class NeedNotMet(RequestError):
    """An operation was asked of a service that it cannot work on."""

    def __init__(self, operation: str, need: str, missing: str) -> None:
        super().__init__(operation, need, missing)

    def __str__(self) -> str:
        operation, need, missing = self.fields
        return f"{operation} needs a service {need}; this one {missing}."


HEIGHTS = Need("of heights", "is {kind}", lambda summary: summary.data_type == "elevation")
SENSORS = Need("of images with sensor models", "has none", lambda summary: summary.has_sensors)
DIMENSIONS = Need(
    "with dimensions", "is not multidimensional", lambda summary: bool(summary.variables)
)
ATTRIBUTE_TABLE = Need(
    "with a raster attribute table",
    "has none",
    lambda summary: summary.attribute_table is not None,
)
