"""exportImage: a picture of any box, in any size, CRS and format."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from engine.errors import InvalidParameter
from engine.request import PictureInfoRequest
from server.protocols.arcgis.esri_json import encode, envelope
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.operations.base import Asked, OperationInfo, Question
from server.protocols.arcgis.operations.image_form import IMAGE_FIELDS

if TYPE_CHECKING:
    from engine.results import PictureInfoResult
    from server.instances.answer_context import AnswerContext

INFO = OperationInfo(
    title="Export image",
    hint="A picture of a box in any size, CRS and format, made now from the source rasters.",
    fields=IMAGE_FIELDS,
    formats=("image",),
)

# Parameters that steer the answer, not the picture; a token never appears in a URL we emit.
_NOT_OF_THE_PICTURE = frozenset({"f", "callback", "pretty", "token", "_ts"})


def parse(question: Question) -> Asked:
    """Ask for pixels with `f=image`, else for what the picture would be."""
    image = image_request(question.parameters, question.summary, question.service)
    if question.f == "image":
        return Asked(request=image, is_final=True)
    return Asked(request=PictureInfoRequest(image=image), options={"href": picture_url(question)})


def picture_url(question: Question, resource: str = "exportImage") -> str:
    """Return the URL whose plain GET is the picture: the same parameters with `f=image`.

    It ends in an ordinary parameter, so that clients may append `&token=` or `?token=`.
    """
    pairs = [
        (name, value)
        for name, value in question.query
        if name.casefold() not in _NOT_OF_THE_PICTURE and value.strip()
    ]
    return f"{question.url}/{resource}?" + urlencode([*pairs, ("f", "image"), ("_", "")])


def answer(result: PictureInfoResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write href, size and the extent that the picture really has."""
    return answer_picture(result, context)


def answer_picture(result: PictureInfoResult, context: AnswerContext) -> tuple[str, bytes]:
    """Return the answer of any operation that draws pictures, for `f=json`."""
    if not result.extent.is_finite:
        raise InvalidParameter("bbox", result.extent, "a box that has a place in imageSR")
    value = {
        "href": context.options["href"],
        "width": result.width,
        "height": result.height,
        "extent": envelope(result.extent, result.crs, context.summary),
        "scale": 0,
    }
    return encode(value, context.options)
