"""Recognise products among files and make catalog items of them."""

from engine.registry import Registry
from raster_types.base import RasterType
from raster_types.frame_camera import FrameCameraType
from raster_types.raster_dataset import RasterDatasetType
from raster_types.rpc_image import RpcImageType

RASTER_TYPES: Registry[RasterType] = Registry(
    "raster type",
    {
        "frame-camera": FrameCameraType(),
        "raster-dataset": RasterDatasetType(),
        "rpc": RpcImageType(),
    },
)
