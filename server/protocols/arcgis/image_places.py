"""Images and their cameras as JSON: what find and queryGPSInfo have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.esri_json import number
from server.protocols.arcgis.spatial_reference import to_json

if TYPE_CHECKING:
    from engine.catalog_results import CatalogCamera, CatalogImage, CatalogImagesResult
    from server.instances.answer_context import AnswerContext

_MICROMETRES = 1000.0


def image_json(
    image: CatalogImage, result: CatalogImagesResult, context: AnswerContext
) -> dict[str, Any]:
    """Return what both operations tell of an image; how a file is turned (EXIF) is not known here."""
    return {
        "id": image.id,
        "name": image.name,
        "acquisitionDate": image.acquired_ms,
        "cameraID": image.camera or None,
        "center": place_json(image.center, result, context),
        "orientation": None,
    }


def place_json(
    place: tuple[float, ...] | None, result: CatalogImagesResult, context: AnswerContext
) -> dict[str, Any] | None:
    """Return a point; None where it is not known."""
    if place is None:
        return None
    point: dict[str, Any] = {name: number(value) for name, value in zip("xyz", place, strict=False)}
    return {**point, "spatialReference": to_json(result.crs, context.summary)}


def camera_json(camera: CatalogCamera) -> dict[str, Any]:
    """Return a camera; lengths are in micrometres, as camera tables of ArcGIS have them."""
    body: dict[str, Any] = {"id": camera.id}
    if camera.columns:
        body |= {"cols": camera.columns, "rows": camera.rows}
    if camera.focal_unit == "mm":
        body["focalLength"] = number(camera.focal_length * _MICROMETRES)
    return body
