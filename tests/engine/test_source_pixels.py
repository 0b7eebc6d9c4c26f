"""The budget of source pixels holds for all rasters of a rule together."""

from types import SimpleNamespace

import pytest

from engine.errors import RequestTooLarge
from engine.source_pixels import check_source_pixels, most_source_pixels

TILE = SimpleNamespace(width=256, height=256)


def test_large_exports_may_read_more():
    assert most_source_pixels(TILE) == 1_000_000_000
    assert most_source_pixels(SimpleNamespace(width=10_000, height=10_000)) == 64 * 10**8


def test_rasters_of_a_rule_share_one_budget():
    check_source_pixels(TILE, [500_000_000, 500_000_000])
    with pytest.raises(RequestTooLarge, match=r"1000000001.*renderingRule"):
        check_source_pixels(TILE, [500_000_000, 500_000_001])


def test_one_mosaic_is_cut_to_the_budget_and_not_refused():
    check_source_pixels(TILE, [2_000_000_000])
