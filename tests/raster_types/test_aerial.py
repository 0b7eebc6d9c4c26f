"""Aerial tiles: names and wavelengths of bands, and what file names say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.readers.header import read_header
from raster_types.aerial import AerialType, is_naip, said_by_name
from raster_types.base import ItemOptions, Product

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "m_4112110_ne_10_060_20200601.tif",
            {
                "QuarterQuad": "4112110_ne",
                "Quad": "4112110",
                "UTMZone": 10,
                "GSD": 0.6,
                "AcquisitionDate": "2020-06-01T00:00:00.000Z",
            },
        ),
        (
            "m_3008501_SW_16_h_20151013_20160217.tif",
            {
                "QuarterQuad": "3008501_sw",
                "Quad": "3008501",
                "UTMZone": 16,
                "GSD": 0.5,
                "AcquisitionDate": "2015-10-13T00:00:00.000Z",
            },
        ),
        ("flight_2019-07-04_12.tif", {"AcquisitionDate": "2019-07-04T00:00:00.000Z"}),
        ("tile_20190231.tif", {}),
        ("dop_1234201907045.tif", {}),
    ],
)
def test_names_say_quarter_quad_and_day(name: str, said: dict[str, object]) -> None:
    assert said_by_name(name) == said
    assert is_naip(name) == ("Quad" in said)


def test_real_tiles_have_named_bands(shared_data: Path) -> None:
    folder = shared_data / "03_aerial_mosaics"
    names = {}
    for path in (folder / "overlap_rgbn/rgbn.tif", folder / "naip_cog/usda_naip_512_jpeg_z5.tif"):
        (item,) = AerialType().items(Product((str(path),), read_header), ItemOptions())
        names[path.stem] = [band.name for band in item.headers[0].bands]
        assert item.headers[0].bands[0].wavelength_nm == 635.0
    assert names == {
        "rgbn": ["Red", "Green", "Blue", "NIR"],
        "usda_naip_512_jpeg_z5": ["Red", "Green", "Blue"],
    }
