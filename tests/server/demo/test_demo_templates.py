"""The demo's products are rules that their services can make."""

from __future__ import annotations

from typing import Any

import pytest

from engine.function_tree import function_tree
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.summary import BandStatistics, Histogram
from server.demo.demo_templates import LAND_PRODUCTS, TERRAIN_PRODUCTS
from server.protocols.arcgis.rendering_rule import rendering_rule_of_json


def _info(pixel_type: PixelType, bands: int) -> BandsInfo:
    statistics = BandStatistics(min=1, max=900, mean=300, std=90, count=1000)
    histogram = Histogram(min=0, max=1000, counts=(10,) * 100)
    return BandsInfo(pixel_type, bands, (statistics,) * bands, (histogram,) * bands)


LAND, HEIGHTS = _info(PixelType.U16, 4), _info(PixelType.F32, 1)


@pytest.mark.parametrize(
    ("rule", "info"),
    [
        *(pytest.param(rule, LAND, id=name) for name, rule in LAND_PRODUCTS.items()),
        *(pytest.param(rule, HEIGHTS, id=name) for name, rule in TERRAIN_PRODUCTS.items()),
    ],
)
def test_a_product_is_described_and_fits_its_service(rule: dict[str, Any], info: BandsInfo) -> None:
    assert rule["description"]
    tree = function_tree(rendering_rule_of_json(rule), lambda _: info)
    assert tree.output.bands in (1, 3)
