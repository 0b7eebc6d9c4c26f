"""Products of the demo's services: rendering rules as their author would write them."""

from __future__ import annotations

from typing import Any

_Rule = dict[str, Any]


def _rule(function: str, description: str = "", **arguments: Any) -> _Rule:
    found: _Rule = {"rasterFunction": function}
    if arguments:
        found["rasterFunctionArguments"] = arguments
    if description:
        found["description"] = description
    return found


# Of bands blue, green, red and near infrared.
_NDVI = _rule("NDVI", VisibleBandID=2, InfraredBandID=3, ScientificOutput=True)
_WATER = _rule("BandArithmetic", Method=18, BandIndexes="4 2")


def _coloured(index: _Rule, low: float, high: float, ramp: str, description: str) -> _Rule:
    middle, spread = (low + high) / 2, (high - low) / 4
    stretched = _rule(
        "Stretch", StretchType=5, Statistics=[[low, high, middle, spread]], Raster=index
    )
    stretched["outputPixelType"] = "U8"
    return _rule("Colormap", description, ColorrampName=ramp, Raster=stretched)


LAND_PRODUCTS: dict[str, _Rule] = {
    "Vegetation (NDVI)": _coloured(
        _NDVI, -0.1, 0.8, "Red to Green", "How green it is: near infrared against red"
    ),
    "Water (NDWI)": _coloured(
        _WATER,
        -0.6,
        0.6,
        "Brown to Blue Green Diverging, Bright",
        "Where there is water: green against near infrared",
    ),
    "Infrared": _rule(
        "Stretch",
        "Vegetation in red, from the near infrared",
        StretchType=6,
        MinPercent=0.5,
        MaxPercent=3.5,
        Raster=_rule("ExtractBand", BandIds=[3, 2, 1]),
    ),
}

TERRAIN_PRODUCTS: dict[str, _Rule] = {
    "Shaded relief": _rule(
        "ShadedRelief",
        "Heights in colours, in the light of a low sun",
        ColorrampName="Elevation #1",
        HillshadeType=1,
    ),
    "Hillshade": _rule("Hillshade", "The light of a sun in the north-west"),
    "Slope": _coloured(
        _rule("Slope"), 0, 45, "Slope", "How steep it is: green is flat, red 45 degrees"
    ),
    "Aspect and slope": _rule("AspectSlope", "Which way slopes face, brighter where steeper"),
    "Contours": _coloured(
        _rule("Contour", ContourInterval=20, NthContourLineInBold=5),
        200,
        1000,
        "Brown Light to Dark",
        "Lines of equal height, every 20 metres",
    ),
}
