"""What every raster type keeps to (raster_types.raster_dataset and those to come)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.readers.header import read_header
from raster_types import RASTER_TYPES
from raster_types.base import ItemOptions, Product
from tests.synthetic import ramp, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", list(RASTER_TYPES))
def test_its_name_is_the_one_it_is_listed_under(name: str) -> None:
    assert RASTER_TYPES[name].name == name


@pytest.mark.parametrize("name", list(RASTER_TYPES))
def test_it_matches_by_name_alone_and_gives_each_file_to_one_product(name: str) -> None:
    paths = [f"/nowhere/{stem}" for stem in ("a.tif", "b.jp2", "notes.txt", "c.XML", "d")]
    products = list(RASTER_TYPES[name].match(paths))
    given = [path for product in products for path in product]
    assert len(given) == len(set(given))
    assert set(given) <= set(paths)


@pytest.mark.parametrize("name", list(RASTER_TYPES))
def test_items_name_their_type_and_their_sources(name: str, tmp_path: Path) -> None:
    path = str(write_geotiff(tmp_path / "a.tif", ramp(8, 8)))
    products = list(RASTER_TYPES[name].match([path]))
    for paths in products:
        for item in RASTER_TYPES[name].items(Product(paths, read_header), ItemOptions()):
            assert item.raster.raster_type == name
            assert item.name
            assert len(item.headers) == len(item.raster.sources)
