"""kml/mapImage.kmz: exportImage as a ground overlay, at the address that KML viewers are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocols.arcgis.ground_overlay import ground_overlay
from server.protocols.arcgis.image_parameters import image_request
from server.protocols.arcgis.operations.base import Asked, OperationInfo

if TYPE_CHECKING:
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="KML image",
    hint="A picture on the ground for Google Earth and other viewers of KML.",
    returns_pixels=True,
    formats=("kmz",),
)


def parse(question: Question) -> Asked:
    """Ask for the picture; all parameters are those of exportImage, the box is the full extent if absent.

    Raises
    ------
    RequestError
    """
    image = image_request(question.parameters, question.summary, question.service)
    return Asked(request=ground_overlay(image, question.summary), is_final=True)
