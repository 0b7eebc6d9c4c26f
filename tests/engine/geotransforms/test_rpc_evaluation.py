"""The kernels of RPC against the standard's formula, on NaN, at the bounds, in plain Python too."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.geotransforms.rpc_evaluation import (
    MAX_HEIGHT,
    MAX_HORIZONTAL,
    locate_rpc,
    project_rpc,
)
from tests.engine.geotransforms.rpc_models import by_formula, ground_within, made_record


@pytest.mark.small
@pytest.mark.parametrize("count", [0, 1, 7])
def test_positions_equal_the_formula_of_the_standard(count: int) -> None:
    record = made_record()
    ground = ground_within(record, count, reach=1.3)
    got = project_rpc(record.bind().numbers, *ground)
    assert np.abs(np.subtract(got, by_formula(record, *ground))).max(initial=0) < 1e-9


@pytest.mark.parametrize("term", range(20))
@pytest.mark.parametrize("list_name", ["row_numerator", "col_denominator"])
def test_every_term_stands_in_its_place(term: int, list_name: str) -> None:
    record = made_record()
    ones = list(getattr(record, list_name))
    ones[term] += 0.05
    record = msgspec.structs.replace(record, **{list_name: tuple(ones)})
    ground = ground_within(record, 40)
    got = project_rpc(record.bind().numbers, *ground)
    assert np.abs(np.subtract(got, by_formula(record, *ground))).max() < 1e-8


@pytest.mark.small
def test_the_way_back_ends_at_the_start() -> None:
    record = made_record()
    lon, lat, height = ground_within(record, 9, reach=1.2)
    numbers = record.bind().numbers
    image = project_rpc(numbers, lon, lat, height)
    back = locate_rpc(numbers, *image, height)
    again = project_rpc(numbers, *back, height)
    assert np.abs(np.subtract(image, again)).max() < 1e-6
    assert np.abs(np.subtract(back, (lon, lat))).max() < 1e-11


@pytest.mark.small
def test_nan_in_any_coordinate_gives_nan_there_and_nowhere_else() -> None:
    record = made_record()
    numbers = record.bind().numbers
    ground = ground_within(record, 6)
    image = [*project_rpc(numbers, *ground), ground[2]]
    for evaluate, points in ((project_rpc, ground), (locate_rpc, image)):
        whole = evaluate(numbers, *points)
        for axis in range(3):
            spoilt = [column.copy() for column in points]
            spoilt[axis][2] = np.nan
            got = evaluate(numbers, *spoilt)
            for want, have in zip(whole, got, strict=True):
                assert np.isnan(have[2])
                assert (np.delete(want, 2) == np.delete(have, 2)).all()


def test_beyond_the_bounds_nothing_is_claimed() -> None:
    record = made_record()
    numbers = record.bind().numbers
    for axis, bound in enumerate((MAX_HORIZONTAL, MAX_HORIZONTAL, MAX_HEIGHT)):
        share = np.zeros((3, 2))
        share[axis] = bound * 0.999, bound * 1.001
        ground = (
            record.longitude_offset_deg + share[0] * record.longitude_scale_deg,
            record.latitude_offset_deg + share[1] * record.latitude_scale_deg,
            record.height_offset_m + share[2] * record.height_scale_m,
        )
        for position in project_rpc(numbers, *ground):
            assert np.isfinite(position[0])
            assert np.isnan(position[1])


def test_where_a_denominator_is_not_positive_there_is_no_position() -> None:
    down = (1.0, 0.0, 2.0, *([0.0] * 17))
    record = made_record(row_denominator=down)
    lat = record.latitude_offset_deg + record.latitude_scale_deg * np.array([0.0, -0.4, -0.5, -0.9])
    lon = np.full(4, record.longitude_offset_deg)
    cols, rows = project_rpc(record.bind().numbers, lon, lat, np.full(4, 1000.0))
    assert np.isfinite(cols).tolist() == [True, True, False, False]
    assert np.isfinite(rows).tolist() == [True, True, False, False]


def test_a_position_far_beside_the_image_has_no_ground() -> None:
    numbers = made_record().bind().numbers
    far = np.array([1e6, -1e6, np.inf, 1e300])
    lon, lat = locate_rpc(numbers, far, far, np.full(4, 1000.0))
    assert np.isnan(lon).all()
    assert np.isnan(lat).all()


def test_lines_of_sight_without_direction_have_no_ground() -> None:
    flat = (1.0, *([0.0] * 19))
    record = made_record(row_numerator=flat, col_numerator=flat)
    lon, lat = locate_rpc(record.bind().numbers, np.ones(2), np.ones(2), np.full(2, 1000.0))
    assert np.isnan([*lon, *lat]).all()


def test_arrays_of_different_lengths_are_refused() -> None:
    numbers = made_record().bind().numbers
    with pytest.raises(ValueError, match="one length"):
        project_rpc(numbers, np.zeros(2), np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="one length"):
        locate_rpc(numbers, np.zeros(2), np.zeros((2, 1)), np.zeros(2))


def test_a_batch_has_the_bits_of_single_points() -> None:
    record = made_record()
    ground = ground_within(record, 23)
    numbers = record.bind().numbers
    whole = np.stack(project_rpc(numbers, *ground))
    single = [project_rpc(numbers, *(column[i : i + 1] for column in ground)) for i in range(23)]
    assert (whole == np.stack([np.concatenate(point) for point in single], axis=1)).all()
