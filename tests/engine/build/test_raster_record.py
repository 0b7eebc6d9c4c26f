"""The field `Raster` is JSON that people may edit: what it cannot say is refused by name."""

from __future__ import annotations

import msgspec
import pytest

from engine.build.raster_record import (
    ItemStatus,
    RasterDefinition,
    SourceDefinition,
    headers_of_text,
    headers_to_text,
    raster_of_text,
    raster_to_text,
)
from engine.item import Level
from engine.pixel_type import PixelType
from engine.readers.header import BandHeader, RasterHeader

_RASTER = RasterDefinition(
    raster_type="raster-dataset",
    sources=(
        SourceDefinition(path="/a b/ä.tif", bands=(3, 1), no_data="nan", valid_range=(0.0, 1.5)),
        SourceDefinition(path="b.tif", crs="EPSG:32633", enabled=False),
    ),
)


def test_a_raster_is_the_same_after_writing() -> None:
    assert raster_of_text(raster_to_text(_RASTER)) == _RASTER


def test_what_is_not_stated_is_not_written() -> None:
    plain = RasterDefinition(raster_type="x", sources=(SourceDefinition(path="a.tif"),))
    assert raster_to_text(plain) == '{"raster_type":"x","sources":[{"path":"a.tif"}]}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"raster_type":"x"}', "sources"),
        ('{"raster_type":"x","sources":[{"path":"a","band":[1]}]}', "band"),
        ('{"raster_type":"x","sources":[{"path":"a","bands":["one"]}]}', "bands"),
        ('{"raster_type":"x","sources":[', "truncated"),
    ],
)
def test_a_slip_of_the_editor_is_named(text: str, said: str) -> None:
    with pytest.raises(msgspec.DecodeError, match=said):
        raster_of_text(text)


def test_headers_are_the_same_after_writing_and_may_be_absent() -> None:
    header = RasterHeader(
        path="/a.tif",
        driver="GTiff",
        size=10,
        mtime_ns=20,
        width=3,
        height=2,
        geotransform=(0.1, 1.0, 0.0, 5.0, 0.0, -1.0),
        bands=(BandHeader(pixel_type=PixelType.F32, no_data_text="-inf"),),
        levels=(Level(3, 2, 3, 1),),
    )
    assert headers_of_text(headers_to_text((header,))) == (header,)
    assert header.bands[0].no_data == -float("inf")
    assert headers_of_text("") == ()


def test_items_fail_from_status_100_on() -> None:
    failed = {status for status in ItemStatus if status.is_failed}
    assert failed == set(ItemStatus) - {ItemStatus.READY, ItemStatus.ADDED}
