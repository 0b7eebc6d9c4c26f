"""queryGPSInfo: where the images of a catalog were taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.request import CatalogImagesRequest
from server.protocols.arcgis.catalog_filter import FILTER_FIELDS, catalog_filter
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.image_places import camera_json, image_json, place_json
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.spatial_reference import crs_parameter, unless_own

if TYPE_CHECKING:
    from engine.catalog_results import CatalogImagesResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Query GPS information",
    hint="Positions of the cameras of images, as far as they are known.",
    capability="Catalog",
    fields=FILTER_FIELDS,
)


def parse(question: Question) -> Asked:
    """Ask for images.

    Raises
    ------
    InvalidParameter
    """
    out_crs = unless_own(crs_parameter(question.parameters, "outSR"), question.summary)
    rows = msgspec.structs.replace(catalog_filter(question), out_crs=out_crs)
    return Asked(request=CatalogImagesRequest(rows=rows))


def answer(result: CatalogImagesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write images and cameras."""
    body: dict[str, Any] = {
        "images": [
            {
                **image_json(image, result, context),
                "gps": place_json(image.perspective_center, result, context),
            }
            for image in result.images
        ],
        "cameras": [camera_json(camera) for camera in result.cameras],
    }
    if result.exceeded:
        body["exceededTransferLimit"] = True
    return encode(body, context.options)
