"""Which tiles of a block have data: by footprints, no pixel is read.

Rule: a tile that has data is never left out; one whose pixels happen to be empty may be counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import shapely

from engine.catalog_place import Place
from engine.request_parts import TileAddress
from engine.results import TilemapResult
from engine.target_grid import extent_values, world_period
from engine.tile_boxes import area_of_block, boxes_of_blocks
from engine.tile_scheme import shown_block, tile_scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.render_work import Work
    from engine.request import TilemapRequest
    from engine.service import ImageService
    from engine.tile_boxes import Blocks
    from engine.tile_scheme import TileScheme

# First row and column, and the ones after the last.
_Block: TypeAlias = tuple[int, int, int, int]
# Where so many rasters meet a tile, none of their outlines is looked at; of a block, so many together.
_MOST_OUTLINES = 64
_MOST_TOGETHER = 2000


def tilemap(request: TilemapRequest, work: Work) -> TilemapResult:
    """Return which tiles of a block have data."""
    summary = work.service.summary
    scheme = tile_scheme(summary, request.scheme)
    found = np.zeros((request.rows, request.cols), np.uint8)
    if request.level < len(scheme.resolutions):
        shown = shown_block(summary, scheme, request.level)
        block = None if shown is None else _within(request, shown)
        if block is not None:
            _Map(work, scheme, request, found).fill(block)
    return TilemapResult(data=found.tobytes())


def _within(request: TilemapRequest, shown: _Block) -> _Block | None:
    """Return the part of the block asked for that shows the service."""
    block = (
        max(request.row, shown[0]),
        max(request.col, shown[1]),
        min(request.row + request.rows, shown[2]),
        min(request.col + request.cols, shown[3]),
    )
    return block if block[0] < block[2] and block[1] < block[3] else None


class _Map:
    """The tiles of one request being found."""

    def __init__(
        self, work: Work, scheme: TileScheme, request: TilemapRequest, found: NDArray[np.uint8]
    ) -> None:
        self._work = work
        self._service: ImageService = work.service
        self._scheme = scheme
        self._request = request
        self._found = found
        wkb = self._service.catalog.boundary
        self._boundary = shapely.from_wkb(wkb) if wkb else shapely.Polygon()
        shapely.prepare(self._boundary)

    def fill(self, block: _Block) -> None:
        """Mark the tiles of a block: together where its rasters are few, else by its quarters."""
        waiting = [block]
        while waiting:
            row, col, end_row, end_col = block = waiting.pop()
            self._work.budget.check()
            tiles = (end_row - row) * (end_col - col)
            address = TileAddress(level=self._request.level, row=row, col=col)
            area = area_of_block(self._service, self._scheme, address, end_row - row, end_col - col)
            if area is None:
                continue
            most = min(_MOST_OUTLINES * tiles, _MOST_TOGETHER)
            place = Place(area.extent, area.ps_min, area.ps_max)
            keys = self._service.catalog.ids_at(place, most)
            box = shapely.box(*extent_values(area.extent))
            if keys and self._boundary.contains(box):
                self._mark(block)
            elif keys and len(keys) < most:
                self._fill_by_outlines(block, self._outlines(keys))
            elif keys and tiles == 1:
                self._mark(block)
            elif keys:
                waiting += map(tuple, _quarters(np.array([block])).tolist())

    def _fill_by_outlines(self, block: _Block, outlines: shapely.STRtree) -> None:
        """Mark the tiles that outlines meet: blocks inside as a whole, at edges by quarters."""
        blocks = np.array([block], np.int64)
        while len(blocks):
            self._work.budget.check()
            boxes = boxes_of_blocks(self._service, self._scheme, self._request.level, blocks)
            has_place = np.isfinite(boxes).all(axis=1)
            blocks, shapes = blocks[has_place], shapely.box(*boxes[has_place].T)
            met = np.unique(outlines.query(shapes, "intersects")[0])
            blocks, shapes = blocks[met], shapes[met]
            is_full = shapely.contains(self._boundary, shapes)
            is_full |= (blocks[:, 2:] - blocks[:, :2]).max(axis=1, initial=0) == 1
            for full in blocks[is_full].tolist():
                self._mark(tuple(full))
            blocks = _quarters(blocks[~is_full])

    def _outlines(self, keys: list[int]) -> shapely.STRtree:
        """Return the outlines of items, and those of what goes on at the other side of the map."""
        catalog = self._service.catalog
        stored = catalog.footprints_of(dict.fromkeys(keys))
        shapes = shapely.from_wkb(list(stored.values()))
        boxes = [
            shapely.box(*extent_values(item.extent))
            for item in catalog.items_by_id(key for key in keys if key not in stored)
        ]
        shapes = np.array([*shapes, *boxes], dtype=object)
        period = world_period(self._service.summary.crs)
        bounds = shapely.bounds(shapes)
        turned = [
            shapely.transform(shapes[beyond], lambda xy, by=by: np.add(xy, (by, 0.0)))
            for beyond, by in (
                (bounds[:, 2] > period / 2, -period),
                (bounds[:, 0] < -period / 2, period),
            )
            if period
        ]
        return shapely.STRtree(np.concatenate([shapes, *turned]))

    def _mark(self, block: _Block) -> None:
        row, col, end_row, end_col = block
        top, left = self._request.row, self._request.col
        self._found[row - top : end_row - top, col - left : end_col - left] = 1


def _quarters(blocks: Blocks) -> Blocks:
    """Return the quarters of blocks; those that are a tile high or wide have halves."""
    row, col, end_row, end_col = blocks.T
    middle, centre = (row + end_row + 1) // 2, (col + end_col + 1) // 2
    parts = np.concatenate(
        [
            np.column_stack([top, left, bottom, right])
            for top, bottom in ((row, middle), (middle, end_row))
            for left, right in ((col, centre), (centre, end_col))
        ]
    )
    return parts[(parts[:, 0] < parts[:, 2]) & (parts[:, 1] < parts[:, 3])]
