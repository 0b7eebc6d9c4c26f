"""Arguments of functions of heights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule

DEGREE, PERCENT, ADJUSTED = 1, 2, 3


class SlopeRule(FunctionRule, tag="Slope", frozen=True, kw_only=True):
    """Arguments of the Slope function.

    Attributes
    ----------
    z_factor : float
        Metres of height a unit of the samples is.
    slope_type : int
        1 degrees, 2 percent rise, 3 degrees with heights that grow with the pixel size
        (`ps_z_factor` · size^`ps_power` is added to the factor).
    plain_cells : bool
        Esri's plain arithmetic: pixels are as large as the map says, 111 000 m a degree; else as large
        as they are on the ground.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    z_factor: float = 1.0
    slope_type: int = DEGREE
    ps_power: float = 0.664
    ps_z_factor: float = 0.024
    plain_cells: bool = False

    esri_names: ClassVar[Mapping[str, str]] = {
        "z_factor": "ZFactor",
        "ps_power": "PSPower",
        "ps_z_factor": "PSZFactor",
    }
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "slope_type": {
            "degree": DEGREE,
            "percentrise": PERCENT,
            "adjusted": ADJUSTED,
            "scaled": ADJUSTED,
        }
    }
