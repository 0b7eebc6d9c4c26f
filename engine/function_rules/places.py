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
