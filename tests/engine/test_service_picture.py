"""Pictures of services of which nothing is known: never black."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
import pytest

from config.definition import PictureStretch, ServiceProperties
from engine.extent import Extent
from engine.function_rules import ArithmeticRule, StretchRule
from engine.functions.picture import to_rgbv
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.served_picture import service_picture
from engine.service_picture import by_view
from engine.summary import BandInfo, BandStatistics, ServiceSummary
from tests.engine.rasters import single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

_FLOATS = ServiceSummary(
    properties=ServiceProperties(),
    crs="EPSG:32633",
    extent=Extent(0, 0, 100, 100),
    pixel_size_x=1,
    pixel_size_y=1,
    pixel_type=PixelType.F32,
    bands=(BandInfo(name="B1"),),
)
_NONE = RenderingRule(function="None")


def _service(summary: ServiceSummary) -> ImageService:
    """Return as much of a service as a picture looks at."""
    return cast("ImageService", SimpleNamespace(summary=summary, histograms=()))


def test_floats_without_statistics_are_stretched_by_what_the_view_holds() -> None:
    picture = service_picture(_service(_FLOATS), ((), None, ""))
    reflectance = np.linspace(0.1, 0.3, 101, dtype=np.float32)[np.newaxis, np.newaxis]
    made = to_rgbv(PixelBlock(reflectance, np.ones((1, 1, 101), np.bool_)), picture).rgba()
    assert (made[0, 0, 0], made[0, -1, 0]) == (0, 255)
    assert made[0, 50, 0] == pytest.approx(128, abs=2)


def test_what_stretches_nothing_or_brings_its_own_statistics_stays() -> None:
    own = RenderingRule(
        function="Stretch", arguments=StretchRule(stretch_type=5, statistics=((0, 1, 0.5, 0.1),))
    )
    assert by_view(_FLOATS, own) is own
    assert by_view(_FLOATS, _NONE) is _NONE
    plain = ServiceProperties(picture_stretch=PictureStretch.NONE)
    assert by_view(msgspec.structs.replace(_FLOATS, properties=plain), None) is None
    known = BandStatistics(min=0, max=1, mean=0.5, std=0.1, count=5)
    ranged = msgspec.structs.replace(_FLOATS, statistics=(known,))
    picture = service_picture(_service(ranged), ((), None, ""))
    assert picture.dynamic is None


def test_tiles_of_a_rule_with_floats_are_stretched_alike(tmp_path: Path) -> None:
    """By the range over the whole service: one tile has the low half of the values alone."""
    data = np.linspace(1, 100, 512 * 512, dtype=np.float32).reshape(1, 512, 512)
    service = single_service(write_raster(tmp_path / "ramp.tif", data))
    rule = RenderingRule(
        function="Arithmetic", arguments=ArithmeticRule(operation=3, constants=(0.01,))
    )
    picture = service.picture((), rule, "")
    assert picture.dynamic is None
    assert picture.stretches[0].lo == pytest.approx(0.01, abs=0.03)
    assert picture.stretches[0].hi == pytest.approx(1.0, abs=0.03)
