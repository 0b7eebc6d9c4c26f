"""The tile properties of definition.toml: what cannot be is named."""

from __future__ import annotations

import math

import pytest

from config.definition import ServiceProperties, TileSchemeName
from engine.build.tile_properties import tile_faults


def _faults(**properties: object) -> dict[str, str]:
    return dict(tile_faults(ServiceProperties(**properties)))  # type: ignore[arg-type]  # -- a test's shorthand


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"tile_size": 512, "tile_levels": (3, 3), "tile_tolerance": 0.5},
        {"tile_origin": (-1e7, 1e7), "tile_resolutions": (10.0, 3.0)},
        {"tile_scales": (1e6, 5e5, 1e5)},
    ],
)
def test_what_can_be_has_no_fault(properties: dict[str, object]) -> None:
    assert not _faults(tile_scheme=TileSchemeName.OWN, **properties)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("tile_size", 300),
        ("tile_size", 0),
        ("tile_levels", (1,)),
        ("tile_levels", (5, 4)),
        ("tile_levels", (-1, 4)),
        ("tile_levels", (0, 25)),
        ("tile_tolerance", -1.0),
        ("tile_tolerance", math.nan),
        ("tile_origin", (1.0,)),
        ("tile_origin", (1.0, math.inf)),
        ("tile_resolutions", (1.0,)),
        ("tile_resolutions", (1.0, 2.0)),
        ("tile_resolutions", (2.0, 2.0)),
        ("tile_scales", (2.0, 0.0)),
        ("tile_scales", (math.inf, 1.0)),
        ("tile_scales", tuple(range(30, 1, -1))),
    ],
)
def test_what_cannot_be_is_named(key: str, value: object) -> None:
    assert list(_faults(tile_scheme=TileSchemeName.OWN, **{key: value})) == [key]


def test_scales_and_resolutions_say_the_same_thing() -> None:
    both = {"tile_scales": (2.0, 1.0), "tile_resolutions": (2.0, 1.0)}
    assert list(_faults(tile_scheme=TileSchemeName.OWN, **both)) == ["tile_scales"]


@pytest.mark.parametrize("key", ["tile_origin", "tile_scales", "tile_resolutions"])
def test_numbers_are_of_the_own_scheme_alone(key: str) -> None:
    faults = _faults(tile_scheme=TileSchemeName.GEOGRAPHIC, **{key: (2.0, 1.0)})
    assert "own" in faults[key]
