"""tile/{level}/{row}/{col}."""

from __future__ import annotations

from typing import TYPE_CHECKING

import morecantile
import msgspec
import pytest

from config.definition import TileFormat, TileSchemeName
from engine.errors import InvalidParameter, TileOutsideLimits
from engine.pixel_type import PixelType
from engine.request import ImageRequest
from engine.request_parts import Encoding, TileAddress
from server.protocols.arcgis.operations import tile

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question


def _at(level: int, row: int, col: int, **others: str) -> dict[str, str]:
    return {"level": str(level), "row": str(row), "col": str(col), **others}


def test_a_tile_of_the_extent_is_asked_for(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    full = mosaic.extent_mercator
    assert full is not None
    matrix = morecantile.tms.get("WebMercatorQuad")
    there = matrix._tile(full.center_x, full.center_y, 12)
    asked = tile.parse(ask(_at(12, there.y, there.x)))
    assert isinstance(asked.request, ImageRequest)
    assert asked.is_final
    assert asked.request.view.tile == TileAddress(level=12, row=there.y, col=there.x)
    assert asked.request.encoding.format == "jpgpng"
    assert asked.request.blank == "missing"


@pytest.mark.parametrize(
    "address",
    [("0", "0", "1"), ("12", "0", "0"), ("24", "0", "0"), ("-1", "0", "0"), ("a", "0", "0"),
     ("1", "9999999999999", "0"), ("0", "0.5", "0"), ("²", "0", "0")],
)  # fmt: skip
def test_a_tile_beside_the_extent_is_missing(
    address: tuple[str, str, str], ask: Callable[..., Question]
) -> None:
    with pytest.raises(TileOutsideLimits):
        tile.parse(ask(dict(zip(("level", "row", "col"), address, strict=True))))


def test_a_tile_that_only_touches_the_extent_is_missing(raster: ServiceSummary) -> None:
    # The extent begins at the corner that four tiles of level 1 share.
    assert tile.tile_address("1", "0", "1", raster) == TileAddress(level=1, row=0, col=1)
    for row, col in ((0, 0), (1, 0), (1, 1)):
        with pytest.raises(TileOutsideLimits):
            tile.tile_address("1", str(row), str(col), raster)


def _with(summary: ServiceSummary, **properties: object) -> ServiceSummary:
    changed = msgspec.structs.replace(summary.properties, **properties)
    return msgspec.structs.replace(summary, properties=changed)


def _request(question: Question) -> ImageRequest:
    request = tile.parse(question).request
    assert isinstance(request, ImageRequest)
    return request


def test_a_client_or_the_definition_may_want_blank_tiles(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    assert _request(ask(_at(0, 0, 0, blankTile="true"))).blank == "image"
    blanks = _with(mosaic, tile_blanks=True)
    assert _request(ask(_at(0, 0, 0), summary=blanks)).blank == "image"
    assert _request(ask(_at(0, 0, 0, blankTile="false"), summary=blanks)).blank == "missing"


def test_heights_are_posts_of_one_band(
    ask: Callable[..., Question], raster: ServiceSummary
) -> None:
    heights = _with(raster, tile_format=TileFormat.LERC, tile_tolerance=0.25)
    request = _request(ask(_at(1, 0, 1), summary=heights))
    assert request.view.tile == TileAddress(level=1, row=0, col=1, samples="posts")
    assert request.encoding == Encoding(format="lerc", tolerance=0.25, lerc_version=1)
    assert (request.pixel_type, request.band_ids) == (PixelType.F32, (0,))
    assert request.blank == "missing"
    # Cesium draws no globe without the tile of the whole world.
    assert _request(ask(_at(0, 0, 0), summary=heights)).blank == "image"


def test_values_are_all_bands_or_the_one_asked_for(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    values = _with(mosaic, tile_format=TileFormat.LERC2D)
    request = _request(ask(_at(0, 0, 0), summary=values))
    assert (request.encoding.format, request.band_ids) == ("lerc", ())
    assert request.pixel_type is None
    assert request.view.tile == TileAddress(level=0, row=0, col=0)
    one = _request(ask(_at(0, 0, 0, bandId="2", sliceId="0", variable=""), summary=values))
    assert one.band_ids == (2,)
    for wrong in ("3", "-1", "x", "0.5"):
        with pytest.raises(InvalidParameter, match="bandId"):
            tile.parse(ask(_at(0, 0, 0, bandId=wrong), summary=values))


def test_other_schemes_and_sizes_are_the_definitions(
    ask: Callable[..., Question], mosaic: ServiceSummary
) -> None:
    own = _with(mosaic, tile_scheme=TileSchemeName.OWN, tile_size=512)
    request = _request(ask(_at(0, 0, 0), summary=own))
    assert request.view.tile == TileAddress(
        level=0, row=0, col=0, scale=2, scheme=TileSchemeName.OWN
    )
    for address in (_at(0, 0, 1), _at(7, 0, 0)):
        with pytest.raises(TileOutsideLimits):
            tile.parse(ask(address, summary=own))


def test_levels_that_the_definition_leaves_out_are_missing(
    ask: Callable[..., Question], raster: ServiceSummary
) -> None:
    limited = _with(raster, tile_levels=(1, 3))
    for level in (1, 3):
        assert tile.parse(ask(_at(level, 2**level // 2 - 1, 2**level // 2), summary=limited))
    for level in (0, 4):
        with pytest.raises(TileOutsideLimits):
            tile.parse(ask(_at(level, 2**level // 2, 2**level // 2), summary=limited))


def test_a_mosaic_rule_counts_for_tiles_too(ask: Callable[..., Question]) -> None:
    request = tile.parse(ask(_at(0, 0, 0, mosaicRule='{"mosaicOperation":"MT_MAX"}'))).request
    assert isinstance(request, ImageRequest)
    assert request.mosaic is not None
