"""The mosaic methods: one module each, listed here under the name that definitions use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.definition import MosaicMethod
from engine.mosaic.methods import (
    by_attribute,
    center,
    lock_raster,
    nadir,
    none,
    north_west,
    seamline,
    viewpoint,
)
from engine.registry import Registry

if TYPE_CHECKING:
    from engine.mosaic.methods.base import MosaicOrder

METHODS: Registry[MosaicOrder] = Registry(
    "mosaic method",
    {
        MosaicMethod.NONE: none,
        MosaicMethod.CENTER: center,
        MosaicMethod.NORTH_WEST: north_west,
        MosaicMethod.NADIR: nadir,
        MosaicMethod.VIEWPOINT: viewpoint,
        MosaicMethod.ATTRIBUTE: by_attribute,
        MosaicMethod.LOCK_RASTER: lock_raster,
        MosaicMethod.SEAMLINE: seamline,
    },
)
