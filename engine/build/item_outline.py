"""The outline of an item's raster by the rule for its footprint, reading no more pixels than that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from engine.build.collar import BlockGrid, inside_cells
from engine.build.footprints import grow, outline, shaped
from engine.build.item_pixels import ItemPixels, Strip
from engine.build.polygon_rings import polygons_to_rings
from engine.errors import InvalidParameter
from engine.footprint import unpack_rings
from engine.geometry.projection import LONLAT, operation

if TYPE_CHECKING:
    from engine.build.band_mapping import BandMapping
    from engine.build.footprint_rule import FootprintRule
    from engine.build.raster_record import RasterDefinition
    from engine.item import Level
    from engine.readers.header import RasterHeader

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# The outline is exact up to this many cells: they and what traces them take some 150 MB.
_MOST_CELLS = 24 << 20
# Blocks are read together up to about this many a side.
_BLOCK_PX = 512
_BLOCK_PIXELS = 1 << 20
# Decoding a whole large scene takes these formats seconds a band; their coarser levels are what is
# looked at, and they hold a mean of all pixels, not one of many.
_SLOW_DRIVERS = frozenset({"JP2OpenJPEG"})


@dataclass(frozen=True, slots=True)
class OutlineJob:
    """A raster whose outline is wanted, and the rule for it."""

    raster: RasterDefinition
    headers: tuple[RasterHeader, ...]
    mapping: BandMapping
    rule: FootprintRule


@dataclass(frozen=True, slots=True)
class Outline:
    """What came of it.

    Attributes
    ----------
    rings : list of (n, 2) or None
        In level-0 pixels; None = the whole raster, [] = no pixel is valid.
    notes : tuple of str
        Sentences about what could not be done.
    """

    rings: list[Floats] | None
    notes: tuple[str, ...] = ()


def outline_of_item(job: OutlineJob) -> Outline:
    """Return the outline of a raster.

    Raises
    ------
    SourceError
        Its pixels cannot be read.
    """
    header = job.headers[0]
    size = (header.width, header.height)
    if job.rule.method == "geometry":
        return _stated(job)
    looked_at = None if job.rule.method == "extent" else _looked_at(job)
    if looked_at is None:
        return Outline(shaped(None, size, job.rule))
    return Outline(_by_pixels(looked_at))


def _stated(job: OutlineJob) -> Outline:
    """Return the area that the product states; sensors see their whole image."""
    header, text = job.headers[0], job.raster.coverage
    size = (header.width, header.height)
    if not text or job.raster.geolocation is not None or header.geotransform is None:
        return Outline(shaped(None, size, job.rule))
    whole = shaped(None, size, job.rule)
    try:
        crs = job.raster.sources[0].crs or header.crs
        pipeline = operation(LONLAT, crs).pipeline
        wkb = bytes(shapely.to_wkb(shapely.from_wkt(text)))
        rings = unpack_rings(
            polygons_to_rings(wkb, pipeline, header.geotransform, header.levels[0])
        )
    except (ValueError, InvalidParameter, shapely.errors.GEOSException) as err:
        return Outline(whole, (f"The area its product states cannot be used: {err}.",))
    shape = shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in rings])
    area: Any = shape.intersection(shapely.box(0, 0, *size))
    if not area.area > 0:
        return Outline(whole, ("The area its product states lies beside it: its extent is used.",))
    return Outline(shaped(area, size, job.rule))


def _looked_at(job: OutlineJob) -> OutlineJob | None:
    """Return the job with what the rule lets say which pixels are valid; None = nothing does."""
    raster, mapping, rule = job.raster, job.mapping, job.rule
    if rule.valid_by == "alpha":
        nothing = (None,) * len(mapping.bands)
        mapping = replace(mapping, no_data=nothing)
        raster = _with_range(raster, None)
    elif rule.valid_by == "values":
        mapping = replace(mapping, alpha=None, dataset_mask=False)
    if rule.valid_range is not None and rule.valid_by != "alpha":
        raster = _with_range(raster, rule.valid_range)
    if not _is_declared(raster, mapping):
        if rule.method == "auto" or rule.valid_by == "alpha" or mapping.pixel_type.is_float:
            return None
        # Asked for by name and nothing is declared: the collar is black.
        mapping = replace(mapping, no_data=(0.0,) * len(mapping.bands))
    return replace(job, raster=raster, mapping=mapping)


def _with_range(
    raster: RasterDefinition, valid_range: tuple[float, float] | None
) -> RasterDefinition:
    sources = tuple(
        msgspec.structs.replace(source, valid_range=valid_range) for source in raster.sources
    )
    return msgspec.structs.replace(raster, sources=sources)


def _is_declared(raster: RasterDefinition, mapping: BandMapping) -> bool:
    """Tell whether anything says which pixels are valid."""
    return (
        mapping.alpha is not None
        or mapping.dataset_mask
        or mapping.pixel_type.is_float
        or any(value is not None for value in mapping.no_data)
        or any(source.valid_range is not None for source in raster.sources)
    )


def _by_pixels(job: OutlineJob) -> list[Floats] | None:
    full = job.headers[0].levels[0]
    level = 0
    if job.headers[0].driver in _SLOW_DRIVERS:
        level = finest_level(job.headers, _MOST_CELLS)
    of_level = job.headers[0].levels[level]
    cell = _cell(of_level)
    grid = _grid(of_level, cell)
    with ItemPixels(job.raster, job.headers, job.mapping, level) as pixels:

        def read(down: int, across: int) -> Bools:
            row, col, rows, cols = grid.window(down, across)
            return pixels.any_valid(Strip(row, rows, col, cols))

        inside = inside_cells(grid, read, cell)
    if level:
        # A mean of a level says little of single pixels.
        inside = grow(inside)
    step = (cell * full.width / of_level.width, cell * full.height / of_level.height)
    return outline(inside, step, (full.width, full.height), job.rule)


def _cell(level: Level) -> int:
    """Return how many pixels a side make one cell of a raster, a power of two."""
    pixels = level.width * level.height
    return 1 if pixels <= _MOST_CELLS else 2 ** math.ceil(math.log2(pixels / _MOST_CELLS) / 2)


def _grid(level: Level, cell: int) -> BlockGrid:
    """Cut a level into the file's own blocks, small ones together."""
    cols = _together(max(1, level.block_width), cell, _BLOCK_PX)
    most_rows = max(_BLOCK_PX if cols <= _BLOCK_PX else 1, _BLOCK_PIXELS // cols)
    rows = _together(max(1, level.block_height), cell, min(_BLOCK_PX, most_rows))
    return BlockGrid(level.height, level.width, rows, cols)


def _together(block: int, cell: int, most: int) -> int:
    """Return a multiple of a block's side of at most so many pixels, of whole cells."""
    side = block * max(1, most // block)
    return -(-side // cell) * cell


def finest_level(headers: tuple[RasterHeader, ...], most_pixels: int) -> int:
    """Return the finest level of at most so many pixels, else the coarsest there is."""
    count = min(len(header.levels) for header in headers)
    for index, level in enumerate(headers[0].levels[:count]):
        if level.width * level.height <= most_pixels:
            return index
    return count - 1
