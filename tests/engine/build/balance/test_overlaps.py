"""Which footprints are compared."""

from __future__ import annotations

import shapely

from engine.build.balance.overlaps import overlapping_pairs
from engine.extent import Extent


def test_pairs_are_those_that_share_an_area_with_the_box_of_it() -> None:
    shapes = [
        shapely.box(0, 0, 10, 10),
        shapely.box(8, 0, 18, 10),
        shapely.box(18, 0, 28, 10),
        shapely.box(100, 0, 110, 10),
        shapely.Polygon(),
    ]
    (pair,) = overlapping_pairs(shapes)
    assert (pair.a, pair.b, pair.box, pair.area) == (0, 1, Extent(8, 0, 10, 10), 20.0)


def test_of_very_many_scenes_of_one_place_each_is_compared_with_some() -> None:
    shapes = [shapely.box(i * 0.01, 0, 10 + i * 0.01, 10) for i in range(100)]
    pairs = overlapping_pairs(shapes)
    assert len(pairs) < 100 * 40
    counts = [sum(i in (pair.a, pair.b) for pair in pairs) for i in range(100)]
    assert min(counts) >= 24


def test_no_footprints_have_no_pairs() -> None:
    assert overlapping_pairs([]) == []
