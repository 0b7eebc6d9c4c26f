"""Recognise products among files and make catalog items of them."""

from engine.contract import RASTER_TYPES as GROUP
from engine.registry import Registry
from raster_types.aerial import AerialType
from raster_types.base import RasterType
from raster_types.dimap import DimapType
from raster_types.elevation import ElevationType
from raster_types.frame_camera import FrameCameraType
from raster_types.gcp_image import GcpImageType
from raster_types.landsat import LandsatType
from raster_types.maxar import MaxarType
from raster_types.raster_dataset import RasterDatasetType
from raster_types.rpc_image import RpcImageType
from raster_types.sentinel2 import Sentinel2Type
from raster_types.series import SeriesType
from raster_types.stac import StacType
from raster_types.stack import StackType
from raster_types.table import TableType

RASTER_TYPES: Registry[RasterType] = Registry(
    "raster type",
    {
        "aerial": AerialType(),
        "dimap": DimapType(),
        "elevation": ElevationType(),
        "frame-camera": FrameCameraType(),
        "gcp": GcpImageType(),
        "landsat": LandsatType(),
        "maxar": MaxarType(),
        "raster-dataset": RasterDatasetType(),
        "rpc": RpcImageType(),
        "sentinel2": Sentinel2Type(),
        "series": SeriesType(),
        "stac": StacType(),
        "stack": StackType(),
        "table": TableType(),
    },
    GROUP,
)
