"""Shapes, queries and identify between map and image space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.errors import InvalidParameter
from engine.image_shapes import footprint_in_image, shape_on_map
from engine.request import IdentifyRequest, QueryRequest
from tests.engine.image_pairs import COLS, ROWS, moved, pair_service

if TYPE_CHECKING:
    from engine.results import IdentifyResult, QueryResult
    from engine.service import ImageService


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return pair_service(tmp_path_factory.mktemp("pair"))


def _query(service: ImageService, **how: object) -> QueryResult:
    return answer(service, QueryRequest(**how), UNLIMITED).record  # type: ignore[arg-type, return-value]  # -- a shorthand


def _identify(
    service: ImageService, x: float, y: float, crs: str = "", **how: object
) -> IdentifyResult:
    place = bytes(shapely.to_wkb(shapely.Point(x, y)))
    return answer(service, IdentifyRequest(geometry=place, crs=crs, **how), UNLIMITED).record  # type: ignore[arg-type, return-value]  # -- a shorthand


def test_a_footprint_in_image_space_is_the_image(pair: ImageService) -> None:
    found = _query(pair, object_ids=(1,), out_crs="ICS:1", out_fields=("Name",))
    assert found.crs == "ICS:1"
    bounds = shapely.from_wkb(found.rows[0].footprint).bounds
    # Over terrain the outline is simplified to a part of a pixel.
    assert bounds == pytest.approx((-0.5, 0.5 - ROWS, COLS - 0.5, 0.5), abs=1.0)
    assert footprint_in_image(pair, b"", "ICS:1") == b""


def test_rasters_are_found_by_a_shape_of_image_space(pair: ImageService) -> None:
    inside = bytes(shapely.to_wkb(shapely.box(10, -40, 30, -20)))
    assert _query(pair, geometry=inside, crs="ICS:1", returns="ids").ids == (1, 2)
    # Beside the second image, where the first one sees on: heights lean to its other side.
    beside = np.array([[x, -row] for x in (-6.0, COLS + 5.0) for row in range(40, 260, 10)])
    other = moved(pair, beside, from_crs="ICS:2", to_crs="ICS:1")
    seen = (other[:, 0] > 5) & (other[:, 0] < COLS - 6) & (other[:, 1] < -5) & (other[:, 1] > -290)
    point = bytes(shapely.to_wkb(shapely.Point(*beside[int(np.flatnonzero(seen)[0])])))
    assert _query(pair, geometry=point, crs="ICS:2", returns="ids").ids == (1,)


def test_a_shape_without_ground_is_named(pair: ImageService) -> None:
    with pytest.raises(InvalidParameter, match="geometry"):
        shape_on_map(pair, shapely.Point(1e6, 1e6), "ICS:1")


def test_identify_gives_the_source_pixel_that_the_sensor_saw_there(pair: ImageService) -> None:
    random = np.random.default_rng(11)
    cols, rows = random.integers(5, COLS - 5, 12), random.integers(5, ROWS - 5, 12)
    ground = moved(pair, np.stack([cols, -rows], axis=1).astype(float), from_crs="ICS:1")
    for col, row, (x, y, _) in zip(cols, rows, ground, strict=True):
        own = {item.id: item for item in _identify(pair, x, y).items}
        assert own[1].values == (col * 100 + 1, row * 100 + 1)
        if 2 in own:
            other = moved(pair, np.array([[x, y]]), to_crs="ICS:2")[0]
            expected = round(other[0]) * 100 + 1, round(-other[1]) * 100 + 1
            assert own[2].values == expected
    visible = [item.visibility for item in _identify(pair, *ground[0, :2]).items]
    assert visible[0] == 1.0
    assert not any(visible[1:])


def test_identify_in_image_space_answers_there(pair: ImageService) -> None:
    found = _identify(pair, 120.0, -80.0, "ICS:1")
    assert (found.x, found.y, found.crs) == (120.0, -80.0, "ICS:1")
    item = next(item for item in found.items if item.id == 1)
    assert item.values == (12001, 8001)
    assert shapely.from_wkb(item.footprint).bounds[2] == pytest.approx(COLS - 0.5, abs=1.0)
