"""Values along dimensions, their steps, and numbers of slices as clients count them."""

from __future__ import annotations

import itertools

import pytest

from engine.dates import parse_date_ms
from engine.dimensions import Dimension, Variable, dimension_of, slice_values, variable_of


def _time(*texts: str) -> Dimension:
    return Dimension(
        name="StdTime",
        unit="ISO8601",
        is_time=True,
        values=tuple(parse_date_ms(text) or 0 for text in texts),
    )


@pytest.mark.parametrize(
    ("texts", "step"),
    [
        (("2020-01-31", "2021-01-31", "2022-01-31"), (1, "Years")),
        (("2020-01-15", "2020-04-15", "2020-07-15"), (3, "Months")),
        (("2020-02-28", "2020-02-29", "2020-03-01"), (1, "Days")),
        (("2020-02-28 00:00", "2020-02-28 06:00", "2020-02-28 12:00"), (6, "Hours")),
        (("2020-02-28 00:00:00", "2020-02-28 00:00:30"), (30, "Seconds")),
        (("2020-01-01", "2020-01-02", "2020-01-04"), None),
        (("2020-01-01",), None),
    ],
)
def test_times_step_by_the_calendar(texts: tuple[str, ...], step: tuple[int, str] | None) -> None:
    assert _time(*texts).step == step


def test_numbers_step_evenly_or_not() -> None:
    assert Dimension(name="x", values=(0.0, 0.1, 0.2, 0.3)).step == (0.1, "")
    assert Dimension(name="x", values=(0.0, 0.1, 0.3)).step is None


def test_the_first_depth_is_the_surface() -> None:
    # As ArcGIS Maps SDK for JavaScript takes it.
    assert Dimension(name="StdZ", values=(-5000.0, -10.0, 0.0)).first == 0.0
    assert Dimension(name="StdZ", values=(0.0, 10.0, 5000.0)).first == 0.0
    assert Dimension(name="member", values=(-3.0, 1.0)).first == -3.0


def test_slices_are_numbered_as_arcgis_maps_sdk_for_javascript_numbers_them() -> None:
    """Its createSlices: variables by name, dimensions by falling name, the first of them slowest."""
    depth = Dimension(name="StdZ", values=(-10.0, 0.0))
    time = _time("2020-01-01", "2020-01-02", "2020-01-03")
    variables = (
        Variable(name="a", dimensions=(time,)),
        Variable(name="b", dimensions=(time, depth)),
    )
    expected: list[tuple[str, dict[str, float]]] = [("a", {"StdTime": t}) for t in time.values]
    expected += [
        ("b", {"StdZ": z, "StdTime": t}) for z, t in itertools.product(depth.values, time.values)
    ]
    for number, (name, values) in enumerate(expected):
        found = slice_values(variables, number)
        assert found is not None
        assert (found[0].name, found[1]) == (name, values)
    assert slice_values(variables, len(expected)) is None


def test_names_ignore_case() -> None:
    variable = Variable(name="Salt", dimensions=(_time("2020-01-01"),))
    assert variable_of((variable,), "sALT") is variable
    assert variable_of((variable,), "sal") is None
    assert dimension_of(variable, "stdtime") is variable.dimensions[0]
    assert dimension_of(variable, "StdZ") is None
