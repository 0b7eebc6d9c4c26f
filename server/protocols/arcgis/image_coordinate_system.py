"""The image coordinate system of a raster as a JSON object, and the step from it to columns and rows.

Rule: no sensor model is in it. Real servers write theirs out and clients send all of it back with every
request; here the `id` is enough, and clients that find one send that alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.spatial_reference import to_json

if TYPE_CHECKING:
    from engine.summary import ServiceSummary

# column = x, row = -y; both count pixel centres from 0 (see engine.image_space).
_COEFFICIENTS = [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]


def ics_of(raster: int, service: str, summary: ServiceSummary) -> dict[str, Any]:
    """Return the object of the ics resource."""
    return {
        "id": raster,
        "name": f"{service}\\Raster.OBJECTID = {raster}",
        "alias": "",
        "abbreviation": "",
        "remarks": "",
        "geodataXform": {
            "xf_0": {
                "name": "ImageSpace",
                "coefficients": _COEFFICIENTS,
                "cellsizeRatio": 0,
                "spatialReference": to_json("", summary),
                "type": "GeometricXform",
            },
            "type": "CompositeXform",
        },
    }


def ics_to_pixel() -> dict[str, Any]:
    """Return the object of the icsToPixel resource: an affine map to column and row."""
    return {
        "affine": {
            "name": "ics to pixel (column, row) transformation",
            "coefficients": _COEFFICIENTS,
            "cellsizeRatio": 0,
            "type": "GeometricXform",
        }
    }
