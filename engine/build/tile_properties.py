"""What types cannot say of the tile properties in definition.toml."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from config.definition import TileSchemeName
from engine.tile_scheme import MOST_LEVELS, TILE_PIXELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.definition import ServiceProperties

_SIZES = (TILE_PIXELS, 2 * TILE_PIXELS)
_CORNER = 2
# A scheme of one level is none to GDAL.
_FEWEST_LEVELS = 2
_OF_OWN = ("tile_origin", "tile_scales", "tile_resolutions")


def tile_faults(found: ServiceProperties) -> Iterator[tuple[str, str]]:
    """Yield the properties that cannot be, and why."""
    if found.tile_size not in _SIZES:
        yield "tile_size", f"{found.tile_size} is not 256 or 512"
    if not _is_range(found.tile_levels):
        why = f"is not two levels from 0 to {MOST_LEVELS - 1}, the first not above the last"
        yield "tile_levels", f"{list(found.tile_levels)} {why}"
    if not 0 <= found.tile_tolerance < math.inf:
        yield "tile_tolerance", f"{found.tile_tolerance} is not a finite number of 0 or more"
    if found.tile_origin and not (
        len(found.tile_origin) == _CORNER and all(map(math.isfinite, found.tile_origin))
    ):
        yield "tile_origin", f"{list(found.tile_origin)} is not two finite numbers, x and y"
    for key in ("tile_scales", "tile_resolutions"):
        sizes: tuple[float, ...] = getattr(found, key)
        if sizes and not _is_falling(sizes):
            yield (
                key,
                f"takes {_FEWEST_LEVELS} to {MOST_LEVELS} numbers above 0, each below the last",
            )
    if found.tile_scales and found.tile_resolutions:
        yield "tile_scales", "is stated beside tile_resolutions; one of them says it all"
    for key in _OF_OWN:
        if getattr(found, key) and found.tile_scheme is not TileSchemeName.OWN:
            yield key, f"is of tile_scheme own alone; the scheme is {found.tile_scheme.value}"


def _is_range(levels: tuple[int, ...]) -> bool:
    if not levels:
        return True
    return len(levels) == 2 and 0 <= levels[0] <= levels[1] < MOST_LEVELS


def _is_falling(sizes: tuple[float, ...]) -> bool:
    return (
        _FEWEST_LEVELS <= len(sizes) <= MOST_LEVELS
        and all(0 < size < math.inf for size in sizes)
        and all(later < earlier for earlier, later in pairwise(sizes))
    )
