"""Arguments of functions that give values colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from engine.function_rules.base import FunctionRule


class RampPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a ramp of colours, from one to another.

    Attributes
    ----------
    from_color, to_color : (red, green, blue) or (red, green, blue, alpha)
        0 to 255; alpha does not count.
    algorithm : str
        In which space it is a straight way: "lab" (CIE L*a*b*), "lch" (its polar form) or "hsv".
    """

    from_color: tuple[float, ...]
    to_color: tuple[float, ...]
    algorithm: str = "lab"


class ColormapRule(FunctionRule, tag="Colormap", frozen=True, kw_only=True):
    """Arguments of the Colormap function; the first that is given counts, in this order.

    Attributes
    ----------
    colormap : tuple of (value, red, green, blue)
        Values without an entry are no data.
    color_ramp : tuple of RampPart
        Of one length each, over the values of the raster.
    colorramp_name, colormap_name : str
        Of `engine.functions.named_ramps`, or "random".
    """

    colormap: tuple[tuple[float, ...], ...] = ()
    color_ramp: tuple[RampPart, ...] = ()
    colorramp_name: str = ""
    colormap_name: str = ""

    esri_names: ClassVar[Mapping[str, str]] = {"colorramp_name": "ColorrampName"}


class TableRule(FunctionRule, tag="Table", frozen=True, kw_only=True):
    """Arguments of the Table function.

    Attributes
    ----------
    colors : tuple of (value, red, green, blue)
        Of the rows of the table that have them.
    """

    colors: tuple[tuple[float, ...], ...] = ()


class ColormapToRgbRule(FunctionRule, tag="ColormapToRGB", frozen=True, kw_only=True):
    """Arguments of the ColormapToRGB function: it has none."""


class ColorspaceConversionRule(FunctionRule, tag="ColorspaceConversion", frozen=True, kw_only=True):
    """Arguments of the ColorspaceConversion function: 0 red, green, blue to hue, saturation, value; 1 back."""

    conversion_type: int = 0

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "conversion_type": {"rgbtohsv": 0, "hsvtorgb": 1}
    }
