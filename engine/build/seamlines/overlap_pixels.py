"""How much two items differ, pixel by pixel, where they overlap: rendered as they serve. Runs in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from config.definition import MosaicMethod
from engine.answer import render_request
from engine.budget import UNLIMITED, InstanceMemory
from engine.extent import Extent
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import ImageService, open_service

if TYPE_CHECKING:
    from engine.build.seamlines.label_grid import GridWindow

Floats32 = NDArray[np.float32]
Bools = NDArray[np.bool_]

_MEMORY = InstanceMemory(block_cache_bytes=96 << 20, gdal_cache_bytes=16 << 20)
# How much edges in the picture (roads, roofs, shores) count beside the difference of the two.
_EDGES = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapJob:
    """Two items and a window of the grid.

    Attributes
    ----------
    service : str
        A compiled definition in which both show.
    cache : str
        Where the answer is kept until all seamlines are made.
    """

    service: str
    first: int
    second: int
    window: GridWindow
    pixel_size: float
    cache: str

    @property
    def path(self) -> str:
        """What messages name."""
        return f"the overlap of the items {self.first} and {self.second}"


@dataclass(frozen=True, slots=True)
class Overlap:
    """The answer.

    Attributes
    ----------
    difference : float32 (rows, cols)
        0 where the two look alike and nothing is to be seen; about 1 on the average.
    first, second : bool (rows, cols)
        Where each item has pixels.
    """

    difference: Floats32
    first: Bools
    second: Bools


@lru_cache(maxsize=1)
def _open(path: str) -> ImageService:
    return open_service(path, _MEMORY)


def compare_overlap(job: OverlapJob) -> Overlap:
    """Render both items and compare them; from the cache where that was done before.

    Raises
    ------
    SourceError
        An item cannot be read and the service is strict.
    """
    known = read_cached(job)
    if known is not None:
        return known
    service = _open(job.service)
    first, second = (_pixels(service, job, fid) for fid in (job.first, job.second))
    both = first.valid_any() & second.valid_any()
    overlap = Overlap(difference_of(first, second, both), first.valid_any(), second.valid_any())
    _keep(job, overlap)
    return overlap


def difference_of(first: PixelBlock, second: PixelBlock, both: Bools) -> Floats32:
    """Return how visible a border would be at each pixel.

    The difference of brightness between two dates is taken off first: it shows wherever the border
    runs, and only what differs beyond it tells where to run.

    Parameters
    ----------
    both : bool (rows, cols)
        Where both have pixels; elsewhere the result is 0.
    """
    total = np.zeros(both.shape)
    if not both.any():
        return total.astype(np.float32)
    for band in range(min(first.bands, second.bands)):
        one, other = first.data[band].astype(np.float64), second.data[band].astype(np.float64)
        one, other = np.where(both, one, 0.0), np.where(both, other, 0.0)
        spread = float(np.std(one[both]) + np.std(other[both])) / 2
        if not (np.isfinite(spread) and spread > 0):
            continue
        apart = one - other
        apart -= np.median(apart[both])
        total += np.abs(apart) / spread
        total += _EDGES * 0.5 * (_steps(one) + _steps(other)) / spread
    total[~both] = 0.0
    mean = float(total[both].mean())
    return (total / mean if mean > 0 else total).astype(np.float32)


def _steps(data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the difference to the neighbours on the east and the south."""
    steps = np.zeros(data.shape)
    steps[:, :-1] += np.abs(np.diff(data, axis=1))
    steps[:-1] += np.abs(np.diff(data, axis=0))
    return steps


def _pixels(service: ImageService, job: OverlapJob, fid: int) -> PixelBlock:
    window, size = job.window, job.pixel_size
    extent = Extent(
        window.col * size,
        -(window.row + window.rows) * size,
        (window.col + window.cols) * size,
        -window.row * size,
    )
    request = ImageRequest(
        view=View(extent=extent, width=window.cols, height=window.rows),
        encoding=Encoding(format="bsq"),
        mosaic=MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(fid,)),
    )
    pixels = render_request(plan(service, request), request, Work(service, UNLIMITED))
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels


def read_cached(job: OverlapJob) -> Overlap | None:
    """Return an answer that is at hand, None where there is none."""
    path = Path(job.cache)
    if not path.is_file():
        return None
    with np.load(path) as kept:
        return Overlap(kept["difference"], kept["first"], kept["second"])


def _keep(job: OverlapJob, overlap: Overlap) -> None:
    path = Path(job.cache)
    part = path.with_suffix(".part.npz")
    np.savez_compressed(
        part, difference=overlap.difference, first=overlap.first, second=overlap.second
    )
    part.replace(path)
