"""Recognise products among files and make catalog items of them."""

from engine.registry import Registry
from raster_types.base import RasterType
from raster_types.raster_dataset import RasterDatasetType

RASTER_TYPES: Registry[RasterType] = Registry(
    "raster type", {"raster-dataset": RasterDatasetType()}
)
