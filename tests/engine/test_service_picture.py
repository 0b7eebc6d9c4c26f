"""Pictures of services of which nothing is known: never black."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from config.definition import PictureStretch, ServiceProperties
from engine.extent import Extent
from engine.function_rules import StretchRule
from engine.functions.picture import to_rgbv
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request import RenderingRule
from engine.service_picture import by_view, service_picture
from engine.summary import BandInfo, BandStatistics, ServiceSummary

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


def test_floats_without_statistics_are_stretched_by_what_the_view_holds() -> None:
    picture = service_picture(_FLOATS, (), ((), None, ""))
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
    picture = service_picture(
        msgspec.structs.replace(_FLOATS, statistics=(known,)), (), ((), None, "")
    )
    assert picture.dynamic is None
