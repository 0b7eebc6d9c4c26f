"""Arguments of functions of heights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule

DEGREE, PERCENT, ADJUSTED = 1, 2, 3
_SCALES: Mapping[str, int] = {
    "degree": DEGREE,
    "none": DEGREE,
    "percentrise": PERCENT,
    "adjusted": ADJUSTED,
    "scaled": ADJUSTED,
}
_NAMES: Mapping[str, str] = {
    "z_factor": "ZFactor",
    "ps_power": "PSPower",
    "ps_z_factor": "PSZFactor",
}


class SlopeRule(FunctionRule, tag="Slope", frozen=True, kw_only=True):
    """Arguments of the Slope function.

    Attributes
    ----------
    z_factor : float
        Metres that a unit of the samples is high.
    slope_type : int
        1 degrees, 2 percent rise, 3 degrees of heights that grow with the size of pixels.
    ps_power, ps_z_factor : float
        With slope type 3 size^`ps_power` · `ps_z_factor` is added to the factor.
    plain_cells : bool
        Esri's plain arithmetic: pixels are as large as the map says, a degree being 111 km; else as
        large as they are on the ground, so that a slope is one number on every map.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    z_factor: float = 1.0
    slope_type: int = DEGREE
    ps_power: float = 0.664
    ps_z_factor: float = 0.024
    plain_cells: bool = False

    esri_names: ClassVar[Mapping[str, str]] = _NAMES
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {"slope_type": _SCALES}


class AspectRule(FunctionRule, tag="Aspect", frozen=True, kw_only=True):
    """Arguments of the Aspect function.

    Attributes
    ----------
    plain_cells : bool
        As of Slope.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    plain_cells: bool = False


class HillshadeRule(FunctionRule, tag="Hillshade", frozen=True, kw_only=True):
    """Arguments of the Hillshade function.

    Attributes
    ----------
    azimuth, altitude : float
        Of the sun, degrees: clockwise from north, and above the horizon.
    hillshade_type : int
        0 traditional, 1 from six directions.
    z_factor, slope_type, ps_power, ps_z_factor, plain_cells
        As of Slope; there is no percent rise.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    azimuth: float = 315.0
    altitude: float = 45.0
    z_factor: float = 1.0
    slope_type: int = DEGREE
    ps_power: float = 0.664
    ps_z_factor: float = 0.024
    hillshade_type: int = 0
    plain_cells: bool = False

    esri_names: ClassVar[Mapping[str, str]] = _NAMES
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "slope_type": _SCALES,
        "hillshade_type": {"traditional": 0, "multidirectional": 1},
    }
