"""Tabulated sensor models against numpy, against the cameras they were made from, and at their edges."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.grid_sensor import GridSensorRecord
from tests.engine.geotransforms.cameras import aerial_camera, tabulated, there_and_back

HEIGHTS = (0.0, 150.0, 400.0)
RECORD = tabulated(aerial_camera(), HEIGHTS)
MODEL = RECORD.bind()


def trilinear(record: GridSensorRecord, x: float, y: float, z: float) -> list[float]:
    """The same interpolation, slow and plain."""
    shape = (len(record.heights_m), record.rows, record.columns)
    u, v = (x - record.first_x) / record.step_x, (y - record.first_y) / record.step_y
    k = min(sum(h <= z for h in record.heights_m), shape[0] - 1) - 1
    w = (z - record.heights_m[k]) / (record.heights_m[k + 1] - record.heights_m[k])
    i, j = min(int(u), shape[2] - 2), min(int(v), shape[1] - 2)
    weights = {
        (k + dk, j + dj, i + di): (w if dk else 1 - w)
        * ((v - j) if dj else 1 - (v - j))
        * ((u - i) if di else 1 - (u - i))
        for dk in (0, 1)
        for dj in (0, 1)
        for di in (0, 1)
    }
    return [
        sum(weight * np.reshape(values, shape)[node] for node, weight in weights.items())
        for values in (record.x, record.y)
    ]


@given(st.floats(0, 1000), st.floats(0, 800), st.floats(0, 400))
def test_between_the_nodes_values_are_trilinear(col: float, row: float, z: float) -> None:
    x, y = MODEL.image_to_ground(np.array([col]), np.array([row]), np.array([z]))
    assert [x[0], y[0]] == pytest.approx(trilinear(RECORD, col, row, z), abs=1e-7)


@given(st.floats(0, 1000), st.floats(0, 800), st.floats(0, 400))
def test_image_to_ground_to_image_is_the_same_pixel(col: float, row: float, z: float) -> None:
    error = there_and_back(MODEL, np.array([col]), np.array([row]), np.array([z]))
    # On the outermost nodes rounding may fall to either side.
    if 0 < col < 1000 and 0 < row < 800:
        assert error[0] < 1e-6


def test_it_is_close_to_the_camera_it_was_made_from() -> None:
    random = np.random.default_rng(3)
    col, row, z = (random.uniform(0, end, 2000) for end in (1000, 800, 400))
    exact = aerial_camera().bind().image_to_ground(col, row, z)
    got = MODEL.image_to_ground(col, row, z)
    assert np.hypot(got[0] - exact[0], got[1] - exact[1]).max() < 0.6


def test_the_other_way_round_is_the_inverse() -> None:
    """A grid on the ground that tabulates pixels answers like the model it tabulates."""
    x0, y0, step = 299_700.0, 4_999_800.0, 30.0
    row, col = np.mgrid[:14, :21].astype(float)
    camera = aerial_camera().bind()
    layers = [
        camera.ground_to_image(
            (x0 + col * step).ravel(), (y0 + row * step).ravel(), np.full(col.size, height)
        )
        for height in HEIGHTS
    ]
    model = GridSensorRecord(
        ground_crs="EPSG:32633",
        vertical_datum="egm2008",
        direction="ground_to_image",
        columns=21,
        rows=14,
        first_x=x0,
        first_y=y0,
        step_x=step,
        step_y=step,
        heights_m=HEIGHTS,
        x=tuple(np.concatenate([a for a, _ in layers]).tolist()),
        y=tuple(np.concatenate([b for _, b in layers]).tolist()),
    ).bind()
    x, y, z = np.array([300_010.0]), np.array([5_000_020.0]), np.array([100.0])
    got = model.ground_to_image(x, y, z)
    assert np.allclose(got, camera.ground_to_image(x, y, z), atol=0.5)
    assert np.allclose(model.image_to_ground(*got, z), [x, y], atol=1e-6)


@pytest.mark.small
def test_beside_the_grid_and_its_heights_there_is_nothing() -> None:
    col, row = np.array([-0.1, 1000.1, 500, 500, 500]), np.array([400, 400, 800.1, 400, 400])
    z = np.array([100, 100, 100, -0.1, 400.1])
    assert np.isnan(MODEL.image_to_ground(col, row, z)).all()
    x, y = np.array([0.0, 310_000.0, 300_000.0]), np.array([0.0, 5e6, 5e6])
    assert np.isnan(MODEL.ground_to_image(x, y, np.array([100.0, 100.0, 500.0]))).all()


@pytest.mark.small
def test_the_outermost_nodes_belong_to_the_grid() -> None:
    col, row = np.array([0.0, 1000.0]), np.array([0.0, 800.0])
    x, y = MODEL.image_to_ground(col, row, np.array([0.0, 400.0]))
    assert [x[0], y[0]] == pytest.approx([RECORD.x[0], RECORD.y[0]], abs=1e-9)
    assert [x[1], y[1]] == pytest.approx([RECORD.x[-1], RECORD.y[-1]], abs=1e-9)


def test_nodes_may_run_backwards() -> None:
    shape = (3, 17, 21)
    flipped: dict[str, Any] = {
        axis: tuple(np.reshape(getattr(RECORD, axis), shape)[:, ::-1].ravel().tolist())
        for axis in ("x", "y")
    }
    model = msgspec.structs.replace(RECORD, first_y=800.0, step_y=-50.0, **flipped).bind()
    where = np.array([123.0]), np.array([456.0]), np.array([78.0])
    assert np.allclose(model.image_to_ground(*where), MODEL.image_to_ground(*where), atol=1e-7)


def altered(**changes: Any) -> GridSensorRecord:
    return msgspec.structs.replace(RECORD, **changes)


BAD = {
    "one column": (altered(columns=1), "grid size"),
    "one height": (altered(heights_m=(0.0,)), "grid size"),
    "values missing": (altered(x=RECORD.x[:-1]), "x"),
    "a value that is NaN": (altered(y=(math.nan, *RECORD.y[1:])), "y"),
    "a step of 0": (altered(step_x=0.0), "step"),
    "a step that is NaN": (altered(step_x=math.nan), "lattice"),
    "heights that fall": (altered(heights_m=(0.0, 400.0, 150.0)), "heights_m"),
    "heights twice": (altered(heights_m=(0.0, 0.0, 150.0)), "heights_m"),
    "a fold": (altered(x=(RECORD.x[2], *RECORD.x[1:])), "x, y"),
    "all zero": (altered(x=(0.0,) * len(RECORD.x)), "x, y"),
    "no CRS": (altered(ground_crs=""), "ground_crs"),
    "no datum": (altered(vertical_datum=""), "vertical_datum"),
}


@pytest.mark.parametrize("name", BAD)
def test_implausible_grids_are_refused_by_the_name_of_the_field(name: str) -> None:
    record, field = BAD[name]
    with pytest.raises(InvalidParameter) as caught:
        record.bind()
    assert caught.value.fields[0] == field
