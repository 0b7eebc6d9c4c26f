"""Borders move to where two items look alike, and never cost more than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.build.seamlines.border import cost_of, settle_border
from engine.build.seamlines.least_path import border_cost
from engine.build.seamlines.overlap_pixels import Overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPE = (50, 60)


def _scene() -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Items 7 and 9 overlap from column 15 to 45; the border is in the middle."""
    labels = np.zeros(SHAPE, np.int64)
    labels[3:47, 2:30], labels[3:47, 30:58] = 7, 9
    both = np.zeros(SHAPE, np.bool_)
    both[3:47, 15:45] = True
    return labels, both


def _overlap(difference: NDArray[np.float32]) -> Overlap:
    everywhere = np.ones(SHAPE, np.bool_)
    return Overlap(difference, everywhere, everywhere)


def test_a_border_goes_around_what_differs() -> None:
    labels, both = _scene()
    difference = np.ones(SHAPE, np.float32)
    difference[20:30, 26:34] = 50.0
    new, moved = settle_border(labels, (7, 9), _overlap(difference), both)
    assert moved
    inner = new[20:30, 26:34]
    assert len(np.unique(inner)) == 1
    assert set(np.unique(new)) == {0, 7, 9}
    np.testing.assert_array_equal(new[~both], labels[~both])


def test_a_border_never_costs_more_than_before() -> None:
    rng = np.random.default_rng(2)
    for _ in range(5):
        labels, both = _scene()
        difference = rng.random(SHAPE).astype(np.float32)
        new, _ = settle_border(labels, (7, 9), _overlap(difference), both)
        cost = cost_of(difference, both)
        before, after = ((each == 7) + 2 * (each == 9) for each in (labels, new))
        assert border_cost(both, after.astype(np.uint8), cost) <= border_cost(
            both, before.astype(np.uint8), cost
        )


def test_pixels_that_one_item_lacks_go_to_the_other() -> None:
    labels, both = _scene()
    lacking = np.ones(SHAPE, np.bool_)
    lacking[10:14, 20:24] = False
    overlap = Overlap(np.ones(SHAPE, np.float32), lacking, np.ones(SHAPE, np.bool_))
    new, _ = settle_border(labels, (7, 9), overlap, both)
    assert (new[10:14, 20:24] == 9).all()


def test_a_third_item_keeps_its_pixels() -> None:
    labels, both = _scene()
    labels[22:28, 27:33] = 11
    difference = np.random.default_rng(4).random(SHAPE).astype(np.float32)
    new, _ = settle_border(labels, (7, 9), _overlap(difference), both)
    np.testing.assert_array_equal(new == 11, labels == 11)
