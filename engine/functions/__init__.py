"""Raster functions by name: radiometric processes, one file each."""

from engine.functions.base import RasterFunction
from engine.functions.stretch import Stretch
from engine.registry import Registry

FUNCTIONS: Registry[RasterFunction] = Registry("raster function", {"Stretch": Stretch()})
