"""One row of the service table, as read from `catalog.gpkg`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from engine.build.raster_record import (
    ItemStatus,
    PyramidFile,
    RasterDefinition,
    headers_of_text,
    raster_of_text,
)
from engine.extent import Extent
from engine.item import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.readers.header import RasterHeader
    from engine.results import AttributeValue


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltState:
    """What build made of an item.

    Attributes
    ----------
    fingerprint : str
        Of all that went into it; another one means it must be built again.
    shape_hash : str
        Of the footprint as build wrote it; another one in the table means it was edited by hand.
    rings : bytes
        The footprint in level-0 pixels (`engine.footprint.pack_rings`); b"" = the whole raster.
    statistics : bytes
        See engine.build.statistics; b"" = none.
    pyramids : tuple of PyramidFile
        Levels that its files lack.
    """

    fingerprint: str = ""
    shape_hash: str = ""
    rings: bytes = b""
    statistics: bytes = b""
    pyramids: tuple[PyramidFile, ...] = ()


class InputRow(NamedTuple):
    """What goes into building a row; light, because all rows are looked at in each build."""

    id: int
    category: int
    status: int
    raster: str
    header: str
    fingerprint: str
    statistics_bytes: int


class DigestRow(NamedTuple):
    """What tells whether a row changed since the last build."""

    id: int
    category: int
    status: int
    shape: bytes | None
    fingerprint: str
    statistics_bytes: int


class PrimaryRow(NamedTuple):
    """What overviews need to know of a primary that is ready.

    Attributes
    ----------
    extent
        None where the table does not tell.
    range : (MinPS, MaxPS)
        As they stand; NaN = null.
    attributes : list of (name, value)
        All others that are not empty.
    """

    id: int
    low_ps: float
    high_ps: float
    range: tuple[float, float]
    extent: Extent | None
    wkb: bytes
    fingerprint: str
    attributes: list[tuple[str, AttributeValue]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One row of the service table.

    Attributes
    ----------
    attributes : dict
        All fields but those of `SYSTEM_FIELDS`; dates are ISO text as in the table.
    raster_text, header_text : str
        JSON; decoded by `raster` and `headers`.
    wkb : bytes
        Footprint in the service CRS; b"" = not built.
    """

    id: int
    status: ItemStatus
    message: str
    attributes: dict[str, AttributeValue]
    raster_text: str
    header_text: str
    wkb: bytes
    built: BuiltState

    @property
    def name(self) -> str:
        """Field Name."""
        return str(self.attributes.get("Name") or "")

    @property
    def category(self) -> int:
        """Field Category."""
        return int(self.attributes.get("Category") or PRIMARY)

    @property
    def raster(self) -> RasterDefinition:
        """The raster process definition; raises msgspec.MsgspecError where edited wrongly."""
        return raster_of_text(self.raster_text)

    @property
    def headers(self) -> tuple[RasterHeader, ...]:
        """Headers of the sources."""
        return headers_of_text(self.header_text)

    @property
    def is_edited(self) -> bool:
        """Whether the footprint is no longer as build wrote it."""
        return bool(self.wkb) and hash_shape(self.wkb) != self.built.shape_hash


def hash_shape(wkb: bytes) -> str:
    """Return a hash of a geometry's coordinates that survives being rewritten by another program."""
    return hash_shapes([wkb])[0]


def hash_shapes(wkbs: Sequence[bytes]) -> list[str]:
    """Return `hash_shape` of many geometries."""
    shapes = shapely.from_wkb(wkbs, on_invalid="ignore")
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    rounded = points.round(6).astype("<f8", copy=False)
    ends = np.searchsorted(owner, np.arange(len(wkbs) + 1)).tolist()
    return [
        hashlib.blake2b(rounded[begin:end].tobytes(), digest_size=12).hexdigest()
        for begin, end in pairwise(ends)
    ]


def wkb_extent(wkb: bytes) -> Extent | None:
    """Return the box of a geometry, None for an empty one."""
    xmin, ymin, xmax, ymax = map(float, shapely.bounds(shapely.from_wkb(wkb)))
    return Extent(xmin, ymin, xmax, ymax) if xmin <= xmax else None
