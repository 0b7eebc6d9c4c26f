"""The primaries that overviews are made of, and what tells which cells of an overview must be made anew.

A cell is a square of a file that is rendered at once. Its digest covers all that its pixels depend on,
so that one more scene among a hundred thousand costs the few cells it touches.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from config.definition import MosaicMethod, ServiceProperties
from engine.build.item_row import wkb_extent
from engine.build.overview_plan import PrimaryBox
from engine.build.seamline_rows import seamlines_by_item
from engine.extent import Extent
from engine.geometry.local_scale import ground_pixel_sizes_m
from engine.size_bands import SizeBandCollector
from engine.target_grid import world_period

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.build.overview_plan import OverviewFile
    from engine.build.seamline_rows import Seamline
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable
    from engine.results import AttributeValue

OVERVIEW_VERSION = 3
CELL_PX = 512
DIGEST_BYTES = 8
# A raster may reach this much further into its neighbours than its footprint says.
_MARGIN_PX = 2.0
_MOST_PARTS = 8
# What of definition.toml changes pixels of a mosaic by the default rule.
_RULE = (
    "mosaic_method",
    "mosaic_operator",
    "sort_field",
    "sort_value",
    "sort_ascending",
    "lock_raster_ids",
    "blend_width_px",
    "blend_side",
    "interpolation",
    "grid_tolerance_px",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Primaries:
    """All primaries that are ready, as columns.

    Attributes
    ----------
    boxes : list of PrimaryBox
    ranges : (n, 2)
        MinPS and MaxPS as they stand.
    ground_m : (n,)
        Size of their pixels on the ground.
    digests : list of bytes
        Of all that a primary's pixels in a mosaic depend on.
    tree : STRtree
        Of the footprints' boxes.
    groups : list of attribute values
        Of the field that overviews are grouped by; None where there is none.
    """

    boxes: list[PrimaryBox]
    ranges: Floats
    ground_m: Floats
    digests: list[bytes]
    tree: shapely.STRtree
    groups: list[AttributeValue]

    def of(self, members: Sequence[int]) -> Primaries:
        """Return some of them, by their places in the columns."""
        boxes = [self.boxes[index] for index in members]
        return Primaries(
            boxes=boxes,
            ranges=self.ranges[members],
            ground_m=self.ground_m[members],
            digests=[self.digests[index] for index in members],
            tree=_tree(boxes),
            groups=[self.groups[index] for index in members],
        )

    def touched(self, boxes: Sequence[Extent]) -> list[int]:
        """Return the places in the columns of those that touch any of some boxes."""
        edges = np.array([msgspec.structs.astuple(box) for box in boxes])
        found = self.tree.query(shapely.box(*edges.T))[1]
        return list(np.unique(found).tolist())

    def edges(self, finest: float, coarsest: float, more_m: Sequence[float] = ()) -> list[float]:
        """Return the edges between size bands of those with finest < pixel size ≤ coarsest.

        Parameters
        ----------
        more_m
            Ground sizes of further members.
        """
        collector = SizeBandCollector()
        for box, ground_m in zip(self.boxes, self.ground_m.tolist(), strict=True):
            if finest < box.low_ps <= coarsest:
                collector.add(ground_m)
        for ground_m in more_m:
            collector.add(ground_m)
        return list(collector.edges())


def read_primaries(
    table: ServiceTable,
    crs: str,
    field: str = "",
    method: MosaicMethod = MosaicMethod.NORTH_WEST,
) -> Primaries:
    """Read the primaries of a definition whose service CRS is `crs`, and a field of theirs.

    Parameters
    ----------
    method
        Of the mosaic: by it seamlines are part of what pixels depend on.
    """
    seams: Mapping[int, Seamline] = {}
    if method == MosaicMethod.SEAMLINE:
        seams = seamlines_by_item(table)
    boxes, digests, ranges, centers, groups = [], [], [], [], []
    half_world = world_period(crs) / 2
    for row in table.primary_rows():
        extent = row.extent or (wkb_extent(row.wkb) if row.wkb else None)
        if extent is None:
            continue
        parts = _parts(row.wkb) if half_world and extent.width > half_world else ()
        boxes.append(PrimaryBox(row.id, extent, row.low_ps, row.high_ps, parts))
        ranges.append(row.range)
        centers.append((extent.center_x, extent.center_y))
        groups.append(dict(row.attributes).get(field) if field else None)
        text = f"{row.id}|{row.fingerprint}|{row.attributes!r}".encode()
        if row.id in seams:
            text += f"|{seams[row.id]!r}".encode()
        digests.append(hashlib.blake2b(text + row.wkb, digest_size=12).digest())
    sizes = np.array([box.low_ps for box in boxes])
    return Primaries(
        boxes=boxes,
        ranges=np.array(ranges, np.float64).reshape(-1, 2),
        ground_m=ground_sizes_m(crs, np.array(centers).reshape(-1, 2), sizes),
        digests=digests,
        tree=_tree(boxes),
        groups=groups,
    )


def _parts(wkb: bytes) -> tuple[Extent, ...]:
    """Return the boxes of a footprint's parts, () where they are too many to be told apart."""
    parts = shapely.get_parts(shapely.from_wkb(wkb)) if wkb else ()
    if not 1 < len(parts) <= _MOST_PARTS:
        return ()
    return tuple(Extent(*map(float, part.bounds)) for part in parts)


def _tree(boxes: Sequence[PrimaryBox]) -> shapely.STRtree:
    edges = np.array([msgspec.structs.astuple(box.extent) for box in boxes]).reshape(-1, 4)
    return shapely.STRtree(shapely.box(*edges.T))


def ground_sizes_m(crs: str, centers: Floats, sizes: Floats) -> Floats:
    """Return how large squares of the map, `sizes` at `centers`, are on the ground, in metres."""
    zeros = np.zeros(len(sizes))
    columns = (centers[:, 0], sizes, zeros, centers[:, 1], zeros, -sizes)
    return ground_pixel_sizes_m(crs, np.column_stack(columns), np.zeros((len(sizes), 2)))


def rule_text(properties: ServiceProperties, facts: ServiceFacts) -> str:
    """Return all of a service that its overviews depend on, beside rasters and files."""
    rule = msgspec.to_builtins(properties)
    usual = msgspec.to_builtins(ServiceProperties())
    stated = {key: rule[key] for key in _RULE if rule[key] != usual[key]}
    form = (facts.crs, facts.pixel_type.value, len(facts.bands), facts.no_data_texts)
    return f"{OVERVIEW_VERSION}|{stated}|{form}|{facts.data_type}"


def cell_boxes(file: OverviewFile) -> list[Extent]:
    """Return the boxes of a file's cells, row by row from the top."""
    side, box = CELL_PX * file.pixel_size, file.extent
    rows, columns = (math.ceil(n / CELL_PX) for n in (file.height, file.width))
    return [
        Extent(
            box.xmin + column * side,
            max(box.ymin, box.ymax - (row + 1) * side),
            min(box.xmax, box.xmin + (column + 1) * side),
            box.ymax - row * side,
        )
        for row in range(rows)
        for column in range(columns)
    ]


def cell_digests(
    file: OverviewFile, primaries: Primaries, head: str, edges: Sequence[float]
) -> bytes:
    """Return the digests of a file's cells, one after the other.

    Parameters
    ----------
    head : str
        What all cells depend on.
    edges
        Between the size bands of what goes into the file: they order it.
    """
    margin = _MARGIN_PX * file.pixel_size
    corners = np.array([msgspec.structs.astuple(box) for box in cell_boxes(file)])
    corners += np.array([-margin, -margin, margin, margin])
    cells, members = primaries.tree.query(shapely.box(*corners.T))
    order = np.lexsort((members, cells))
    bands = np.searchsorted(edges, primaries.ground_m[members], side="right")
    hashes = [
        hashlib.blake2b(f"{head}|{file}|{n}".encode(), digest_size=DIGEST_BYTES)
        for n in range(len(corners))
    ]
    for cell, member, band in zip(
        cells[order].tolist(), members[order].tolist(), bands[order].tolist(), strict=True
    ):
        if primaries.boxes[member].low_ps <= file.pixel_size:
            hashes[cell].update(primaries.digests[member] + band.to_bytes(4, "little"))
    return b"".join(each.digest() for each in hashes)


def changed_cells(digests: bytes, known: bytes) -> tuple[int, ...]:
    """Return the numbers of the cells whose digests differ from the known ones."""
    count = len(digests) // DIGEST_BYTES
    if len(known) != len(digests):
        return tuple(range(count))
    pairs = (
        np.frombuffer(each, np.uint8).reshape(count, DIGEST_BYTES) for each in (digests, known)
    )
    first, second = pairs
    return tuple(np.flatnonzero((first != second).any(axis=1)).tolist())


def blanked(known: bytes, cells: Sequence[int]) -> bytes:
    """Return the digests with those of some cells forgotten: an interrupted build makes them again."""
    blank = bytearray(known)
    for cell in cells:
        blank[cell * DIGEST_BYTES : (cell + 1) * DIGEST_BYTES] = bytes(DIGEST_BYTES)
    return bytes(blank)
