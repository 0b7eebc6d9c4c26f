"""tile/{level}/{row}/{col}: a tile of the scheme and format that the definition chooses; row before column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from config.definition import TileFormat, TileSchemeName
from engine.errors import TileOutsideLimits
from engine.pixel_type import PixelType
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress, View
from engine.tile_scheme import shows_service
from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import (
    MOSAIC_FIELD,
    RENDERING_FIELD,
    SLICE_FIELD,
    VARIABLE_FIELD,
)
from server.protocols.arcgis.rendering_rule import rendering_rule
from server.protocols.arcgis.rules import interpolation, mosaic_rule, time_range
from server.protocols.arcgis.tile_info import served_tiles

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

INFO = OperationInfo(
    title="Tile",
    hint="A tile of the service's scheme, in the format that its tileInfo states.",
    arguments=("level", "row", "col"),
    fields=(MOSAIC_FIELD, RENDERING_FIELD, SLICE_FIELD, VARIABLE_FIELD),
    returns_pixels=True,
)

_FORMATS = {
    TileFormat.MIXED: "jpgpng",
    TileFormat.JPG: "jpg",
    TileFormat.PNG: "png32",
    TileFormat.LERC: "lerc",
    TileFormat.LERC2D: "lerc",
}


def parse(question: Question) -> Asked:
    """Ask for one tile.

    Raises
    ------
    TileOutsideLimits
        The level is not in tileInfo, or the tile is beside the service's full extent.
    """
    parameters, summary = question.parameters, question.summary
    address = tile_address(
        parameters.text("level"), parameters.text("row"), parameters.text("col"), summary
    )
    is_terrain = summary.properties.tile_format is TileFormat.LERC
    bands = _bands(question)
    image = ImageRequest(
        view=View(tile=address),
        encoding=_encoding(summary),
        pixel_type=PixelType.F32 if is_terrain else None,
        interpolation=interpolation(parameters),
        band_ids=bands or ((0,) if is_terrain else ()),
        mosaic=mosaic_rule(parameters),
        rendering=rendering_rule(parameters, question.rule_scope),
        time=time_range(parameters),
        blank=_blank(question, address),
    )
    return Asked(request=image, is_final=True)


def _encoding(summary: ServiceSummary) -> Encoding:
    properties = summary.properties
    name = _FORMATS[properties.tile_format]
    if name == "lerc":
        # What is called LERC is version 1 to ArcGIS: its elevation layers read nothing else.
        version = 1 if properties.tile_format is TileFormat.LERC else 2
        return Encoding(format=name, tolerance=properties.tile_tolerance, lerc_version=version)
    return Encoding(format=name, quality=properties.jpeg_quality)


def _bands(question: Question) -> tuple[int, ...]:
    """Read bandId, of clients that fetch band by band, else bandIds."""
    last = len(question.summary.bands) - 1
    band = question.parameters.integer("bandId", 0, last)
    return band_ids_parameter(question.parameters, question.summary) if band is None else (band,)


def _blank(question: Question, address: TileAddress) -> Literal["image", "missing"]:
    """Tell what an empty tile is.

    The whole of an elevation service is always there: without it Cesium draws no globe.
    """
    properties = question.summary.properties
    is_whole = properties.tile_format is TileFormat.LERC and address.level == 0
    default = properties.tile_blanks or is_whole
    return "image" if question.parameters.flag("blankTile", default=default) else "missing"


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
    tiles = served_tiles(summary)
    scheme, at = tiles.scheme, (int(level), int(row), int(col))
    scheme.check(*at)
    if not tiles.first <= at[0] <= tiles.last:
        raise TileOutsideLimits(*at)
    is_terrain = summary.properties.tile_format is TileFormat.LERC
    if not shows_service(summary, scheme, *at) and not (is_terrain and at[0] == 0):
        raise TileOutsideLimits(*at)
    return TileAddress(
        level=at[0],
        row=at[1],
        col=at[2],
        scale=tiles.scale,
        scheme=None if scheme.name is TileSchemeName.WEB_MERCATOR else scheme.name,
        samples="posts" if is_terrain else "pixels",
    )
