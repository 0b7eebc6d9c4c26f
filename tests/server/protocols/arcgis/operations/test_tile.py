"""tile/{level}/{row}/{col}."""

from __future__ import annotations

from typing import TYPE_CHECKING

import morecantile
import pytest

from engine.errors import TileOutsideLimits
from engine.request import ImageRequest, TileAddress
from server.protocols.arcgis.operations import tile

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.summary import ServiceSummary
    from server.protocols.arcgis.operations.base import Question


def _at(level: int, row: int, col: int, **others: str) -> dict[str, str]:
    return {"level": str(level), "row": str(row), "col": str(col), **others}


def test_a_tile_of_the_extent_is_jpeg(ask: Callable[..., Question], mosaic: ServiceSummary) -> None:
    full = mosaic.extent_mercator
    assert full is not None
    matrix = morecantile.tms.get("WebMercatorQuad")
    there = matrix._tile(full.center_x, full.center_y, 12)
    asked = tile.parse(ask(_at(12, there.y, there.x)))
    assert isinstance(asked.request, ImageRequest)
    assert asked.is_final
    assert asked.request.view.tile == TileAddress(level=12, row=there.y, col=there.x)
    assert asked.request.encoding.format == "jpg"
    assert asked.request.blank == "image"


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


def test_a_client_may_ask_for_no_blank_tiles(ask: Callable[..., Question]) -> None:
    request = tile.parse(ask(_at(0, 0, 0, blankTile="false"))).request
    assert isinstance(request, ImageRequest)
    assert request.blank == "missing"


def test_a_mosaic_rule_counts_for_tiles_too(ask: Callable[..., Question]) -> None:
    request = tile.parse(ask(_at(0, 0, 0, mosaicRule='{"mosaicOperation":"MT_MAX"}'))).request
    assert isinstance(request, ImageRequest)
    assert request.mosaic is not None
