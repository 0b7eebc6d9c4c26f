"""{rasterId}/image: exportImage of one raster alone."""

from __future__ import annotations

import msgspec

from config.definition import MosaicMethod
from engine.image_space import image_space
from engine.request_parts import MosaicRule
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.operations import export_image
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import IMAGE_FIELDS
from server.protocols.arcgis.operations.place_form import raster_id

INFO = OperationInfo(
    title="Raster image",
    hint="A picture of one raster of the catalog.",
    capability="Catalog",
    arguments=("rasterId",),
    fields=tuple(field for field in IMAGE_FIELDS if field.name != "mosaicRule"),
    formats=("image", "kmz"),
)


def parse(question: Question) -> Asked:
    """Ask for pixels of the raster, or for what the picture would be."""
    raster = raster_id(question)
    image = image_request(question.parameters, question.summary, question.service)
    if "bbox" not in question.parameters:
        # All of the raster, wherever the others are.
        whole = msgspec.structs.replace(image.view, extent=None, extent_crs=image_space(raster))
        image = msgspec.structs.replace(image, view=whole)
    lock = MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(raster,))
    image = msgspec.structs.replace(image, mosaic=lock)
    return export_image.picture_asked(question, image)


answer = export_image.answer
