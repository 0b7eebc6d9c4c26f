"""Arguments of functions of heights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from engine.function_rules.base import FunctionRule
from engine.function_rules.colours import RampPart

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
    remove_edge_effect : bool
        Pixels without all their eight neighbours are no data.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    z_factor: float = 1.0
    slope_type: int = DEGREE
    ps_power: float = 0.664
    ps_z_factor: float = 0.024
    plain_cells: bool = False
    remove_edge_effect: bool = False

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
    z_factor, slope_type, ps_power, ps_z_factor, plain_cells, remove_edge_effect
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
    remove_edge_effect: bool = False

    esri_names: ClassVar[Mapping[str, str]] = _NAMES
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "slope_type": _SCALES,
        "hillshade_type": {"traditional": 0, "multidirectional": 1},
    }


class CurvatureRule(FunctionRule, tag="Curvature", frozen=True, kw_only=True):
    """Arguments of the Curvature function.

    Attributes
    ----------
    curvature_type : int
        0 standard, 1 planform (across the slope), 2 profile (along it).
    z_factor, plain_cells
        As of Slope.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    curvature_type: int = 0
    z_factor: float = 1.0
    plain_cells: bool = False

    esri_names: ClassVar[Mapping[str, str]] = _NAMES
    second_names: ClassVar[Mapping[str, str]] = {"curvature_type": "Type"}
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "curvature_type": {"standard": 0, "planform": 1, "profile": 2}
    }


class AspectSlopeRule(FunctionRule, tag="AspectSlope", frozen=True, kw_only=True):
    """Arguments of the AspectSlope function.

    Attributes
    ----------
    z_factor, plain_cells
        As of Slope.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    z_factor: float = 1.0
    plain_cells: bool = False

    esri_names: ClassVar[Mapping[str, str]] = _NAMES


class ShadedReliefRule(HillshadeRule, tag="ShadedRelief", frozen=True, kw_only=True):
    """Arguments of the ShadedRelief function: those of Hillshade, and colours of heights.

    Attributes
    ----------
    colormap, color_ramp, colorramp_name, colormap_name
        As of Colormap; without any the ramp named Elevation.
    """

    colormap: tuple[tuple[float, ...], ...] = ()
    color_ramp: tuple[RampPart, ...] = ()
    colorramp_name: str = ""
    colormap_name: str = ""

    esri_names: ClassVar[Mapping[str, str]] = {**_NAMES, "colorramp_name": "ColorrampName"}


class ElevationVoidFillRule(FunctionRule, tag="ElevationVoidFill", frozen=True, kw_only=True):
    """Arguments of the ElevationVoidFill function.

    Attributes
    ----------
    max_void_width : int
        Pixels of the output; voids that are wider stay. 0 = the widest that is filled at all.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    max_void_width: int = 0


class ContourRule(FunctionRule, tag="Contour", frozen=True, kw_only=True):
    """Arguments of the Contour function.

    Attributes
    ----------
    contour_type : int
        0 lines, 1 fill between them, 2 the smooth surface itself.
    z_base : float
        A height that has a line; the others lie whole intervals above and below it.
    contour_interval : float
        0 = as `number_of_contours` says.
    number_of_contours : int
        About so many over the heights of the service, at an interval of 1, 2 or 5 times a power of ten.
    nth_contour_line_in_bold : int
        Every so many lines from the base are twice as wide; 0 = none.
    sigma_gaussian : float
        Pixels: how much the surface is smoothed before; 0 = not at all.
    z_factor : float
        Times which heights count.
    """

    inputs: ClassVar[tuple[str, ...]] = ("DEM",)

    contour_type: int = 0
    z_base: float = 0.0
    number_of_contours: int = 0
    contour_interval: float = 100.0
    nth_contour_line_in_bold: int = 5
    sigma_gaussian: float = 2.5
    z_factor: float = 1.0

    esri_names: ClassVar[Mapping[str, str]] = {"z_base": "ZBase", "z_factor": "ZFactor"}
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "contour_type": {
            "lines": 0,
            "contourlines": 0,
            "fill": 1,
            "contourfill": 1,
            "smoothsurface": 2,
            "smoothsurfaceonly": 2,
        }
    }
