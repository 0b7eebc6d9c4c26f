"""Features of GetFeatureInfo: the pixel, and rasters under it, as names and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from server.protocols.arcgis.sample_text import joined
from server.protocols.wms.time_dimension import iso_text

if TYPE_CHECKING:
    from engine.results import AttributeValue, IdentifiedItem, IdentifyResult, Samples
    from engine.summary import ServiceSummary

    Value: TypeAlias = AttributeValue
    Properties: TypeAlias = dict[str, AttributeValue]

VALUE, PROCESSED = "Value", "Processed"


@dataclass(frozen=True, slots=True)
class Feature:
    """One answer: `x`, `y` in the map's CRS, `crs` its key."""

    id: str
    x: float
    y: float
    crs: str
    properties: Properties


def features_of(result: IdentifyResult, summary: ServiceSummary) -> list[Feature]:
    """Return the pixel first, then the rasters, topmost first."""
    pixel = _values(result.values, result.processed, summary)
    pixel |= _bands(result.values, summary)
    found = [Feature("pixel", result.x, result.y, result.crs, pixel)]
    found += [
        Feature(f"raster.{item.id}", result.x, result.y, result.crs, _item(item, summary))
        for item in result.items
    ]
    return found


def _values(values: Samples, processed: tuple[Samples, ...], summary: ServiceSummary) -> Properties:
    said: Properties = {VALUE: joined(values, summary.pixel_type, ", ")}
    if processed:
        said[PROCESSED] = joined(processed[0], summary.pixel_type, ", ")
    return said


def _bands(values: Samples, summary: ServiceSummary) -> Properties:
    if values is None or len(values) != len(summary.bands):
        return {}
    return {band.name: value for band, value in zip(summary.bands, values, strict=True)}


def _item(item: IdentifiedItem, summary: ServiceSummary) -> Properties:
    dates = {field.name for field in summary.fields if field.type == "date"}
    attributes: Properties = {
        name: iso_text(int(value)) if name in dates and isinstance(value, int | float) else value
        for name, value in item.attributes.items()
    }
    return {**attributes, **_values(item.values, item.processed, summary)}
