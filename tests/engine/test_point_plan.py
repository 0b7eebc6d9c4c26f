"""One pixel at a point, exactly; covers engine.view_pixels too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from config.definition import Interpolation
from engine.budget import UNLIMITED
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.function_rules import ConvolutionRule, LocalRule
from engine.point_plan import item_ids, of_item, plan_at, samples_at
from engine.render_work import Work
from engine.request import ImageRequest
from engine.request_parts import Encoding, MosaicInput, MosaicRule, RenderingRule, View
from tests.engine.chain_services import pixels_of, view_of
from tests.engine.conftest import EAST, WEST
from tests.engine.test_mosaic_process import service_with

if TYPE_CHECKING:
    from pathlib import Path

    from engine.service import ImageService

LEFT, TOP = 500_000.0, 5_200_000.0
PIXEL = (10.0, 10.0)


def _request(**changes: object) -> ImageRequest:
    return ImageRequest(
        view=View(),
        encoding=Encoding(format="bsq"),
        interpolation=Interpolation.NEAREST,
        **changes,  # type: ignore[arg-type]  # -- a shorthand
    )


def test_items_are_looked_at_together_or_alone(pair: ImageService) -> None:
    made = plan_at(pair, _request(), (LEFT + 500, TOP - 300), PIXEL)
    work = Work(pair, UNLIMITED)
    assert list(item_ids(made)) == [1, 2]
    assert samples_at(made, _request(), work) == (WEST, WEST + 1, WEST + 2)
    assert samples_at(of_item(made, 2), _request(), work) == (EAST, EAST + 1, EAST + 2)
    assert samples_at(of_item(made, 9), _request(), work) is None


def test_neighbours_of_the_point_are_there_for_functions(tmp_path: Path) -> None:
    service = service_with(tmp_path, [])
    kernel = ConvolutionRule(rows=7, columns=7, kernel=(1 / 49,) * 49)
    rule = RenderingRule(function="Convolution", arguments=kernel)
    whole = pixels_of(
        service,
        view_of(
            Extent(LEFT, TOP - 2000, LEFT + 2000, TOP),
            200,
            200,
            rendering=rule,
            interpolation=Interpolation.NEAREST,
        ),
    )
    request = _request(rendering=rule)
    for col, row in ((50, 60), (99, 20), (100, 21), (0, 0), (199, 199)):
        point = LEFT + 10 * col + 5, TOP - 10 * row - 5
        made = plan_at(service, request, point, PIXEL)
        got = samples_at(made, request, Work(service, UNLIMITED))
        assert got is not None
        assert got[0] == pytest.approx(float(whole.data[0, row, col]), rel=1e-6)


def test_rules_of_several_mosaics_read_each(pair: ImageService) -> None:
    first, second = (MosaicInput(mosaic=MosaicRule(fids=(fid,))) for fid in (1, 2))
    plus = RenderingRule(function="Local", arguments=LocalRule(operation=1), inputs=(first, second))
    request = _request(rendering=plus)
    made = plan_at(pair, request, (LEFT + 500, TOP - 300), PIXEL)
    got = samples_at(made, request, Work(pair, UNLIMITED))
    np.testing.assert_array_equal(got, np.arange(3) * 2 + WEST + EAST)


def test_pixels_that_coordinates_cannot_tell_are_refused(pair: ImageService) -> None:
    place = (LEFT + 100.0, TOP - 100.0)
    with pytest.raises(InvalidParameter, match="pixelSize"):
        plan_at(pair, _request(), place, (1e-12, 1e-12))
    with pytest.raises(InvalidParameter, match="geometry"):
        plan_at(pair, _request(), (1e300, 0.0), PIXEL)
