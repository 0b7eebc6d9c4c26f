"""Every geotransform goes there and back, passes NaN on, survives JSON and refuses bad numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms import GEOTRANSFORMS, Geotransform
from tests.conformance.geotransform_samples import SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLANE = [name for name in GEOTRANSFORMS if hasattr(SAMPLES[name].record.bind(), "to_source")]
SENSORS = [name for name in GEOTRANSFORMS if name not in PLANE]


def places(name: str, count: int) -> list[NDArray[np.float64]]:
    """Random source positions, or ground points, of a sample."""
    random = np.random.default_rng(7)
    sample = SAMPLES[name]
    return [random.uniform(a, b, count) for a, b in zip(sample.low, sample.high, strict=True)]


def run(name: str, columns: list[NDArray[np.float64]]) -> tuple[Any, Any]:
    """Towards the source from outputs of a plane transform, or from ground points of a sensor model."""
    bound = SAMPLES[name].record.bind()
    return bound.ground_to_image(*columns) if name in SENSORS else bound.to_source(*columns)


def inputs(name: str, count: int) -> list[NDArray[np.float64]]:
    """What `run` takes: positions that lie in the sample's source."""
    columns = places(name, count)
    return columns if name in SENSORS else list(SAMPLES[name].record.bind().to_output(*columns))


def test_every_geotransform_has_a_sample_and_its_tag_is_its_name() -> None:
    assert set(SAMPLES) == set(GEOTRANSFORMS)
    for name, record in GEOTRANSFORMS.items():
        assert record.__struct_config__.tag == name
        assert record.__struct_config__.tag_field == "process"
        assert isinstance(SAMPLES[name].record, record)


@pytest.mark.parametrize("name", PLANE)
@given(share=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_plane_transform_goes_there_and_back_within_a_millionth(
    name: str, share: tuple[float, float]
) -> None:
    sample = SAMPLES[name]
    bound = sample.record.bind()
    start = [
        np.array([a + s * (b - a)]) for s, a, b in zip(share, sample.low, sample.high, strict=True)
    ]
    back = bound.to_source(*bound.to_output(*start))
    assert math.dist([v[0] for v in back], [v[0] for v in start]) < 1e-6


@pytest.mark.parametrize("name", SENSORS)
def test_a_sensor_model_goes_from_image_to_ground_and_back(name: str) -> None:
    bound = SAMPLES[name].record.bind()
    x, y, z = places(name, 500)
    image = bound.ground_to_image(x, y, z)
    assert np.isfinite(image).all()
    ground = bound.image_to_ground(*image, z)
    again = bound.ground_to_image(*ground, z)
    assert np.abs(np.subtract(image, again)).max() < 1e-4


@pytest.mark.parametrize("name", SENSORS)
def test_a_sensor_model_names_its_ground_its_datum_and_its_heights(name: str) -> None:
    bound = SAMPLES[name].record.bind()
    assert bound.ground_crs
    assert bound.vertical_datum
    low, high = bound.height_range
    assert -12_000 <= low < high


@pytest.mark.parametrize("name", GEOTRANSFORMS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_position_that_is_not_finite_gives_nan_and_does_not_touch_others(
    name: str, bad: float
) -> None:
    columns = inputs(name, 3)
    want = run(name, columns)
    for axis in range(len(columns)):
        spoilt = [column.copy() for column in columns]
        spoilt[axis][1] = bad
        got = run(name, spoilt)
        assert not np.isfinite(got[0][1]) or not np.isfinite(got[1][1])
        if math.isnan(bad):
            assert np.isnan(got[0][1])
            assert np.isnan(got[1][1])
        for w, g in zip(want, got, strict=True):
            assert (w[[0, 2]] == g[[0, 2]]).all()


@pytest.mark.parametrize("name", PLANE)
def test_nan_stays_nan_on_the_way_back(name: str) -> None:
    bound = SAMPLES[name].record.bind()
    x, y = bound.to_output(np.array([np.nan, 5.0]), np.array([5.0, np.nan]))
    assert np.isnan(x).all()
    assert np.isnan(y).all()


@pytest.mark.parametrize("name", GEOTRANSFORMS)
@pytest.mark.parametrize("count", [0, 1, 17])
def test_answers_are_two_float64_arrays_of_the_length_asked(name: str, count: int) -> None:
    columns = inputs(name, count)
    before = [column.copy() for column in columns]
    for answer in run(name, columns):
        assert answer.shape == (count,)
        assert answer.dtype == np.float64
    assert all((a == b).all() for a, b in zip(before, columns, strict=True))


@pytest.mark.parametrize("name", GEOTRANSFORMS)
def test_a_batch_gives_the_same_bits_as_single_points(name: str) -> None:
    columns = inputs(name, 20)
    whole = run(name, columns)
    for i in range(20):
        one = run(name, [column[i : i + 1] for column in columns])
        assert (one[0][0], one[1][0]) == (whole[0][i], whole[1][i])


@pytest.mark.parametrize("name", GEOTRANSFORMS)
def test_records_survive_json_and_tell_their_name(name: str) -> None:
    record = SAMPLES[name].record
    text = msgspec.json.encode(record)
    assert msgspec.json.decode(text)["process"] == name
    assert msgspec.json.decode(text, type=Geotransform) == record
    assert hash(record) == hash(msgspec.json.decode(text, type=Geotransform))


@pytest.mark.parametrize("name", GEOTRANSFORMS)
def test_a_field_that_is_not_known_is_refused(name: str) -> None:
    plain = msgspec.to_builtins(SAMPLES[name].record)
    with pytest.raises(msgspec.ValidationError, match="unknown field `mistake`"):
        msgspec.convert(plain | {"mistake": 1}, type=Geotransform)


def spoilt(value: Any) -> list[Any]:
    """A field's value with one number in it replaced by NaN or infinity, in every tuple one number less."""
    if isinstance(value, float):
        return [math.nan, math.inf]
    if isinstance(value, tuple) and value:
        first = [(bad, *value[1:]) for bad in spoilt(value[0])]
        return [*first, value[:-1]] if isinstance(value[0], float) else first
    if isinstance(value, msgspec.Struct):
        return [
            msgspec.structs.replace(value, **{field: bad})
            for field in value.__struct_fields__
            for bad in spoilt(getattr(value, field))
        ]
    return []


@pytest.mark.parametrize("name", GEOTRANSFORMS)
def test_numbers_that_are_not_finite_and_wrong_counts_are_refused_by_name(name: str) -> None:
    record = SAMPLES[name].record
    tried = 0
    for field in record.__struct_fields__:
        for bad in spoilt(getattr(record, field)):
            tried += 1
            with pytest.raises(InvalidParameter) as caught:
                msgspec.structs.replace(record, **{field: bad}).bind()
            text = str(caught.value)
            assert "Invalid value" in text
            assert "expected" in text
    assert tried >= 2
