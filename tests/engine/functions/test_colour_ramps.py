"""Ramps of colours against published values and colorsys; covers engine.functions.named_ramps."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest

from engine.function_rules import RampPart
from engine.functions.colour_ramps import (
    NAMED_RAMPS,
    _lab_of,
    _rgb_of,
    part_colours,
    ramp_colours,
)

RED, GREEN, BLUE, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255)


def _colours(one: tuple[int, ...], other: tuple[int, ...], algorithm: str) -> list[list[int]]:
    part = RampPart(from_color=one, to_color=other, algorithm=algorithm)
    return [list(row[1:]) for row in part_colours((part,), 256)]


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        # As tables of sRGB under D65 have them (to two digits: Lindbloom's colour calculator).
        (RED, (53.24, 80.09, 67.20)),
        (GREEN, (87.73, -86.18, 83.18)),
        (BLUE, (32.30, 79.19, -107.86)),
        (WHITE, (100.0, 0.0, 0.0)),
        (BLACK, (0.0, 0.0, 0.0)),
        ((128, 128, 128), (53.59, 0.0, 0.0)),
    ],
)
def test_lab_of_primaries_is_as_published(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    got = _lab_of(np.array([rgb]) / 255.0)
    assert got[0] == pytest.approx(lab, abs=0.03)
    assert _rgb_of(got)[0] == pytest.approx(rgb, abs=0.01)


@pytest.mark.parametrize("algorithm", ["lab", "lch", "hsv"])
@pytest.mark.parametrize("ends", [(RED, BLUE), (BLACK, WHITE), (GREEN, WHITE), (BLUE, RED)])
def test_ramps_begin_and_end_with_their_colours(
    algorithm: str, ends: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    colours = _colours(*ends, algorithm)
    assert [tuple(colours[0]), tuple(colours[-1])] == list(ends)


def test_hsv_takes_the_shorter_way_through_the_hues() -> None:
    colours = _colours(RED, BLUE, "hsv")
    assert colours[128] == pytest.approx([255, 0, 255], abs=3)
    hues = [colorsys.rgb_to_hsv(*(part / 255 for part in row))[0] for row in colours]
    assert min(hues[1:]) > 0.66
    assert _colours(RED, GREEN, "hsv")[128] == pytest.approx([255, 255, 0], abs=3)


def test_greys_take_the_hue_of_the_other_end() -> None:
    for algorithm in ("hsv", "lch"):
        red, green, blue = _colours(WHITE, BLUE, algorithm)[128]
        assert blue > red
        assert blue > green
    assert all(max(row) - min(row) <= 1 for row in _colours(BLACK, WHITE, "lch"))


def test_lab_is_even_in_lightness() -> None:
    rgb = np.array(_colours(BLACK, WHITE, "lab")) / 255.0
    lightness = _lab_of(rgb)[:, 0]
    assert np.abs(lightness - np.linspace(0, 100, 256)).max() < 0.5


def test_parts_follow_each_other_at_one_length() -> None:
    parts = (
        RampPart(from_color=BLACK, to_color=WHITE),
        RampPart(from_color=RED, to_color=RED),
        RampPart(from_color=GREEN, to_color=BLUE, algorithm="lch"),
    )
    colours = [row[1:] for row in part_colours(parts, 256)]
    assert (colours[0], colours[100], colours[-1]) == (BLACK, RED, BLUE)
    assert colours[84] == pytest.approx(WHITE, abs=4)
    assert colours.count(RED) in (85, 86)


@pytest.mark.parametrize("name", NAMED_RAMPS)
def test_named_ramps_have_a_colour_for_each_of_256_values(name: str) -> None:
    colours = ramp_colours(NAMED_RAMPS[name], 256)
    assert [row[0] for row in colours] == list(range(256))
    assert all(0 <= part <= 255 for row in colours for part in row[1:])
    assert len({row[1:] for row in colours}) > 100


def test_there_is_a_good_list_of_names() -> None:
    known = "black to white, slope, aspect, elevation #1, elevation #2, temperature, precipitation"
    assert len(NAMED_RAMPS) > 60
    assert all(name == name.casefold() for name in NAMED_RAMPS)
    assert set(known.split(", ")) <= set(NAMED_RAMPS)
