"""Image space against corner origin, with exact numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.image_space import (
    from_image_space,
    image_box,
    image_space,
    image_space_item,
    to_image_space,
)
from engine.item import Item, Level
from engine.pixel_type import PixelType


@pytest.mark.parametrize(
    ("col", "row", "x", "y"),
    [(0, 0, -0.5, 0.5), (0.5, 0.5, 0, 0), (0.5, 1.5, 0, -1), (400, 300, 399.5, -299.5)],
)
def test_whole_numbers_are_pixel_centres_and_rows_go_down(col, row, x, y) -> None:
    assert to_image_space(col, row) == (x, y)
    assert from_image_space(x, y) == (col, row)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_there_and_back_is_the_same_place(col, row) -> None:
    back = from_image_space(*to_image_space(np.array([col]), np.array([row])))
    assert np.allclose(np.ravel(back), [col, row], rtol=0, atol=1e-9)


def test_the_text_of_an_image_space_names_its_item() -> None:
    assert image_space(7) == "ICS:7"
    assert image_space_item("ICS:7") == 7
    assert image_space_item("EPSG:4326") is None
    assert image_space_item("") is None


@pytest.mark.parametrize("text", ["ICS:", "ICS:-1", "ICS:1.5", "ICS:x", "ICS:" + "9" * 40, "ICS:٣"])
def test_a_text_that_names_no_item_is_refused(text) -> None:
    with pytest.raises(InvalidParameter, match="OBJECTID"):
        image_space_item(text)


def test_the_box_of_an_image_is_half_a_pixel_around_the_centres() -> None:
    item = Item(
        id=1,
        name="a",
        category=1,
        sources=(),
        bands=(),
        crs="",
        geotransform=(0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        levels=(Level(400, 300, 128, 128),),
        pixel_type=PixelType.U8,
        no_data=(),
    )
    assert image_box(item) == Extent(-0.5, -299.5, 399.5, 0.5)
