"""{rasterId}/image: exportImage of one raster alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from config.definition import MosaicMethod
from engine.request import MosaicRule, PictureInfoRequest
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.export_image import answer_picture, picture_url
from server.protocols.arcgis.operations.image_form import IMAGE_FIELDS
from server.protocols.arcgis.operations.place_form import raster_id

if TYPE_CHECKING:
    from engine.results import PictureInfoResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Raster image",
    hint="A picture of one raster of the catalog.",
    capability="Catalog",
    arguments=("rasterId",),
    fields=tuple(field for field in IMAGE_FIELDS if field.name != "mosaicRule"),
    formats=("image",),
)


def parse(question: Question) -> Asked:
    """Ask for pixels of the raster with `f=image`, else for what the picture would be."""
    raster = raster_id(question)
    image = msgspec.structs.replace(
        image_request(question.parameters, question.summary, question.service),
        mosaic=MosaicRule(method=MosaicMethod.LOCK_RASTER, lock_ids=(raster,)),
    )
    if question.f == "image":
        return Asked(request=image, is_final=True)
    href = picture_url(question, f"{raster}/image")
    return Asked(request=PictureInfoRequest(image=image), options={"href": href})


def answer(result: PictureInfoResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write href, size and the extent that the picture really has."""
    return answer_picture(result, context)
