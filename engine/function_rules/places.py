"""Arguments of functions that know where on the map pixels lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from engine.function_rules.base import FunctionRule


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A polygon, or several, as WKB; `crs` "" = the service's."""

    wkb: bytes
    crs: str = ""


class ClipRule(FunctionRule, tag="Clip", frozen=True, kw_only=True):
    """Arguments of the Clip function.

    Attributes
    ----------
    clipping_geometry : Shape or None
    extent : Shape or None
        A box that counts where there is no geometry.
    clipping_type : int
        1 = what is outside becomes no data, 2 = what is inside.
    """

    clipping_geometry: Shape | None = None
    extent: Shape | None = None
    clipping_type: int = 1

    inputs: ClassVar[tuple[str, ...]] = ("Raster", "ClippingRaster?")
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "clipping_type": {
            "outside": 1,
            "clipoutside": 1,
            "inside": 2,
            "clipinside": 2,
        }
    }


class ResampleRule(FunctionRule, tag="Resample", frozen=True, kw_only=True):
    """Arguments of the Resample function.

    Attributes
    ----------
    resampling_type : int
        0 nearest, 1 bilinear, 2 cubic, 3 majority, 4 bilinear plus, 5 gauss blur, 6 gauss blur plus; 7
        average and 10 vector average leave sampling as it is.
    """

    resampling_type: int = 0

    words: ClassVar[Mapping[str, Mapping[str, int]]] = {
        "resampling_type": {
            "nearest": 0,
            "nearestneighbor": 0,
            "bilinear": 1,
            "cubic": 2,
            "cubicconvolution": 2,
            "majority": 3,
            "bilinearplus": 4,
            "gaussblur": 5,
            "gaussblurplus": 6,
            "average": 7,
            "vectoraverage": 10,
        }
    }
