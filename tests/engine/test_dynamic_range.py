"""Dynamic range adjustment: the view's pixels for exports, the service's statistics for tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.dynamic_range import settled
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import ExtractBandRule, StretchRule
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.plan import plan
from engine.process_steps import tree_step
from engine.render_work import Work
from engine.request import IdentifyRequest, ImageRequest, StripLayoutRequest, StripRequest
from engine.request_parts import Encoding, RenderingRule, TileAddress, View
from engine.service_picture import by_service
from tests.engine.chain_services import pixels_of
from tests.engine.test_mosaic_process import LEFT, TOP, WHOLE, nearest, noise, service_with

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.service import ImageService

    _RuleOf = Callable[[StretchRule], RenderingRule]

_PART = Extent(LEFT + 300, TOP - 400, LEFT + 700, TOP)
_KINDS = (3, 4, 5, 6, 7, 9)


def _stretch(*, dynamic: bool, kind: int = 5) -> StretchRule:
    return StretchRule(stretch_type=kind, dynamic_range=dynamic, min_percent=5, max_percent=5)


def _plain(arguments: StretchRule) -> RenderingRule:
    return RenderingRule(function="Stretch", arguments=arguments)


def _in_tree(arguments: StretchRule) -> RenderingRule:
    first = RenderingRule(function="ExtractBand", arguments=ExtractBandRule(band_ids=(0,)))
    return RenderingRule(function="Stretch", arguments=arguments, inputs=(first,))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    """Two rasters side by side."""
    return service_with(tmp_path_factory.mktemp("dra"), [])


@pytest.mark.parametrize("rule_of", [_plain, _in_tree])
@pytest.mark.parametrize("form", ["png", "bsq"])
def test_exports_are_stretched_by_the_pixels_of_the_view(
    service: ImageService, rule_of: _RuleOf, form: str
) -> None:
    # What it brings itself is of other pixels.
    own = msgspec.structs.replace(_stretch(dynamic=True), statistics=((0.0, 1.0, 0.5, 0.1),))
    rule = rule_of(own)
    got = pixels_of(service, nearest(_PART, 40, rendering=rule, encoding=Encoding(format=form)))
    data = noise()[0][:40, 30:70].astype(float)
    wanted = (data - data.min()) / (data.max() - data.min()) * 255
    assert np.abs(got.data[0] - wanted).max() <= 0.6


@pytest.mark.parametrize("rule_of", [_plain, _in_tree])
@pytest.mark.parametrize("kind", _KINDS)
def test_tiles_are_stretched_by_the_statistics_of_the_service(
    service: ImageService, rule_of: _RuleOf, kind: int
) -> None:
    half = 20037508.342789244
    size = 2 * half / 2**15
    box = service.summary.extent_mercator
    assert box is not None
    col, row = int((box.center_x + half) // size), int((half - box.center_y) // size)

    def tile(*, dynamic: bool, form: str) -> np.ndarray:
        rule = rule_of(_stretch(dynamic=dynamic, kind=kind))
        view = View(tile=TileAddress(level=15, row=row, col=col))
        request = ImageRequest(view=view, encoding=Encoding(format=form), rendering=rule)
        return pixels_of(service, request).data

    for form in ("png", "bsq"):
        assert tile(dynamic=True, form=form).any()
        np.testing.assert_array_equal(tile(dynamic=True, form=form), tile(dynamic=False, form=form))


def test_samples_are_stretched_by_the_statistics_of_the_service(service: ImageService) -> None:
    import shapely  # noqa: PLC0415 -- one test

    point = shapely.to_wkb(shapely.Point(LEFT + 505, TOP - 505))
    request = IdentifyRequest(
        geometry=point,
        renderings=tuple(_plain(_stretch(dynamic=dynamic)) for dynamic in (True, False)),
    )
    record = answer(service, request, UNLIMITED).record
    first, second = record.processed  # type: ignore[attr-defined]  # -- an IdentifyResult
    assert first == second
    assert first is not None


@pytest.mark.parametrize("rule_of", [_plain, _in_tree])
@pytest.mark.parametrize("kind", _KINDS)
def test_strips_of_a_large_export_are_those_of_the_whole_view(
    service: ImageService, rule_of: _RuleOf, kind: int
) -> None:
    rule = rule_of(_stretch(dynamic=True, kind=kind))
    image = nearest(
        WHOLE, 200, rendering=rule, encoding=Encoding(format="tiff", compression="none")
    )
    whole = pixels_of(service, image).data
    answer(service, StripLayoutRequest(image=image, rows_per_strip=64), UNLIMITED)
    work = Work(service, UNLIMITED)
    parts = []
    for first in (0, 64, 128, 192):
        rows = min(64, 200 - first)
        body = answer(
            service, StripRequest(image=image, first_row=first, rows=rows), UNLIMITED
        ).body
        parts.append(np.frombuffer(bytes(body), np.uint8)[: rows * 200].reshape(rows, 200))
    np.testing.assert_array_equal(np.concatenate(parts), whole[0])
    assert settled(image, work) == settled(image, work)
    assert len(service.settled_rules) > 0


def test_what_is_not_dynamic_stays(service: ImageService) -> None:
    plain = _in_tree(_stretch(dynamic=False))
    assert by_service(plain) is plain
    image = nearest(rendering=plain)
    assert settled(image, Work(service, UNLIMITED)) is image
    assert by_service(_in_tree(_stretch(dynamic=True))) == plain


def test_trees_of_chains_have_no_view() -> None:
    with pytest.raises(InvalidParameter, match="DRA"):
        tree_step(_in_tree(_stretch(dynamic=True)), BandsInfo(PixelType.U8, 1))


def test_no_data_of_the_request_is_not_counted(service: ImageService) -> None:
    image = nearest(rendering=_plain(_stretch(dynamic=True)), no_data=(float(noise().max()),))
    found = settled(image, Work(service, UNLIMITED)).rendering
    assert found is not None
    assert found.stretch is not None
    assert found.stretch.statistics[0][1] == np.sort(noise().ravel())[-2]


def test_the_output_type_of_a_settled_rule_stays(service: ImageService) -> None:
    rule = msgspec.structs.replace(_plain(_stretch(dynamic=True)), output_pixel_type=PixelType.F32)
    found = settled(nearest(rendering=rule), Work(service, UNLIMITED))
    assert plan(service, found).pixel_type is PixelType.F32
