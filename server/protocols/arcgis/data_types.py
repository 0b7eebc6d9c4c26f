"""What the data of a service are, in the words of ArcGIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.definition import VectorField

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

PROCESSED = "esriImageServiceDataTypeProcessed"
_PREFIX = "esriImageServiceDataType"
_WORDS = {"generic": "Generic", "rgb": "RGB", "thematic": "Thematic", "elevation": "Elevation"}
_VECTORS = {VectorField.UV: "Vector-UV", VectorField.MAGNITUDE: "Vector-MagDir"}


def service_data_type(summary: ServiceSummary) -> str:
    """Return `serviceDataType` of the root."""
    return _PREFIX + (_VECTORS.get(summary.properties.vector_field) or _WORDS[summary.data_type])


def key_data_type(summary: ServiceSummary) -> str:
    """Return `DataType` of the key properties; pictures are generic there."""
    word = _VECTORS.get(summary.properties.vector_field) or _WORDS[summary.data_type]
    return "Generic" if word == "RGB" else word
