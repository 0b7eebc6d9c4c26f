"""tile/{level}/{row}/{col}: Web Mercator tiles, JPEG on white; row before column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.errors import TileOutsideLimits
from engine.request import Encoding, ImageRequest, TileAddress, View
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import MOSAIC_FIELD, RENDERING_FIELD
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range
from server.protocols.arcgis.tile_info import MAX_LEVEL
from server.tile_schemes import HALF_WORLD, tile_extent

if TYPE_CHECKING:
    from engine.extent import Extent
    from engine.summary import ServiceSummary

INFO = OperationInfo(
    title="Tile",
    hint="A tile of the Web Mercator scheme: 256 pixels square, JPEG on white.",
    arguments=("level", "row", "col"),
    fields=(MOSAIC_FIELD, RENDERING_FIELD),
    returns_pixels=True,
)


def parse(question: Question) -> Asked:
    """Ask for one tile.

    Raises
    ------
    TileOutsideLimits
        The level is not in tileInfo, or the tile is beside the service's full extent.
    """
    parameters = question.parameters
    address = tile_address(
        parameters.text("level"), parameters.text("row"), parameters.text("col"), question.summary
    )
    image = ImageRequest(
        view=View(tile=address),
        encoding=Encoding(format="jpg", quality=question.summary.properties.jpeg_quality),
        interpolation=interpolation(parameters),
        band_ids=band_ids_parameter(parameters, question.summary),
        mosaic=mosaic_rule(parameters),
        rendering=rendering_rule(parameters, question.rule_scope),
        time=time_range(parameters),
        blank="image" if parameters.flag("blankTile", default=True) else "missing",
    )
    return Asked(request=image, is_final=True)


def tile_address(level: str, row: str, col: str, summary: ServiceSummary) -> TileAddress:
    """Read a tile's address; the texts come from a URL's path.

    Raises
    ------
    TileOutsideLimits
        See `parse`; also for what is not a number.
    """
    words = (level, row, col)
    if not all(word.isascii() and word.isdigit() and len(word) <= 10 for word in words):
        raise TileOutsideLimits(level, row, col)
    address = TileAddress(level=int(level), row=int(row), col=int(col))
    if address.level > MAX_LEVEL or max(address.row, address.col) >= 2**address.level:
        raise TileOutsideLimits(level, row, col)
    full = summary.extent_mercator
    if full is None or not _overlap(tile_extent(address.level, address.row, address.col), full):
        raise TileOutsideLimits(level, row, col)
    return address


def _overlap(tile: Extent, full: Extent) -> bool:
    """Whether they share an area; a shared edge alone is no overlap."""
    width = min(tile.xmax, full.xmax) - max(tile.xmin, full.xmin)
    height = min(tile.ymax, full.ymax) - max(tile.ymin, full.ymin)
    slack = math.ulp(HALF_WORLD) * 4
    return width > slack and height > slack
