"""RPC as GDAL gives it: the metadata domain "RPC" of a raster (tags, NITF, VRT), or rasterio's dict of it.

Pixel centres count from 0; GDAL has already taken DIMAP's 1 and tile offsets off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_fields import RpcFields, rpc_record
from raster_types.sensor_files.rpc_fixed_width import read_nitf_rpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.geotransforms.rpc import RpcRecord


def read_rpc_tags(tags: Mapping[str, object], window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of RPC metadata.

    Parameters
    ----------
    tags
        `tags(ns="RPC")` of rasterio (texts), or the dict of its `rpcs` (lower case, numbers and lists).
    window
        Where the raster lies in the image that the tags describe; the whole, unless tags were copied to
        a crop.

    Raises
    ------
    InvalidParameter
    """
    return rpc_record(RpcFields("RPC tags", {key.upper(): tags[key] for key in tags}), window)


def read_nitf_tags(
    tre_tags: Mapping[str, str], rpc_tags: Mapping[str, object], window: ImageWindow = WHOLE_IMAGE
) -> RpcRecord:
    """Return the record of a NITF file from GDAL's domains "TRE" and "RPC".

    GDAL (3.10 and before) puts four terms of RPC00A in each other's place: its extension is read here.
    For RPC00B the domain "RPC" is right, and has more digits where a side-car lies beside.

    Raises
    ------
    InvalidParameter
    """
    if "RPC00A" in tre_tags and "RPC00B" not in tre_tags:
        return read_nitf_rpc("RPC00A", tre_tags["RPC00A"], window)
    return read_rpc_tags(rpc_tags, window)
