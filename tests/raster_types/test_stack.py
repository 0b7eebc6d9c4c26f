"""Stacks: bands in files of their own become one item a product.

Covers raster_types.stack and raster_types.items.band_names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import ConfigError, UnknownProduct
from engine.readers.header import read_header
from raster_types.base import ItemOptions, Product
from raster_types.items.band_names import band_key, check_pattern, wavelength_of
from raster_types.stack import StackType
from tests.raster_types.landsat_scenes import write_band

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.raster_record import NewItem


def _items(folder: Path, options: ItemOptions | None = None) -> list[NewItem]:
    options = options or ItemOptions()
    kind = StackType().configured(options)
    paths = [str(path) for path in sorted(folder.iterdir())]
    return [
        item
        for product in kind.match(paths)
        for item in kind.items(Product(product, read_header), options)
    ]


def _bands(item: NewItem) -> list[str]:
    return [header.bands[0].name for header in item.headers]


def test_bands_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for band in ("B10", "B2", "B8A", "B8"):
        write_band(tmp_path / f"one_{band}.tif", 5)
        write_band(tmp_path / f"two_{band}.tif", 5)
    first, second = _items(tmp_path)
    assert (first.name, second.name) == ("one", "two")
    assert _bands(first) == ["B2", "B8", "B8A", "B10"]


def test_bands_named_by_colours_are_in_the_order_of_light_and_have_wavelengths(
    tmp_path: Path,
) -> None:
    for band in ("red", "NIR", "blue", "Green"):
        write_band(tmp_path / f"{band}.tif", 5)
    (item,) = _items(tmp_path)
    assert item.name == tmp_path.name
    assert _bands(item) == ["blue", "Green", "red", "NIR"]
    assert [h.bands[0].wavelength_nm for h in item.headers] == [482.0, 560.0, 660.0, 842.0]


def test_a_pattern_of_the_author_s_finds_product_and_band(tmp_path: Path) -> None:
    for name in ("b1-x.tif", "b2-x.tif", "b1-y.tif"):
        write_band(tmp_path / name, 5)
    options = ItemOptions(stack_regex=r"^(?P<band>b\d)-(?P<product>\w+)\.tif$")
    assert [(item.name, _bands(item)) for item in _items(tmp_path, options)] == [
        ("x", ["b1", "b2"]),
        ("y", ["b1"]),
    ]


def test_the_author_s_order_leaves_a_place_for_bands_that_lack(tmp_path: Path) -> None:
    for band in ("B2", "B4"):
        write_band(tmp_path / f"one_{band}.tif", 5)
    (item,) = _items(tmp_path, ItemOptions(band_order=("b4", "B3", "B2")))
    assert [source.bands for source in item.raster.sources] == [(1, 0), (1,)]
    assert item.raster.notes == ("Its images of B3 are not there: these bands stay empty.",)
    with pytest.raises(UnknownProduct, match=r"none of the bands B9.* B2, B4"):
        _items(tmp_path, ItemOptions(band_order=("B9",)))


def test_files_that_are_no_bands_are_left_out(tmp_path: Path) -> None:
    write_band(tmp_path / "one_B2.tif", 5)
    write_band(tmp_path / "overview.tif", 5)
    assert len(_items(tmp_path)) == 1


@pytest.mark.parametrize(
    ("pattern", "why"), [("(", "no regular expression"), ("B1", "groups product and band")]
)
def test_patterns_that_cannot_be_used_are_refused(pattern: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check_pattern(pattern)


def test_names_of_bands_sort_by_number_and_colours_by_light() -> None:
    assert sorted(["B11", "B2", "B8A", "B8"], key=band_key) == ["B2", "B8", "B8A", "B11"]
    assert sorted(["swir22", "red", "coastal"], key=band_key) == ["coastal", "red", "swir22"]
    assert (wavelength_of("Red"), wavelength_of("B4")) == (660.0, None)
