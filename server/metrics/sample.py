"""One measured value on its way into the text form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from server.metrics.histogram import Histogram


class Sample(NamedTuple):
    """A metric's value under some labels; made by the thousand, so a tuple.

    Attributes
    ----------
    labels : tuple of str
        In the order of the metric's label names.
    """

    name: str
    value: float | Histogram
    labels: tuple[str, ...] = ()
