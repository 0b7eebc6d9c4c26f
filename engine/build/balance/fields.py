"""What items look like from far: samples of each whole item on one coarse grid. Runs in workers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.build.balance.pair_samples import grid_view, read_samples
from engine.errors import SourceError
from engine.image_space import from_image_space, image_space
from engine.item_space import Points
from engine.place import convert
from engine.service import open_service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.extent import Extent
    from engine.service import ImageService

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WantedField:
    """An item by its OBJECTID, the box of its footprint, and the size of its raster in pixels."""

    id: int
    box: Extent
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldJob:
    """Items to look at.

    Attributes
    ----------
    service, target : str
        Compiled definitions; "" = no target.
    cell : float
        Of the grid, in units of the service CRS; its lines go through the origin.
    """

    service: str
    wanted: tuple[WantedField, ...]
    cell: float
    target: str = ""

    @property
    def path(self) -> str:
        """What messages name."""
        return self.service


class Field(msgspec.Struct, frozen=True):
    """The cells of one item that hold pixels.

    Attributes
    ----------
    cols, rows : int64 (n,)
        Numbers of the cells on the grid, rows upwards.
    across, down : float32 (n,)
        Where in its raster the item has them, in shares of its width and height.
    samples, target : float32 (bands, n)
        NaN = nothing is known; target (0, n) where there is none.
    """

    cols: bytes
    rows: bytes
    across: bytes
    down: bytes
    samples: bytes
    target: bytes
    bands: int

    def numbers(self, name: str) -> NDArray[np.int64]:
        """Return `cols` or `rows`."""
        return np.frombuffer(getattr(self, name), np.int64)

    def shares(self, name: str) -> Floats:
        """Return `across` or `down`."""
        return np.frombuffer(getattr(self, name), np.float32)

    def values(self, name: str) -> Floats:
        """Return `samples` or `target`, (bands, n)."""
        flat = np.frombuffer(getattr(self, name), np.float32)
        return flat.reshape(self.bands, -1) if flat.size else flat.reshape(0, 0)


def read_fields(job: FieldJob) -> list[Field | None]:
    """Return the field of each item, None where it cannot be read or holds nothing."""
    service = open_service(job.service)
    target = open_service(job.target) if job.target else None
    try:
        return [_field(service, target, each, job.cell) for each in job.wanted]
    finally:
        service.close()
        if target is not None:
            target.close()


def _field(
    service: ImageService, target: ImageService | None, wanted: WantedField, cell: float
) -> Field | None:
    crs = service.summary.crs
    view = grid_view(wanted.box, cell, crs)
    extent = view.extent
    if extent is None:
        raise ValueError("a view of a box has a box")
    try:
        samples = read_samples(service, wanted.id, view)
        goal = None if target is None else read_samples(target, None, view)
        here = np.flatnonzero(np.isfinite(samples).any(axis=0).ravel())
        if here.size == 0:
            return None
        row, col = np.divmod(here, view.width)
        x = extent.xmin + (col + 0.5) * cell
        y = extent.ymax - (row + 0.5) * cell
        points = Points(x, y, np.full(x.size, math.nan))
        found = convert(service, points, crs, image_space(wanted.id))
    except SourceError:
        return None
    across, down = from_image_space(found.x, found.y)
    good = np.isfinite(across) & np.isfinite(down)
    here, col, row = here[good], col[good], row[good]
    bands = len(samples)
    return Field(
        cols=(col + round(extent.xmin / cell)).astype(np.int64).tobytes(),
        rows=(round(extent.ymax / cell) - 1 - row).astype(np.int64).tobytes(),
        across=(across[good] / wanted.width).astype(np.float32).tobytes(),
        down=(down[good] / wanted.height).astype(np.float32).tobytes(),
        samples=samples.reshape(bands, -1)[:, here].astype(np.float32).tobytes(),
        target=b""
        if goal is None
        else goal.reshape(len(goal), -1)[:bands, here].astype(np.float32).tobytes(),
        bands=bands,
    )
