"""The answers that are not pixels: one record for each catalogue-like request.

Made by the engine, turned into a protocol's own form by that protocol. Geometries are WKB with the CRS
beside them; dates are milliseconds since 1970 UTC; no path of a source is in any of them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from engine.extent import Extent
from engine.summary import BandStatistics, FieldInfo, Histogram

AttributeValue: TypeAlias = str | int | float | None

# One number per band, whole for integer pixel types; None = that band has no data. No tuple = no data at all.
Samples: TypeAlias = tuple[float | None, ...] | None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the result records."""


class PictureInfoResult(Result, frozen=True, kw_only=True):
    """What an image request gives: the extent after aspect adjustment, in `crs` ("" = the service's)."""

    width: int
    height: int
    extent: Extent
    crs: str = ""


class IdentifiedItem(Result, frozen=True, kw_only=True):
    """One item at a place, in the order of the mosaic rule, topmost first.

    Attributes
    ----------
    attributes
        All fields of the service table but Shape and Raster, in the table's spelling and order.
    footprint : bytes
        WKB in the CRS of the request; empty where not asked for.
    values, processed
        The item's own samples, and those after each rendering rule.
    visibility : float
        Share 0..1 of the pixels asked about that come from this item.
    """

    id: int
    attributes: dict[str, AttributeValue]
    footprint: bytes = b""
    values: Samples = None
    processed: tuple[Samples, ...] = ()
    visibility: float = 0.0


class IdentifyResult(Result, frozen=True, kw_only=True):
    """Values and items at a place; `x`, `y` in `crs` ("" = the service's) is where values were taken."""

    x: float
    y: float
    crs: str = ""
    values: Samples = None
    processed: tuple[Samples, ...] = ()
    items: tuple[IdentifiedItem, ...] = ()


class QueryRow(Result, frozen=True, kw_only=True):
    """One row of the catalog; `values` as `QueryResult.fields`, `footprint` WKB in its `crs` or empty."""

    values: tuple[AttributeValue, ...]
    footprint: bytes = b""


class QueryResult(Result, frozen=True, kw_only=True):
    """Rows of the catalog, or what was asked for instead.

    Attributes
    ----------
    crs : str
        Of footprints and extent; "" = the service's.
    fields
        The columns of `rows`, without Shape and Raster.
    ids, count, extent
        Filled when the request `returns` them ("extent" fills `count` too).
    exceeded : bool
        More rows match than were returned.
    """

    crs: str = ""
    fields: tuple[FieldInfo, ...] = ()
    rows: tuple[QueryRow, ...] = ()
    ids: tuple[int, ...] = ()
    count: int = 0
    extent: Extent | None = None
    exceeded: bool = False


class StatisticsResult(Result, frozen=True, kw_only=True):
    """Statistics per band; () where there are none."""

    statistics: tuple[BandStatistics, ...] = ()


class HistogramsResult(Result, frozen=True, kw_only=True):
    """Histograms per band; () where there are none."""

    histograms: tuple[Histogram, ...] = ()
