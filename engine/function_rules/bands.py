"""Arguments of functions that choose and combine bands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class NdviRule(FunctionRule, tag="NDVI", frozen=True, kw_only=True):
    """Arguments of the NDVI function.

    Attributes
    ----------
    visible_band, infrared_band : int
        From 0.
    scientific_output : bool
        -1 to 1 as floating point; else whole numbers from 0 to 200.
    """

    visible_band: int = 0
    infrared_band: int = 1
    scientific_output: bool = False

    esri_names: ClassVar[Mapping[str, str]] = {
        "visible_band": "VisibleBandID",
        "infrared_band": "InfraredBandID",
    }
