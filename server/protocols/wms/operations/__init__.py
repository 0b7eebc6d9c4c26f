"""Requests of WMS by name; the address of a request has nothing else in it."""

from __future__ import annotations

from typing import TypeAlias

from engine.registry import Registry
from server.protocols.wms.operations import (
    get_capabilities,
    get_feature_info,
    get_legend_graphic,
    get_map,
)
from server.protocols.wms.operations.base import AskedOperation, DescribedOperation

Operation: TypeAlias = DescribedOperation | AskedOperation

OPERATIONS: Registry[Operation] = Registry(
    "WMS request",
    {
        "GetCapabilities": get_capabilities,
        "GetMap": get_map,
        "GetFeatureInfo": get_feature_info,
        "GetLegendGraphic": get_legend_graphic,
    },
)
