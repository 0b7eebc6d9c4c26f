"""What an author states on the command line, checked with messages that name the option."""

from __future__ import annotations

import pytest

from engine.errors import ConfigError
from raster_types.adding.item_options import parse_item_options
from raster_types.base import ItemOptions


def test_nothing_stated_is_as_the_files_say() -> None:
    assert parse_item_options() == ItemOptions()


def test_everything_stated_is_read() -> None:
    found = parse_item_options(bands="4, 3,2", nodata="-9999", valid_range="0,1e4", srs="32633")
    assert found == ItemOptions(
        bands=(4, 3, 2), no_data="-9999.0", valid_range=(0, 10000), crs="EPSG:32633"
    )
    assert parse_item_options(nodata="NaN").no_data == "nan"


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [
        ("bands", "0,1", "from 1"),
        ("bands", "a", "from 1"),
        ("bands", "1,,2", "from 1"),
        ("nodata", "none", "number"),
        ("valid_range", "5", "LO,HI"),
        ("valid_range", "5,4", "the lower first"),
        ("valid_range", "nan,4", "the lower first"),
        ("srs", "http://127.0.0.1/", "EPSG"),
        ("srs", "999999", "EPSG"),
    ],
)
def test_a_mistake_names_option_value_and_what_is_accepted(
    option: str, value: str, accepted: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_item_options(**{option: value})
    assert caught.value.fields[0] == f"--{option.replace('_', '-')}"
    assert caught.value.fields[1] == value
    assert accepted in caught.value.fields[2]
