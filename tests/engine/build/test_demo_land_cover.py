"""What covers the invented island: every class, in places where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.build.demo_land_cover import Cover, LandCover, _hash

if TYPE_CHECKING:
    from engine.build.demo_terrain import Terrain


def test_every_class_covers_some_ground(land_cover: LandCover) -> None:
    counts = np.bincount(land_cover.classes.ravel(), minlength=len(Cover))
    assert (counts > 0).all()


def test_sea_is_where_the_ground_lies_below_zero(terrain: Terrain, land_cover: LandCover) -> None:
    assert np.array_equal(land_cover.classes == Cover.SEA, terrain.height_m <= 0)


def test_fields_lie_on_low_gentle_ground(terrain: Terrain, land_cover: LandCover) -> None:
    fields = (land_cover.classes >= Cover.WHEAT) & (land_cover.classes <= Cover.VINES)
    assert terrain.height_m[fields].max() < 430
    assert terrain.slope[fields].max() < 0.17


def test_hash_is_spread_and_repeatable() -> None:
    numbers = np.arange(1000, dtype=np.int64)
    mixed = _hash(numbers, numbers * 0 + 7)
    assert np.array_equal(mixed, _hash(numbers, numbers * 0 + 7))
    assert len(set((mixed % 8).tolist())) == 8
    assert np.unique(mixed).size > 990
