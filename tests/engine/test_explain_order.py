"""An explained order names the keys that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rasterio import Affine

from config.definition import MosaicMethod
from engine.budget import UNLIMITED
from engine.explain import explain
from engine.extent import Extent
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View
from engine.service import ImageService, open_service
from tests.engine.mosaics import compile_mosaic
from tests.engine.rasters import ramp, write_raster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ImageService]:
    """Two rasters of one place: the second lies 3 km to the south-east."""
    paths = [
        write_raster(
            tmp_path / f"{name}.tif",
            ramp(400, 400),
            transform=Affine(10, 0, 500_000 + shift, 0, -10, 5_200_000 - shift),
        )
        for name, shift in (("first", 0), ("second", 3000))
    ]
    compile_mosaic(paths, tmp_path / "m.zmd", crs="EPSG:32632")
    opened = open_service(str(tmp_path / "m.zmd"))
    yield opened
    opened.close()


def _reasons(service: ImageService, rule: MosaicRule | None) -> dict[str, str]:
    request = ImageRequest(
        view=View(extent=Extent(500_000, 5_194_000, 508_000, 5_200_000), width=200, height=150),
        encoding=Encoding(format="png"),
        mosaic=rule,
    )
    plan = explain(request, Work(service, UNLIMITED))
    return {raster.name: raster.why for raster in plan.rasters}


def test_north_west_says_how_far_each_lies_behind_the_first(service: ImageService) -> None:
    found = _reasons(service, MosaicRule(method=MosaicMethod.NORTH_WEST))
    assert list(found) == ["first", "second"]
    assert "farthest to the north-west" in found["first"]
    assert "4.24 km from the one farthest to the north-west" in found["second"]
    assert "m pixels; farthest" in found["first"]


def test_attribute_names_field_and_value(service: ImageService) -> None:
    rule = MosaicRule(method=MosaicMethod.ATTRIBUTE, sort_field="OBJECTID", ascending=False)
    found = _reasons(service, rule)
    assert list(found) == ["second", "first"]
    assert found["second"].startswith("OBJECTID 2")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(2, 1)), "as the request lists it"),
        (MosaicRule(method=MosaicMethod.NONE), "OBJECTID 2"),
        (MosaicRule(method=MosaicMethod.CENTER), "nearest first"),
    ],
)
def test_each_method_says_its_own_key(service: ImageService, rule: MosaicRule, words: str) -> None:
    assert words in _reasons(service, rule)["second"]
