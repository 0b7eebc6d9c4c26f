"""Arguments of functions that give values colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule


class ColormapRule(FunctionRule, tag="Colormap", frozen=True, kw_only=True):
    """Arguments of the Colormap function; the first that is given counts, in this order.

    Attributes
    ----------
    colormap : tuple of (value, red, green, blue)
        Values without an entry are no data.
    color_ramp : tuple of (share, red, green, blue, alpha)
        Colours at places between 0 and 1, linear between them, over the values of the raster.
    colorramp_name, colormap_name : str
        Of `engine.functions.colour_ramps`.
    """

    colormap: tuple[tuple[float, ...], ...] = ()
    color_ramp: tuple[tuple[float, ...], ...] = ()
    colorramp_name: str = ""
    colormap_name: str = ""

    esri_names: ClassVar[Mapping[str, str]] = {"colorramp_name": "ColorrampName"}


class ColormapToRgbRule(FunctionRule, tag="ColormapToRGB", frozen=True, kw_only=True):
    """Arguments of the ColormapToRGB function: it has none."""
