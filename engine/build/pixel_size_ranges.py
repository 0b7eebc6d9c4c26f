"""At which pixel sizes each item shows: the proof that there is one answer at every size and place.

Overviews come in generations. Generation g begins at a pixel size P(g), ends at P(g + 1) (the last one
never) and is the mosaic of all primaries that end at P(g) or finer. A primary shows from 0 to the first
P(g) that is not finer than its own pixels. So at a size p with P(g) ≤ p < P(g + 1) there show
generation g, and exactly those primaries that are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

OPEN = 0.0


@dataclass(frozen=True, slots=True)
class PixelSizeRange:
    """Half-open range; `end` 0 = no end."""

    begin: float
    end: float

    def holds(self, pixel_size: float) -> bool:
        """Tell whether an item with this range shows at a pixel size."""
        return self.begin <= pixel_size and (self.end == OPEN or pixel_size < self.end)


def primary_range(low_ps: float, thresholds: Sequence[float]) -> PixelSizeRange:
    """Return where a primary shows.

    Parameters
    ----------
    low_ps : float
        Its own pixel size in service units.
    thresholds : rising
        P(1), P(2), …
    """
    return PixelSizeRange(0.0, next((size for size in thresholds if size >= low_ps), OPEN))


def overview_range(generation: int, thresholds: Sequence[float]) -> PixelSizeRange:
    """Return where the overviews of a generation (from 1) show."""
    end = thresholds[generation] if generation < len(thresholds) else OPEN
    return PixelSizeRange(thresholds[generation - 1], end)


def generation_of(primary: PixelSizeRange, thresholds: Sequence[float]) -> int:
    """Return the first generation that holds a primary, 0 = none."""
    return 0 if primary.end == OPEN else list(thresholds).index(primary.end) + 1


def check_partition(primaries: Sequence[PixelSizeRange], thresholds: Sequence[float]) -> None:
    """Prove that at each pixel size a primary or its overview shows, and never both.

    Raises
    ------
    ConfigError
        The ranges (edited by hand, perhaps) leave a gap or overlap; names the pixel size.
    """
    generations = [overview_range(g + 1, thresholds) for g in range(len(thresholds))]
    sizes = sorted({0.0, *thresholds, *(t * (1 + 1e-9) for t in thresholds)})
    for primary in dict.fromkeys(primaries):
        member_from = generation_of(primary, thresholds)
        for size in sizes:
            shown = int(primary.holds(size))
            shown += sum(
                range_.holds(size)
                for generation, range_ in enumerate(generations, 1)
                if member_from and generation >= member_from
            )
            if shown != 1:
                why = f"{shown} rasters stand for one place at pixel size {size:g}, expected one"
                raise ConfigError("footprints", "MinPS, MaxPS", why)
