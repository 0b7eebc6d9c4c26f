"""Pixels of a view in this process, without encoding: for builds, tests and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.answer import render_request
from engine.budget import UNLIMITED, Budget
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, View

if TYPE_CHECKING:
    from config.definition import Interpolation
    from engine.service import ImageService


def read_view(
    service: ImageService,
    view: View,
    mosaic: MosaicRule | None = None,
    interpolation: Interpolation | None = None,
    budget: Budget = UNLIMITED,
) -> PixelBlock:
    """Return the service's samples of a view: all bands, the service's type, valid per band.

    Raises
    ------
    ImageServerError
    """
    request = ImageRequest(
        view=view, encoding=Encoding(format="bsq"), mosaic=mosaic, interpolation=interpolation
    )
    work = Work(service, budget)
    pixels = render_request(plan(service, request), request, work)
    return pixels.planes() if isinstance(pixels, Rgbv) else pixels
