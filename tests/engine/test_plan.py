"""Plans: made without opening a file, priced, kept for tiles, and the same for any rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from config.definition import Interpolation, MosaicMethod, MosaicOperator
from engine import source_pixels
from engine.errors import InvalidParameter, RequestTooLarge
from engine.extent import Extent
from engine.function_rules import StretchRule
from engine.pixel_type import PixelType
from engine.plan import plan, plan_item
from engine.request import ImageRequest
from engine.request_parts import Encoding, RenderingRule, TileAddress, View

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

_STRETCH = RenderingRule(function="Stretch", arguments=StretchRule(stretch_type=5))


def _request(service: ImageService, form: str = "bsq", **changes: object) -> ImageRequest:
    view = View(extent=service.summary.extent, width=96, height=64)
    return ImageRequest(view=view, encoding=Encoding(format=form), **changes)  # type: ignore[arg-type]  # -- a shorthand


def test_a_plan_opens_nothing(pair: ImageService, tmp_path: Path) -> None:
    for path in tmp_path.glob("*.tif"):
        path.unlink()
    made = plan(pair, _request(pair))
    assert [planned.item.name for planned in made.items] == ["west", "east"]


def test_defaults_are_filled_in(pair: ImageService) -> None:
    made = plan(pair, _request(pair))
    assert made.method is MosaicMethod.NORTH_WEST
    assert made.operator is MosaicOperator.FIRST
    assert made.interpolation is Interpolation.BILINEAR
    assert made.bands == (0, 1, 2)
    assert (made.pixel_type, made.picture, made.stretch) == (PixelType.U8, None, None)
    assert (made.truncated, made.left_out) == ("", ())


def test_pictures_have_a_picture_step_and_data_their_samples(pair: ImageService) -> None:
    picture = plan(pair, _request(pair, "png", band_ids=(2, 1, 0)))
    assert picture.picture is not None
    assert picture.bands == (2, 1, 0)
    stretched = plan(pair, _request(pair, "tiff", rendering=_STRETCH, band_ids=(1,)))
    assert stretched.picture is None
    assert stretched.stretch is not None
    assert stretched.bands == (1,)


@pytest.mark.parametrize("form", ["png", "tiff"])
@pytest.mark.parametrize("bands", [(3,), (0, 1, 7), (-1,)])
def test_a_band_that_is_not_there_is_named(
    pair: ImageService, form: str, bands: tuple[int, ...]
) -> None:
    with pytest.raises(InvalidParameter, match="bandIds"):
        plan(pair, _request(pair, form, band_ids=bands))


@pytest.mark.parametrize(
    "changes",
    [{"pixel_type": PixelType.U16}, {"band_ids": (0, 1)}, {"pixel_type": PixelType.F64}],
)
def test_jpeg_that_cannot_hold_the_samples_is_refused_before_rendering(
    pair: ImageService, changes: dict[str, object]
) -> None:
    jpeg = Encoding(format="tiff", compression="jpeg")
    request = _request(pair)
    assert plan(pair, msgspec.structs.replace(request, encoding=jpeg)).bands == (0, 1, 2)
    with pytest.raises(InvalidParameter, match="JPEG"):
        plan(pair, msgspec.structs.replace(request, encoding=jpeg, **changes))


@pytest.mark.parametrize(("form", "bands"), [("bsq", (0, 1)), ("png", (2, 1, 0)), ("tiff", ())])
def test_no_data_values_that_fit_no_band_are_refused_before_rendering(
    pair: ImageService, form: str, bands: tuple[int, ...]
) -> None:
    count = len(bands) or 3
    assert plan(pair, _request(pair, form, band_ids=bands, no_data=(0.0,) * count)).items
    with pytest.raises(InvalidParameter, match=f"noData.*1 or {count} values"):
        plan(pair, _request(pair, form, band_ids=bands, no_data=(0.0,) * (count + 1)))


@pytest.mark.parametrize("first", [0, 17, 63])
def test_the_plan_of_some_rows_keeps_order_levels_and_lattice(
    pair: ImageService, first: int
) -> None:
    whole = plan(pair, _request(pair))
    part = whole.rows_of(first, 64 - first)
    assert part.grid.lattice == whole.grid.lattice
    assert (part.grid.row, part.grid.height) == (whole.grid.row + first, 64 - first)
    assert part.items == whole.items
    assert part.memo == {}


def test_rows_beside_a_raster_leave_it_out(pair: ImageService) -> None:
    box = pair.summary.extent
    tall = Extent(box.xmin, box.ymin, box.xmax, box.ymax + box.height)
    view = View(extent=tall, width=96, height=128)
    whole = plan(pair, ImageRequest(view=view, encoding=Encoding(format="bsq")))
    assert len(whole.items) == 2
    assert whole.rows_of(0, 60).items == ()


def test_a_view_beside_the_data_plans_no_raster(pair: ImageService) -> None:
    view = View(extent=Extent(0.0, 0.0, 100.0, 100.0), width=10, height=10)
    made = plan(pair, ImageRequest(view=view, encoding=Encoding(format="png")))
    assert (made.items, made.cost_px) == ((), 0)


def test_plans_of_tiles_are_kept_and_others_made_anew(pair: ImageService) -> None:
    tile = ImageRequest(
        view=View(tile=TileAddress(level=0, row=0, col=0)), encoding=Encoding(format="png")
    )
    assert plan(pair, tile) is plan(pair, tile)
    assert plan(pair, _request(pair)) is not plan(pair, _request(pair))


def test_no_raster_costs_more_than_its_pixels(pair: ImageService) -> None:
    made = plan(pair, _request(pair))
    for planned in made.items:
        assert 0 < planned.cost_px <= planned.item.width * planned.item.height
    whole_world = plan(
        pair,
        ImageRequest(
            view=View(tile=TileAddress(level=0, row=0, col=0)), encoding=Encoding(format="png")
        ),
    )
    assert 0 <= whole_world.cost_px <= 2 * 64 * 64


def test_what_is_beyond_the_budget_is_left_out_and_said(
    pair: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_pixels, "_PER_OUTPUT", 0)
    monkeypatch.setattr(source_pixels, "_MOST", 64 * 64 + 10)
    made = plan(pair, _request(pair))
    assert [planned.item.name for planned in made.items] == ["west"]
    assert "1 rasters" in made.truncated
    assert dict(made.left_out)["beyond the budget of source pixels"] == 1


def test_a_request_beyond_the_budget_altogether_is_refused(
    pair: ImageService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_pixels, "_PER_OUTPUT", 0)
    monkeypatch.setattr(source_pixels, "_MOST", 10)
    with pytest.raises(RequestTooLarge, match="source pixels"):
        plan(pair, _request(pair))


def test_a_coarser_view_reads_a_coarser_level(pair: ImageService) -> None:
    made = plan(pair, _request(pair))
    item, placed = made.items[0].item, made.items[0].placed
    levels = [*item.levels, msgspec.structs.replace(item.levels[0], width=16, height=16)]
    with_levels = msgspec.structs.replace(item, levels=tuple(levels))
    assert plan_item(with_levels, placed, made.grid).view.index == 0
    coarse = plan(
        pair,
        ImageRequest(
            view=View(extent=pair.summary.extent, width=24, height=16),
            encoding=Encoding(format="bsq"),
        ),
    )
    planned = plan_item(with_levels, placed, coarse.grid)
    assert planned.view.index == 1
    assert planned.ratio == pytest.approx(4.0)
