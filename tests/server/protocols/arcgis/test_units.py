"""Units by Esri's names."""

from __future__ import annotations

import math

import pytest

from server.protocols.arcgis.units import ANGULAR, AREA, LINEAR, display_value


def test_areas_are_squares_of_lengths() -> None:
    for name, metres in LINEAR.items():
        square = name.replace("esri", "esriSquare")
        if square in AREA:
            assert AREA[square] == pytest.approx(metres**2)
    assert len(LINEAR) == 10
    assert len(AREA) == 12


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("esriFeet", 0.3048), ("esriYards", 0.9144), ("esriMiles", 1609.344), ("esriInches", 0.0254)],
)
def test_customary_units_are_international_ones(unit: str, metres: float) -> None:
    assert LINEAR[unit] == pytest.approx(metres, rel=1e-15)


def test_units_of_land() -> None:
    assert AREA["esriAcres"] == pytest.approx(4046.8564224, rel=1e-15)
    assert AREA["esriHectares"] == 100 * AREA["esriAres"] == 10_000
    assert ANGULAR["esriDURadians"] == pytest.approx(180 / math.pi)


@pytest.mark.parametrize(
    ("value", "uncertainty", "shown"),
    [
        (12345.678, 0.5, "12345.68"),
        (12345.678, 12.0, "12346"),
        (12345.678, 0.0123, "12345.678"),
        (12345.678, math.nan, "12345.7"),
        (1.23456789, math.nan, "1.23457"),
        (0.000123456789, math.nan, "0.000123457"),
        (1234567.8, math.nan, "1234568"),
        (0.0, math.nan, "0.00000"),
        (5.0, 0.0, "5.00000"),
        (-2.5, 0.05, "-2.500"),
        (math.nan, 1.0, "NaN"),
        (1e-30, math.nan, "0.000000000000"),
    ],
)
def test_digits_that_are_known_are_shown(value: float, uncertainty: float, shown: str) -> None:
    assert display_value(value, uncertainty) == shown
