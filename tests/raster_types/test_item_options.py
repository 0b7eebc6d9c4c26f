"""Options of `swath definition add`: texts are checked before a file is opened."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from raster_types.base import ItemOptions
from raster_types.item_options import parse_item_options


def test_nothing_stated_leaves_all_to_the_files() -> None:
    assert parse_item_options() == ItemOptions()


def test_what_is_stated_is_read() -> None:
    options = parse_item_options(
        bands="4, 3,2", nodata=" -9999 ", valid_range="1,9.5", srs="epsg:32633"
    )
    assert options.bands == (4, 3, 2)
    assert float(options.no_data) == -9999
    assert options.valid_range == (1.0, 9.5)
    assert options.crs == "EPSG:32633"


def test_no_data_may_be_not_a_number() -> None:
    assert parse_item_options(nodata="NaN").no_data == "nan"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("bands", "0", "--bands"),
        ("bands", "3,x", "--bands"),
        ("bands", ",", "--bands"),
        ("nodata", "none", "--nodata"),
        ("valid_range", "5", "--valid-range"),
        ("valid_range", "9,1", "--valid-range"),
        ("valid_range", "nan,1", "--valid-range"),
        ("valid_range", "1,2,3", "--valid-range"),
        ("srs", "EPSG:99999999", "--srs"),
        ("srs", "somewhere", "--srs"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(option: str, value: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_item_options(**{option: value})
    assert said in str(caught.value)
    assert value in str(caught.value)
    assert "expected" in str(caught.value)
