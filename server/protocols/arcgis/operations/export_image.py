"""exportImage: a picture of any box, in any size, CRS and format."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from engine.errors import InvalidParameter
from engine.request import ImageRequest, PictureInfoRequest
from server.protocols.arcgis.esri_json import encode, envelope
from server.protocols.arcgis.ground_overlay import ground_overlay
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
    formats=("image", "kmz"),
)

# Parameters that steer the answer, not the picture; a token never appears in a URL we emit.
_NOT_OF_THE_PICTURE = frozenset({"f", "callback", "pretty", "token", "_ts"})


def parse(question: Question) -> Asked:
    """Ask for pixels with `f=image` or `kmz`, else for what the picture would be.

    Raises
    ------
    RequestError
    """
    image = image_request(question.parameters, question.summary, question.service)
    return picture_asked(question, image)


def picture_asked(question: Question, image: ImageRequest) -> Asked:
    """Return what any operation that draws pictures asks.

    Raises
    ------
    InvalidParameter
        `f=kmz` of what is no picture.
    """
    if question.f == "image":
        return Asked(request=image, is_final=True)
    if question.f == "kmz":
        return Asked(request=ground_overlay(image, question.summary), is_final=True)
    # The front adds the link, see `output_links`.
    return Asked(request=PictureInfoRequest(image=image), options={"href": ""})


def picture_url(question: Question) -> str:
    """Return the URL of the picture for pages: the same parameters with `f=image`, never a token."""
    pairs = [
        (name, value)
        for name, value in question.query
        if name.casefold() not in _NOT_OF_THE_PICTURE and value.strip()
    ]
    return f"{question.url}/exportImage?" + urlencode([*pairs, ("f", "image")])


def answer(result: PictureInfoResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write href, size and the extent that the picture really has, for `f=json`."""
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
