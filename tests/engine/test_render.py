"""Rendering takes the fast form where it can, the plain one where it must, with equal pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine.budget import UNLIMITED
from engine.errors import DeadlineExceeded, SourceError
from engine.extent import Extent
from engine.pixels import PixelBlock, Rgbv
from engine.plan import plan
from engine.render import render
from engine.render_planes import render_planes
from engine.render_rgbv import render_rgbv
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicRule, TileAddress, View
from tests.engine.conftest import EAST, WEST
from tests.engine.rasters import ramp, single_service, write_raster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.plan import Plan
    from engine.service import ImageService


def _plan(service: ImageService, form: str = "png", **changes: object) -> Plan:
    box = service.summary.extent
    around = Extent(box.xmin - 100, box.ymin - 100, box.xmax + 100, box.ymax + 100)
    view = View(extent=around, width=116, height=84)
    return plan(service, ImageRequest(view=view, encoding=Encoding(format=form), **changes))  # type: ignore[arg-type]  # -- a shorthand


def _render(service: ImageService, made: Plan) -> PixelBlock | Rgbv:
    return render(made, Work(service, UNLIMITED), service.summary.pixel_type)


def test_a_picture_of_three_bytes_is_made_of_words(pair: ImageService) -> None:
    assert isinstance(_render(pair, _plan(pair)), Rgbv)


@pytest.mark.parametrize(
    "changes",
    [
        {"form": "bsq"},
        {"band_ids": (1,)},
        {"interpolation": Interpolation.CUBIC},
        {"mosaic": MosaicRule(operator=MosaicOperator.MEAN)},
    ],
)
def test_whatever_words_cannot_do_is_made_of_planes(
    pair: ImageService, changes: dict[str, object]
) -> None:
    assert isinstance(_render(pair, _plan(pair, **changes)), PixelBlock)  # type: ignore[arg-type]  # -- see _plan


@pytest.mark.parametrize("operator", [MosaicOperator.FIRST, MosaicOperator.LAST])
@pytest.mark.parametrize("interpolation", [Interpolation.NEAREST, Interpolation.BILINEAR])
def test_words_and_planes_hold_equal_pixels_and_count_them_alike(
    pair: ImageService, operator: MosaicOperator, interpolation: Interpolation
) -> None:
    made = _plan(pair, mosaic=MosaicRule(operator=operator), interpolation=interpolation)
    fast, plain = Work(pair, UNLIMITED), Work(pair, UNLIMITED)
    words = render_rgbv(made, fast).planes()
    planes = render_planes(made, plain, pair.summary.pixel_type)
    valid = planes.valid_any()
    np.testing.assert_array_equal(words.valid_any(), valid)
    np.testing.assert_array_equal(words.data[:, valid], planes.data[:, valid])
    assert fast.filled == plain.filled == np.count_nonzero(valid) == 96 * 64


def test_bands_that_disagree_about_validity_fall_back_to_planes(tmp_path: Path) -> None:
    data = ramp(64, 64, bands=3)
    data[1, 5, 6] = 0
    service = single_service(write_raster(tmp_path / "a.tif", data, nodata=0))
    view = View(extent=service.summary.extent, width=64, height=64)
    made = plan(service, ImageRequest(view=view, encoding=Encoding(format="png")))
    work = Work(service, UNLIMITED)
    block = render(made, work, service.summary.pixel_type)
    assert isinstance(block, PixelBlock)
    np.testing.assert_array_equal(np.broadcast_to(block.valid, data.shape), data != 0)
    assert work.filled == 64 * 64


@pytest.mark.parametrize("form", ["png", "bsq"])
def test_what_was_rendered_before_does_not_change_what_is_rendered_now(
    pair: ImageService, form: str
) -> None:
    made = _plan(pair, form)
    first = _render(pair, made)
    again = _render(pair, made)
    fresh = _render(pair, replace(made))
    for other in (again, fresh):
        if isinstance(first, Rgbv):
            assert isinstance(other, Rgbv)
            np.testing.assert_array_equal(other.words, first.words)
        else:
            assert isinstance(other, PixelBlock)
            np.testing.assert_array_equal(other.data, first.data)


class _Ended:
    """A budget that ends after some questions."""

    def __init__(self, allowed: int) -> None:
        self.left = allowed

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DeadlineExceeded(1.0)

    def remaining_s(self) -> float:
        return 0.0


@pytest.mark.parametrize("allowed", [0, 1])
@pytest.mark.parametrize("form", ["png", "bsq"])
def test_rendering_stops_at_the_deadline(pair: ImageService, form: str, allowed: int) -> None:
    box = pair.summary.extent
    view = View(extent=box, width=960, height=640)
    made = plan(pair, ImageRequest(view=view, encoding=Encoding(format=form)))
    with pytest.raises(DeadlineExceeded):
        render(made, Work(pair, _Ended(allowed)), pair.summary.pixel_type)


def test_a_source_that_went_away_leaves_a_hole_and_a_reason(
    pair: ImageService, tmp_path: Path
) -> None:
    (tmp_path / "west.tif").unlink()
    work = Work(pair, UNLIMITED)
    made = _plan(pair, interpolation=Interpolation.NEAREST)
    pixels = render(made, work, pair.summary.pixel_type)
    assert isinstance(pixels, Rgbv)
    assert (pixels.planes().data[0][pixels.valid_any()] == EAST).all()
    assert work.filled == 64 * 64
    assert len(work.skipped) == 1


def test_a_single_raster_that_went_away_is_an_error(tmp_path: Path) -> None:
    path = write_raster(tmp_path / "a.tif", ramp(16, 16, bands=3))
    service = single_service(path)
    path.unlink()
    with pytest.raises(SourceError):
        _render(service, _plan(service))


@pytest.mark.parametrize("method", [MosaicMethod.CENTER, MosaicMethod.NADIR])
@pytest.mark.parametrize("operator", [MosaicOperator.FIRST, MosaicOperator.LAST])
def test_tiles_by_distance_take_the_nearest_first_and_the_farthest_last(
    pair: ImageService, method: MosaicMethod, operator: MosaicOperator
) -> None:
    made = _plan(
        pair,
        mosaic=MosaicRule(method=method, operator=operator),
        interpolation=Interpolation.NEAREST,
    )
    per_pixel = replace(made, per_pixel=True)
    block = _render(pair, per_pixel)
    assert isinstance(block, PixelBlock)
    # Rows of the service, from 10 pixels beside it: overlap is columns 32 to 64, its middle 48.
    line = block.data[0, 42, 10:106].astype(int)
    near, far = (WEST, EAST) if operator is MosaicOperator.FIRST else (EAST, WEST)
    assert set(line[:32]) == {WEST}
    assert set(line[32:48]) == {near}
    assert set(line[48:64]) == {far}
    assert set(line[64:]) == {EAST}
    assert np.count_nonzero(block.valid_any()) == 96 * 64


def test_tiles_by_distance_are_ordered_pixel_by_pixel_and_exports_as_a_whole(
    pair: ImageService,
) -> None:
    rule = MosaicRule(method=MosaicMethod.CENTER)
    tile = View(tile=TileAddress(level=3, row=2, col=4))
    assert plan(
        pair, ImageRequest(view=tile, encoding=Encoding(format="png"), mosaic=rule)
    ).per_pixel
    assert not _plan(pair, mosaic=rule).per_pixel
