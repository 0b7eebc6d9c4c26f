"""How many decoded source pixels a request may cost, known before any file is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import RequestTooLarge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.target_grid import TargetGrid

# A few seconds of decoding on one core, or this many times the output's own pixels for large exports.
_MOST = 1_000_000_000
_PER_OUTPUT = 64


def most_source_pixels(grid: TargetGrid) -> int:
    """Return how many source pixels a view may cost."""
    return max(_MOST, _PER_OUTPUT * grid.width * grid.height)


def check_source_pixels(grid: TargetGrid, spent: Sequence[int]) -> None:
    """Refuse a rule whose rasters, each within the limit, cost more than the limit together.

    Parameters
    ----------
    spent
        Source pixels of each raster of the rule.

    Raises
    ------
    RequestTooLarge
    """
    most = most_source_pixels(grid)
    if len(spent) > 1 and sum(spent) > most:
        accepted = f"{most} for all rasters of 'renderingRule'"
        raise RequestTooLarge("number of source pixels", sum(spent), accepted)
