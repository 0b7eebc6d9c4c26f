"""Sample overlaps on a common coarse grid, through the plan and the readers that serve. Runs in workers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from config.definition import Interpolation, MosaicMethod
from engine.build.balance.robust_match import NO_MATCH, BandMatch, match_samples
from engine.errors import SourceError
from engine.extent import Extent
from engine.read_view import read_view
from engine.request_parts import MosaicRule, View
from engine.service import open_service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.pixel_type import PixelType
    from engine.service import ImageService

    Floats = NDArray[np.float64]

TARGET = -1
# An overlap is looked at in so many cells, some thousands of which are valid.
_CELLS = 72 * 72
_MOST_SIDE = 512


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two items by their OBJECTIDs, b `TARGET` for the target, and where to compare them.

    Attributes
    ----------
    cell : float
        Least size of a cell, in units of the service CRS: the coarser of the two pixel sizes.
    """

    a: int
    b: int
    box: Extent
    cell: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleJob:
    """Comparisons of neighbours.

    Attributes
    ----------
    service, target : str
        Compiled definitions: of the items, and of the target ("" = none).
    """

    service: str
    comparisons: tuple[Comparison, ...]
    target: str = ""

    @property
    def path(self) -> str:
        """What messages name."""
        return self.service


def sample_overlaps(job: SampleJob) -> list[tuple[BandMatch, ...]]:
    """Return how the bands of each comparison match; () where an item cannot be read."""
    service = open_service(job.service)
    target = open_service(job.target) if job.target else None
    try:
        return [_compared(service, target, each) for each in job.comparisons]
    finally:
        service.close()
        if target is not None:
            target.close()


def _compared(
    service: ImageService, target: ImageService | None, asked: Comparison
) -> tuple[BandMatch, ...]:
    view = grid_view(asked.box, _cell_size(asked.box, asked.cell), service.summary.crs)
    try:
        a = read_samples(service, asked.a, view)
        if asked.b != TARGET or target is None:
            b = read_samples(service, asked.b, view)
        else:
            b = read_samples(target, None, view)
    except SourceError:
        return ()
    step = 0.0 if service.summary.pixel_type.is_float else 1.0
    bands = min(len(a), len(b))
    return tuple(match_samples(a[band].ravel(), b[band].ravel(), step) for band in range(bands)) + (
        NO_MATCH,
    ) * (len(a) - bands)


def _cell_size(box: Extent, least: float) -> float:
    """Return the size of the cells in which a box is looked at."""
    area, side = box.width * box.height, max(box.width, box.height)
    return max(least, math.sqrt(area / _CELLS), side / _MOST_SIDE)


def grid_view(box: Extent, cell: float, crs: str) -> View:
    """Return a view of a box in square cells, on the grid whose lines go through the origin."""
    left, bottom = math.floor(box.xmin / cell), math.floor(box.ymin / cell)
    right = max(math.ceil(box.xmax / cell), left + 1)
    top = max(math.ceil(box.ymax / cell), bottom + 1)
    extent = Extent(left * cell, bottom * cell, right * cell, top * cell)
    width, height = right - left, top - bottom
    return View(extent=extent, extent_crs=crs, out_crs=crs, width=width, height=height)


def read_samples(service: ImageService, item: int | None, view: View) -> Floats:
    """Return samples (bands, rows, cols) of an item alone, NaN where they tell nothing.

    Parameters
    ----------
    item
        OBJECTID; None = the service's mosaic.

    Raises
    ------
    SourceError
    """
    rule = None
    if item is not None:
        rule = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(item,))
    block = read_view(service, view, rule, Interpolation.BILINEAR)
    samples = block.data.astype(np.float64)
    valid = np.broadcast_to(block.valid, samples.shape) & _tells(samples, service)
    samples[~valid] = np.nan
    return samples


def _tells(samples: Floats, service: ImageService) -> NDArray[np.bool_]:
    """Return which samples are not cut off at the ends of their type."""
    pixel_type: PixelType = service.summary.pixel_type
    if pixel_type.is_float or pixel_type.bytes_per_sample > 2:
        return np.isfinite(samples)
    low, high = pixel_type.limits
    return np.asarray((samples > low) & (samples < high))
