"""Units of measure by Esri's names, and numbers as people read them."""

from __future__ import annotations

import math

_INCH_M = 0.0254
_FOOT_M = 12 * _INCH_M
_MILE_M = 5280 * _FOOT_M

# International feet and miles, as Esri's units are.
LINEAR: dict[str, float] = {
    "esriMeters": 1.0,
    "esriInches": _INCH_M,
    "esriFeet": _FOOT_M,
    "esriYards": 3 * _FOOT_M,
    "esriMiles": _MILE_M,
    "esriNauticalMiles": 1852.0,
    "esriMillimeters": 1e-3,
    "esriCentimeters": 1e-2,
    "esriDecimeters": 1e-1,
    "esriKilometers": 1e3,
}
AREA: dict[str, float] = {
    "esriSquareMeters": 1.0,
    "esriSquareInches": _INCH_M**2,
    "esriSquareFeet": _FOOT_M**2,
    "esriSquareYards": (3 * _FOOT_M) ** 2,
    "esriSquareMiles": _MILE_M**2,
    "esriSquareMillimeters": 1e-6,
    "esriSquareCentimeters": 1e-4,
    "esriSquareDecimeters": 1e-2,
    "esriSquareKilometers": 1e6,
    "esriAcres": 4840 * (3 * _FOOT_M) ** 2,
    "esriAres": 100.0,
    "esriHectares": 1e4,
}
# In degrees.
ANGULAR: dict[str, float] = {
    "esriDUDecimalDegrees": 1.0,
    "esriDURadians": math.degrees(1.0),
}
# Of numbers whose uncertainty is not known.
_DIGITS = 6
_MOST_DECIMALS = 12


def display_value(value: float, uncertainty: float) -> str:
    """Return a number with as many decimals as its uncertainty leaves: that one keeps two digits.

    Parameters
    ----------
    uncertainty
        NaN or 0 = not known: then six digits are kept, and all before the point.
    """
    if not math.isfinite(value):
        return "NaN"
    known = math.isfinite(uncertainty) and uncertainty > 0
    size, digits = (uncertainty, 2) if known else (abs(value), _DIGITS)
    whole = math.floor(math.log10(size)) + 1 if size > 0 else 1
    decimals = min(max(digits - whole, 0), _MOST_DECIMALS)
    return f"{value:.{decimals}f}"
