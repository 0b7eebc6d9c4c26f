"""Operations of an image service: one module each and one line here; the key is the path in the URL."""

from __future__ import annotations

from typing import TypeAlias

from engine.registry import Registry
from server.protocols.arcgis.operations import (
    catalog_item,
    colormap,
    compute_angles,
    compute_histograms,
    compute_pixel_location,
    compute_statistics_histograms,
    explain,
    export_image,
    get_samples,
    histograms,
    ics_to_pixel,
    identify,
    image_to_map,
    image_to_map_multiray,
    item_info,
    key_properties,
    legend,
    map_to_image,
    project,
    query,
    raster_attribute_table,
    raster_function_infos,
    raster_ics,
    raster_image,
    raster_info,
    raster_thumbnail,
    service_root,
    statistics,
    thumbnail,
    tile,
)
from server.protocols.arcgis.operations.base import AskedOperation, DescribedOperation

Operation: TypeAlias = AskedOperation | DescribedOperation

# The service's own address, without an operation behind it.
ROOT = ""

OPERATIONS: Registry[Operation] = Registry(
    "operation",
    {
        ROOT: service_root,
        "exportImage": export_image,
        "identify": identify,
        "query": query,
        "tile": tile,
        "statistics": statistics,
        "histograms": histograms,
        "getSamples": get_samples,
        "computeHistograms": compute_histograms,
        "computeStatisticsHistograms": compute_statistics_histograms,
        "colormap": colormap,
        "rasterAttributeTable": raster_attribute_table,
        "keyProperties": key_properties,
        "rasterFunctionInfos": raster_function_infos,
        "legend": legend,
        "explain": explain,
        "info": item_info,
        "info/iteminfo": item_info,
        "info/thumbnail": thumbnail,
        # Cesium asks image services by the name that map services use.
        "export": export_image,
        "project": project,
        "computePixelLocation": compute_pixel_location,
        "computeAngles": compute_angles,
        "imageToMap": image_to_map,
        "mapToImage": map_to_image,
        "imageToMapMultiray": image_to_map_multiray,
        # Resources of one raster: its OBJECTID comes first.
        "{rasterId}": catalog_item,
        "{rasterId}/info": raster_info,
        "{rasterId}/info/ics": raster_ics,
        "{rasterId}/info/icsToPixel": ics_to_pixel,
        "{rasterId}/info/keyProperties": key_properties,
        "{rasterId}/info/thumbnail": raster_thumbnail,
        "{rasterId}/thumbnail": raster_thumbnail,
        "{rasterId}/image": raster_image,
    },
)
