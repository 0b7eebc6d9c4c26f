"""Windows of images: what states no place in an image is refused."""

from __future__ import annotations

import math

import pytest

from engine.errors import InvalidParameter
from raster_types.sensor_files.image_window import (
    WHOLE_IMAGE,
    ImageWindow,
    window_of_geotransform,
    window_of_rpc,
    window_of_tile,
)
from tests.engine.geotransforms.rpc_models import made_record


@pytest.mark.parametrize(
    "geotransform",
    [
        (0.0, 1.0, 0.1, 0.0, 0.0, 1.0),
        (0.0, 1.0, 0.0, 0.0, 0.1, 1.0),
        (0.0, -1.0, 0.0, 0.0, 0.0, 1.0),
        (0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
        (math.nan, 1.0, 0.0, 0.0, 0.0, 1.0),
    ],
)
def test_a_geotransform_that_is_no_offset_is_refused(geotransform: tuple[float, ...]) -> None:
    with pytest.raises(InvalidParameter, match="offset in the full image"):
        window_of_geotransform(geotransform)


def test_the_geotransform_of_gdal_without_any_is_the_whole_image() -> None:
    assert window_of_geotransform((0.0, 1.0, 0.0, 0.0, 0.0, 1.0)) == WHOLE_IMAGE
    record = made_record()
    assert window_of_rpc(record, WHOLE_IMAGE) is record


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_a_window_without_a_step_is_refused(bad: float) -> None:
    with pytest.raises(InvalidParameter, match="row_step"):
        window_of_rpc(made_record(), ImageWindow(row_step=bad))


def test_tiles_count_from_1() -> None:
    assert window_of_tile((1, 1), (100, 100)) == WHOLE_IMAGE
    with pytest.raises(InvalidParameter, match="from 1"):
        window_of_tile((0, 1), (100, 100))
    with pytest.raises(InvalidParameter, match="from 1"):
        window_of_tile((1, 1), (0, 100))
