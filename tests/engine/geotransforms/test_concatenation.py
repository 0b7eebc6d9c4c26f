"""The concatenation of geotransforms equals one step after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.geotransforms import Affine
from engine.geotransforms.concatenation import concatenate
from tests.conformance.geotransform_samples import SAMPLES

if TYPE_CHECKING:
    from engine.geotransforms.base import PlaneTransform

PLANE = {
    name: sample.record.bind()
    for name, sample in SAMPLES.items()
    if hasattr(sample.record.bind(), "to_source")
}
# Between two steps: takes the output of one back into the box where the next is defined.
FROM_MAP = Affine(source_to_output=(-149_900.0, 0.3, 0.0, 1_350_100.0, 0.0, -0.3)).bind()
FROM_IMAGE = Affine(source_to_output=(100.0, 0.5, 0.0, 100.0, 0.0, 0.5)).bind()


def with_gathering(name: str) -> list[PlaneTransform]:
    """A transform and the step that makes another one fit after it."""
    return [PLANE[name], FROM_IMAGE if name == "DisplacementGrid" else FROM_MAP]


@dataclass(frozen=True, slots=True)
class Tower:
    """A camera above (0, 0) that looks straight down from 1000 m: a sensor model in one line."""

    ground_crs: str = "EPSG:32633"
    vertical_datum: str = "ellipsoid"
    height_range: tuple[float, float] = (0.0, 500.0)

    def ground_to_image(self, x: Any, y: Any, z: Any) -> tuple[Any, Any]:
        share = 800 / (1000 - z)
        return 500 + x * share, 400 - y * share

    def image_to_ground(self, col_pos: Any, row_pos: Any, z: Any) -> tuple[Any, Any]:
        share = (1000 - z) / 800
        return (col_pos - 500) * share, (400 - row_pos) * share


def projected(x: Any, y: Any) -> tuple[Any, Any]:
    """Some smooth projection."""
    return 1.01 * x - 0.02 * y + 1e-6 * x * y, 0.99 * y + 0.03 * x


def hills(x: Any, y: Any) -> Any:
    """Heights; nothing is known east of 300."""
    return np.where(x > 300, np.nan, 100 + 0.1 * x + 20 * np.sin(y / 50))


names = st.lists(st.sampled_from(sorted(PLANE)), max_size=4)
place = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(names=names, place=place)
def test_any_plane_transforms_equal_their_composition_there_and_back(
    names: list[str], place: tuple[float, float]
) -> None:
    chain: list[PlaneTransform] = [step for name in names for step in with_gathering(name)]
    start = np.array([200 + 400 * place[0]]), np.array([200 + 400 * place[1]])
    x, y = start
    for step in chain:
        x, y = step.to_output(x, y)
    whole = concatenate(chain)
    assert np.array_equal(whole.to_output(*start), (x, y))
    for step in reversed(chain):
        x, y = step.to_source(x, y)
    assert np.array_equal(whole.to_source(*whole.to_output(*start)), (x, y))
    assert np.hypot(x[0] - start[0][0], y[0] - start[1][0]) < 1e-4


def test_three_geotransforms_and_a_projection_are_one_map() -> None:
    first, second = PLANE["DisplacementGrid"], PLANE["Affine"]
    third = Affine(source_to_output=(-5e5, 1.0, 0.0, -4.505e6, 0.01, 1.0)).bind()
    random = np.random.default_rng(1)
    x, y = random.uniform(400, 1500, 200), random.uniform(-1200, -100, 200)
    want = first.to_source(*second.to_source(*third.to_source(*projected(x, y))))
    got = concatenate([first, second, third]).to_source(x, y, projected)
    assert np.array_equal(got, want, equal_nan=True)
    assert np.isfinite(want).any()


def test_what_stands_before_a_sensor_works_on_its_image_and_what_follows_on_the_ground() -> None:
    crop = Affine(source_to_output=(20.0, 2.0, 0.0, 30.0, 0.0, 2.0)).bind()
    shift = Affine(source_to_output=(7.0, 1.0, 0.0, -3.0, 0.0, 1.0)).bind()
    whole = concatenate([crop, Tower(), shift])
    random = np.random.default_rng(1)
    x, y = random.uniform(-200, 280, 100), random.uniform(-200, 200, 100)
    ground = shift.to_source(*projected(x, y))
    image = Tower().ground_to_image(*ground, hills(*ground))
    want = crop.to_source(*image)
    assert np.array_equal(whole.to_source_at(x, y, hills, projected), want)
    assert np.array_equal(whole.to_ground(x, y, projected), ground)
    back = whole.to_output_at(*want, hills(*ground))
    assert np.allclose(back, projected(x, y), atol=1e-9)


def test_missing_terrain_gives_nan_not_height_zero() -> None:
    whole = concatenate([PLANE["DisplacementGrid"], Tower()])
    col, row = whole.to_source_at(np.array([400.0, 100.0]), np.array([0.0, 0.0]), hills)
    assert np.isnan(col[0])
    assert np.isnan(row[0])
    assert np.isfinite(col[1])


def test_pixels_of_an_earlier_sampler_have_its_size() -> None:
    whole = concatenate([PLANE["Affine"]], source_step=0.5)
    plain = concatenate([PLANE["Affine"]])
    x, y = np.array([500_100.0]), np.array([4_499_900.0])
    assert np.array_equal(np.multiply(plain.to_source(x, y), 2), whole.to_source(x, y))
    back = whole.to_output(*whole.to_source(x, y))
    assert np.allclose(back, (x, y))


def test_nothing_to_concatenate_is_the_identity() -> None:
    x, y = np.array([1.5, np.nan]), np.array([2.5, 0.0])
    assert np.array_equal(concatenate([]).to_source(x, y), (x, y), equal_nan=True)
    assert np.array_equal(concatenate([]).to_output(x, y), (x, y), equal_nan=True)


def test_sensor_models_want_heights_and_are_alone() -> None:
    x = np.zeros(1)
    with pytest.raises(ValueError, match="needs heights"):
        concatenate([Tower()]).to_source(x, x)
    with pytest.raises(ValueError, match="needs heights"):
        concatenate([Tower()]).to_output(x, x)
    with pytest.raises(ValueError, match="no sensor model"):
        concatenate([]).ground_to_source(x, x, x)
    with pytest.raises(ValueError, match="two sensor models"):
        concatenate([Tower(), Tower()])
