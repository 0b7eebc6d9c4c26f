"""Dimensions get the names that clients know; what cannot be told apart is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import netCDF4
import numpy as np
import pytest

from engine.readers.cube_arrays import open_file
from raster_types.items.cube_slices import SlicedVariable, sliced

if TYPE_CHECKING:
    from pathlib import Path


def _sliced(
    path: Path, outer: dict[str, tuple[list[float], dict[str, str]] | int]
) -> SlicedVariable:
    """A variable of 2 x 2 pixels along dimensions of some values and attributes."""
    with netCDF4.Dataset(path, "w") as file:
        sizes = {
            name: each if isinstance(each, int) else len(each[0]) for name, each in outer.items()
        }
        for name, count in {**sizes, "y": 2, "x": 2}.items():
            file.createDimension(name, count)
        for name, each in outer.items():
            if not isinstance(each, int):
                axis = file.createVariable(name, "f8", (name,))
                axis[:] = each[0]
                axis.setncatts(each[1])
        file.createVariable("v", "f4", (*outer, "y", "x"))[:] = np.zeros((*sizes.values(), 2, 2))
    with open_file(str(path), "netCDF") as opened:
        arrays = opened.arrays()
        return sliced(arrays["v"], arrays, opened)


def test_times_heights_and_members(tmp_path: Path) -> None:
    found = _sliced(
        tmp_path / "a.nc",
        {
            "t": ([0.0, 1.0], {"units": "days since 2020-02-28"}),
            "plev": ([1000.0, 850.0], {"units": "hPa"}),
            "member": ([1.0, 2.0], {}),
        },
    )
    assert [(each.name, each.unit) for each in found.dimensions] == [
        ("StdTime", "ISO8601"),
        ("StdZ", "hPa"),
        ("member", ""),
    ]
    assert found.dimensions[0].values == ("2020-02-28T00:00:00.000Z", "2020-02-29T00:00:00.000Z")
    slices = list(found.slices())
    assert [each.layer for each in slices] == list(range(8))
    assert slices[5].values == ("2020-02-29T00:00:00.000Z", 1000.0, 2.0)


@pytest.mark.parametrize("attribute", [{"axis": "Z"}, {"positive": "down"}])
def test_what_says_it_is_vertical_is(tmp_path: Path, attribute: dict[str, str]) -> None:
    (only,) = _sliced(tmp_path / "a.nc", {"k": ([1.0, 2.0], attribute)}).dimensions
    assert only.name == "StdZ"


def test_dates_of_other_calendars_are_no_times(tmp_path: Path) -> None:
    said = {"units": "days since 2020-01-30", "calendar": "360_day"}
    (only,) = _sliced(tmp_path / "a.nc", {"time": ([0.0, 30.0], said)}).dimensions
    assert (only.name, only.values) == ("time", (0.0, 30.0))


@pytest.mark.parametrize(
    ("outer", "name"),
    [
        ({"n": 2}, "n"),
        ({"n": ([5.0, 5.0], {})}, "n"),
        ({"n": ([5.0, np.nan], {})}, "n"),
        ({"Name": 2}, "Name_"),
        ({"2nd choice": 2}, "d_2nd_choice"),
    ],
)
def test_positions_without_numbers_are_counted(
    tmp_path: Path, outer: dict[str, tuple[list[float], dict[str, str]] | int], name: str
) -> None:
    (only,) = _sliced(tmp_path / "a.nc", outer).dimensions
    assert (only.name, only.values) == (name, (0.0, 1.0))


def test_float32_coordinates_have_the_digits_they_have(tmp_path: Path) -> None:
    values = [float(np.float32(0.494)), float(np.float32(1.5413))]
    (only,) = _sliced(tmp_path / "a.nc", {"depth": (values, {"units": "m"})}).dimensions
    assert only.values == (0.494, 1.5413)
