"""Views lie inside the common ground, in all scales, and the seed decides: server.comparison.view."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.extent import Extent
from server.comparison.view import Ground, draw_views

_GROUND = Ground(crs="EPSG:3857", extent=Extent(1000, 2000, 9192, 6096), pixel_size=1.0)


def test_the_first_shows_all_and_the_others_all_scales() -> None:
    views = draw_views(_GROUND, 9, 512, 1)
    assert views[0].extent == _GROUND.extent
    assert (views[0].width, views[0].height, views[0].pixel_size) == (512, 256, 16)
    assert [view.pixel_size for view in views[1:]] == [1, 2, 4, 8, 1, 2, 4, 8]
    assert {(view.width, view.height) for view in views[1:]} == {(512, 512)}
    assert len({(view.extent.xmin, view.extent.ymin) for view in views}) == 9


def test_the_seed_decides() -> None:
    assert draw_views(_GROUND, 9, 512, 1) == draw_views(_GROUND, 9, 512, 1)
    assert draw_views(_GROUND, 9, 512, 1)[1:] != draw_views(_GROUND, 9, 512, 2)[1:]


@given(
    width=st.floats(1e-3, 1e7),
    height=st.floats(1e-3, 1e7),
    pixel_size=st.one_of(st.just(0.0), st.floats(1e-6, 1e8)),
    side=st.integers(16, 2048),
    seed=st.integers(0, 2**32),
)
def test_views_lie_inside_and_their_pixels_are_square(
    width: float, height: float, pixel_size: float, side: int, seed: int
) -> None:
    box = Extent(-width / 3, 5.0, width * 2 / 3, 5.0 + height)
    ground = Ground(crs="EPSG:3857", extent=box, pixel_size=pixel_size)
    for view in draw_views(ground, 12, side, seed):
        assert 1 <= view.width <= side
        assert 1 <= view.height <= side
        # A strip thinner than a pixel is drawn one pixel wide.
        slack = view.pixel_size + 1e-6 * max(width, height)
        wide = box.expand(slack, slack)
        assert wide.intersection(view.extent) == view.extent
        for side_length, count in (
            (view.extent.width, view.width),
            (view.extent.height, view.height),
        ):
            assert abs(side_length - count * view.pixel_size) <= 1e-6 * side_length + 1e-6
