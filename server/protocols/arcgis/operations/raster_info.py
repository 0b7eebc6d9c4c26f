"""{rasterId}/info: size, pixels and place of one raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import ItemRequest
from server.protocols.arcgis.esri_json import encode, envelope, number
from server.protocols.arcgis.operations.area_form import histogram
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.place_form import raster_id

if TYPE_CHECKING:
    from engine.results import ItemResult
    from server.instances.answer_context import AnswerContext

# Esri's words for what GDAL calls its drivers.
_FORMATS = {
    "GTiff": "TIFF",
    "COG": "TIFF",
    "JP2OpenJPEG": "JP2",
    "JPEG": "JPEG",
    "PNG": "PNG",
    "HFA": "IMAGINE Image",
    "ENVI": "ENVI",
    "netCDF": "NetCDF",
    "Zarr": "Zarr",
    "MRF": "MRF",
    "VRT": "VRT",
}

INFO = OperationInfo(
    title="Raster information",
    hint="Size, pixels and extent of a raster of the catalog.",
    capability="Catalog",
    arguments=("rasterId",),
    is_resource=True,
)


def parse(question: Question) -> Asked:
    """Ask for the item.

    Raises
    ------
    InvalidParameter
    """
    return Asked(request=ItemRequest(item=raster_id(question), with_counts=True))


def answer(result: ItemResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write what is known; the extent is that of all its pixels, on the service's map."""
    box = result.map_extent
    body: dict[str, Any] = {
        "origin": {"x": number(box.xmin), "y": number(box.ymax)},
        "blockWidth": result.block_width,
        "blockHeight": result.block_height,
        "pixelSizeX": number(result.pixel_size_x),
        "pixelSizeY": number(result.pixel_size_y),
        "extent": envelope(box, "", context.summary),
        "columns": result.columns,
        "rows": result.rows,
        "bandCount": result.bands,
        "pixelType": result.pixel_type.value,
        "firstPyramidLevel": 1,
        "maxPyramidLevel": result.levels - 1,
        # Four numbers a band, unlike everywhere else.
        "statistics": [
            [number(value) for value in (band.min, band.max, band.mean, band.std)]
            for band in result.statistics
        ],
        "histograms": [histogram(band) for band in result.histograms],
    }
    if result.driver in _FORMATS:
        body["format"] = _FORMATS[result.driver]
    native = result.native_extent
    if native is not None:
        body["nativeExtent"] = envelope(native, result.crs, context.summary)
        body["nativePixelSizeX"] = number(native.width / result.width)
        body["nativePixelSizeY"] = number(native.height / result.height)
    values = [value for value in result.no_data if value is not None]
    if values and len(values) == len(result.no_data):
        body["noDataValues"] = [number(value) for value in values]
    return encode(body, context.options)
