"""Operations of an image service: one module each and one line here; the key is the path in the URL."""

from __future__ import annotations

from typing import TypeAlias

from engine.registry import Registry
from server.protocols.arcgis.operations import (
    explain,
    export_image,
    histograms,
    identify,
    item_info,
    key_properties,
    legend,
    query,
    statistics,
    thumbnail,
    tile,
)
from server.protocols.arcgis.operations.base import AskedOperation, DescribedOperation

Operation: TypeAlias = AskedOperation | DescribedOperation

OPERATIONS: Registry[Operation] = Registry(
    "operation",
    {
        "exportImage": export_image,
        "identify": identify,
        "query": query,
        "tile": tile,
        "statistics": statistics,
        "histograms": histograms,
        "keyProperties": key_properties,
        "legend": legend,
        "explain": explain,
        "info": item_info,
        "info/iteminfo": item_info,
        "info/thumbnail": thumbnail,
        # Cesium asks image services by the name that map services use.
        "export": export_image,
    },
)
