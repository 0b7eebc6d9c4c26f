"""Pixels of a view in this process, without encoding: for builds, tests and notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.answer import render_request
from engine.budget import UNLIMITED, Budget
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render_work import Work
from engine.request import Encoding, ImageRequest, MosaicRule, View

if TYPE_CHECKING:
    from config.definition import Interpolation
    from engine.extent import Extent
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


def read_extent(service: ImageService, extent: Extent, width: int, height: int) -> PixelBlock:
    """Return the service's samples of a box in its own CRS, mosaicked by the default rule."""
    return read_view(service, View(extent=extent, width=width, height=height))
