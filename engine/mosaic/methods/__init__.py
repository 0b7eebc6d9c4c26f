"""Mosaic methods: the order of items, one method a file."""

from engine.mosaic.methods.base import MosaicMethod
from engine.mosaic.methods.by_attribute import ByAttribute
from engine.mosaic.methods.center import Center
from engine.mosaic.methods.lock_raster import LockRaster
from engine.mosaic.methods.nadir import Nadir
from engine.mosaic.methods.none import NoMethod
from engine.mosaic.methods.north_west import NorthWest
from engine.mosaic.methods.seamline import Seamline
from engine.mosaic.methods.viewpoint import Viewpoint
from engine.registry import Registry

METHODS: Registry[MosaicMethod] = Registry(
    "mosaic method",
    {
        "None": NoMethod(),
        "Center": Center(),
        "NorthWest": NorthWest(),
        "Nadir": Nadir(),
        "Viewpoint": Viewpoint(),
        "ByAttribute": ByAttribute(),
        "LockRaster": LockRaster(),
        "Seamline": Seamline(),
    },
)
