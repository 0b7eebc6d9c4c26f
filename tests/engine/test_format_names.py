"""Format names are found in any case, and an unknown one says what there is."""

from __future__ import annotations

import pytest

from engine.errors import UnsupportedFormat
from engine.format_names import FORMAT_NAMES, format_name


@pytest.mark.parametrize("asked", ["png8", "PNG8", " Png8 "])
def test_names_are_found_in_any_case(asked: str) -> None:
    assert format_name(asked) is FORMAT_NAMES["png8"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnsupportedFormat, match=r"'kmz'.*jpgpng.*lerc"):
        format_name("kmz")
