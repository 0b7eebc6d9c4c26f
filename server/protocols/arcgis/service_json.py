"""The root resource of an image service: what clients read before anything else.

Every field that some client needs is here (see the golden test); the order is that of real servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.definition import Interpolation, MosaicMethod, TileFormat
from engine.format_names import FORMAT_NAMES
from server.protocols.arcgis.data_types import PROCESSED, service_data_type
from server.protocols.arcgis.esri_json import envelope, fields, number, object_id_field
from server.protocols.arcgis.spatial_reference import to_json
from server.protocols.arcgis.tile_info import scale_limits, stated_extent, tile_facts
from server.protocols.arcgis.time_interval import default_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.results import DescribeResult
    from engine.summary import BandStatistics, ServiceSummary

# The version whose features this server has; clients switch operations on by it.
CURRENT_VERSION = 10.91
FULL_VERSION = "10.9.1"

_SOURCE_TYPES = {
    "mosaic": "esriImageServiceSourceTypeMosaicDataset",
    "raster": "esriImageServiceSourceTypeDataset",
}
_NONE_FUNCTION = {
    "name": "None",
    "description": "The raster as it is, without a function.",
    "help": "",
}
_RASTER_TYPE = {"name": "Raster Dataset", "description": "Raster files as they are.", "help": ""}
# QGIS asks for the first it knows: one with transparency.
_FORMAT_ORDER = (
    "png32",
    "png24",
    "png8",
    "png",
    "jpgpng",
    "jpg",
    "bmp",
    "gif",
    "webp",
    "tiff",
    "lerc",
)


def service_json(
    name: str, summary: ServiceSummary, shown: DescribeResult | None = None
) -> dict[str, Any]:
    """Return the root JSON of a service.

    Parameters
    ----------
    name : str
        "folder/name".
    shown
        What a rendering rule makes of the service: then pixels and statistics are those.
    """
    is_mosaic = summary.source_type == "mosaic"
    own = {
        **_identity(name, summary),
        **_dimensions(summary),
        **_time_info(summary),
        **_pixels(summary),
        **_statistics(summary.statistics, len(summary.bands)),
        "objectIdField": object_id_field(summary),
        "fields": fields(summary.fields) if is_mosaic else [],
        "capabilities": ",".join(_advertised(summary)),
        **_mosaic(summary),
        **_picture_defaults(summary),
        **tile_facts(summary),
        **_functions(summary),
        **scale_limits(summary),
        "exportTilesAllowed": False,
        **_query_facts(is_mosaic=is_mosaic),
        "spatialReference": to_json(summary.crs, summary),
    }
    if shown is None:
        return own
    changed = _shown(shown)
    return {
        key: changed.get(key, value)
        for key, value in own.items()
        if key not in ("noDataValue", "noDataValues")
    }


def capabilities(summary: ServiceSummary) -> tuple[str, ...]:
    """Return the capabilities in force.

    Images come in tiles; a single raster has no catalog, whose files download gives.
    """
    stated = summary.properties.capabilities
    if "Image" in stated and "Tilemap" not in stated:
        stated = (*stated, "Tilemap")
    if summary.source_type == "mosaic":
        return stated
    return tuple(name for name in stated if name.casefold() not in ("catalog", "download"))


def _advertised(summary: ServiceSummary) -> Iterator[str]:
    """Yield the capabilities that the root names.

    Cesium never returns from a tilemap whose border is not all alike (CesiumGS/cesium#12040), as those
    of a region's heights are. Not told of tilemaps it asks for tiles, and misses those that are not there.
    """
    stated = summary.properties.capabilities
    is_terrain = summary.properties.tile_format is TileFormat.LERC
    for name in capabilities(summary):
        if name != "Tilemap" or name in stated or not is_terrain:
            yield name


def supported_formats() -> str:
    """Return the format names as a comma list in capitals."""
    return ",".join(name.upper() for name in _FORMAT_ORDER if name in FORMAT_NAMES)


def _identity(name: str, summary: ServiceSummary) -> dict[str, Any]:
    properties = summary.properties
    extent = envelope(summary.extent, summary.crs, summary)
    return {
        "currentVersion": CURRENT_VERSION,
        "serviceDescription": properties.description or properties.title,
        "name": name,
        "description": properties.description,
        "extent": stated_extent(summary),
        "initialExtent": extent,
        "fullExtent": extent,
    }


def _pixels(summary: ServiceSummary) -> dict[str, Any]:
    return {
        "pixelSizeX": summary.pixel_size_x,
        "pixelSizeY": summary.pixel_size_y,
        "datasetFormat": "AMD" if summary.source_type == "mosaic" else "TIFF",
        "uncompressedSize": summary.uncompressed_size,
        "blockWidth": summary.block_width,
        "blockHeight": summary.block_height,
        "compressionType": "None",
        "bandNames": [band.name for band in summary.bands],
        "allowCopy": True,
        "allowAnalysis": True,
        "bandCount": len(summary.bands),
        **_no_data(summary),
        "pixelType": summary.pixel_type.value,
        "minPixelSize": 0,
        "maxPixelSize": 0,
        "copyrightText": summary.properties.copyright,
        "serviceDataType": service_data_type(summary),
        "serviceSourceType": _SOURCE_TYPES[summary.source_type],
    }


def _picture_defaults(summary: ServiceSummary) -> dict[str, Any]:
    properties = summary.properties
    return {
        "defaultCompressionQuality": properties.jpeg_quality,
        "defaultResamplingMethod": _interpolation(summary),
        "maxImageHeight": properties.max_image_height,
        "maxImageWidth": properties.max_image_width,
        "maxRecordCount": properties.max_record_count,
        "maxDownloadImageCount": properties.max_download_images,
        "maxDownloadSizeLimit": properties.max_download_mb,
        "maxMosaicImageCount": properties.max_mosaic_images,
        "supportedImageFormatTypes": supported_formats(),
    }


def _functions(summary: ServiceSummary) -> dict[str, Any]:
    return {
        "allowRasterFunction": True,
        "rasterFunctionInfos": raster_function_infos(summary),
        "rasterTypeInfos": [_RASTER_TYPE],
        "mensurationCapabilities": ",".join(_mensuration(summary)),
        "hasHistograms": summary.has_histograms,
        "hasColormap": bool(summary.colormap),
        "hasRasterAttributeTable": summary.attribute_table is not None,
    }


def _mensuration(summary: ServiceSummary) -> tuple[str, ...]:
    """Return what can be measured; nothing without the capability."""
    if not any(name.casefold() == "mensuration" for name in capabilities(summary)):
        return ()
    offered = {
        "Basic": True,
        "Base-Top Height": summary.has_sensors,
        "Top-Top Shadow Height": summary.has_sensors and summary.has_sun,
        "Base-Top Shadow Height": summary.has_sun,
        "3D": summary.has_terrain or summary.data_type == "elevation",
    }
    return tuple(name for name, is_offered in offered.items() if is_offered)


def raster_function_infos(summary: ServiceSummary) -> list[dict[str, str]]:
    """Return the templates that clients may name, "None" first: it is what they start with."""
    own = [
        {"name": each.name, "description": each.description, "help": each.help}
        for each in summary.templates
    ]
    return [_NONE_FUNCTION, *own]


def _statistics(statistics: tuple[BandStatistics, ...], bands: int) -> dict[str, Any]:
    rows = statistics if len(statistics) == bands else ()
    return {
        "minValues": [_counted(row, row.min) for row in rows],
        "maxValues": [_counted(row, row.max) for row in rows],
        "meanValues": [_counted(row, row.mean) for row in rows],
        "stdvValues": [_counted(row, row.std) for row in rows],
    }


def _shown(shown: DescribeResult) -> dict[str, Any]:
    """Return what is otherwise under a rendering rule."""
    bands = len(shown.names)
    return {
        "bandNames": list(shown.names),
        "bandCount": bands,
        "pixelType": shown.pixel_type.value,
        "serviceDataType": PROCESSED,
        **_statistics(shown.statistics, bands),
        "hasHistograms": shown.has_histograms,
        "hasColormap": bool(shown.colormap),
        "hasRasterAttributeTable": False,
    }


def _counted(row: BandStatistics, value: float) -> float | int | str | None:
    """Return a figure of a band, None where it has no pixel."""
    return None if row.is_empty else number(value)


def _no_data(summary: ServiceSummary) -> dict[str, Any]:
    values = [value for value in summary.no_data if value is not None]
    if not values or len(values) != len(summary.bands):
        return {}
    return {"noDataValue": number(values[0]), "noDataValues": [number(value) for value in values]}


def _time_info(summary: ServiceSummary) -> dict[str, Any]:
    time = summary.time
    if time is None:
        return {}
    interval, unit = default_interval(summary, time)
    return {
        "timeInfo": {
            "startTimeField": time.start_field,
            "endTimeField": time.end_field,
            "timeExtent": [time.start, time.end],
            "timeReference": None,
            "defaultTimeInterval": interval,
            "defaultTimeIntervalUnits": f"esriTimeUnits{unit}",
        }
    }


def _dimensions(summary: ServiceSummary) -> dict[str, Any]:
    if not summary.variables:
        return {"hasMultidimensions": False}
    return {"hasMultidimensions": True, "defaultVariable": summary.default_variable}


def _mosaic(summary: ServiceSummary) -> dict[str, Any]:
    properties = summary.properties
    methods = [
        method.value
        for method in (
            MosaicMethod.NORTH_WEST,
            MosaicMethod.CENTER,
            MosaicMethod.LOCK_RASTER,
            MosaicMethod.ATTRIBUTE,
            MosaicMethod.NADIR,
            MosaicMethod.VIEWPOINT,
            MosaicMethod.SEAMLINE,
            MosaicMethod.NONE,
        )
        if method is not MosaicMethod.SEAMLINE or summary.has_seamlines
    ]
    default = properties.mosaic_method
    return {
        # Real servers write the default with a small w and the list with a capital one.
        "defaultMosaicMethod": "Northwest" if default is MosaicMethod.NORTH_WEST else default.value,
        "allowedMosaicMethods": ",".join(methods) if summary.source_type == "mosaic" else "",
        "sortField": properties.sort_field,
        "sortValue": properties.sort_value or None,
        "sortAscending": properties.sort_ascending,
        "mosaicOperator": properties.mosaic_operator.value,
    }


def _interpolation(summary: ServiceSummary) -> str:
    chosen = summary.properties.interpolation
    if chosen is not None:
        return chosen.value
    is_thematic = summary.data_type == "thematic"
    return (Interpolation.NEAREST if is_thematic else Interpolation.BILINEAR).value


def _query_facts(*, is_mosaic: bool) -> dict[str, Any]:
    return {
        "supportsStatistics": is_mosaic,
        "supportsAdvancedQueries": is_mosaic,
        "editFieldsInfo": None,
        "ownershipBasedAccessControlForRasters": None,
        "allowComputeTiePoints": False,
        "useStandardizedQueries": True,
        "advancedQueryCapabilities": {
            "useStandardizedQueries": True,
            "supportsStatistics": is_mosaic,
            "supportsPercentileStatistics": is_mosaic,
            "supportsHavingClause": is_mosaic,
            "supportsOrderBy": is_mosaic,
            "supportsDistinct": is_mosaic,
            "supportsCountDistinct": is_mosaic,
            "supportsPagination": is_mosaic,
            "supportsTrueCurve": False,
            "supportsReturningQueryExtent": is_mosaic,
            "supportsQueryWithDistance": False,
            "supportsSqlExpression": False,
        },
    }
