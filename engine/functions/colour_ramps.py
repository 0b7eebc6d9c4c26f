"""Ramps of colours: what lies between stops, and between the two ends of a part of a ramp.

References
----------
Algorithms of ArcGIS's algorithmic colour ramps: HSV, CIE Lab, and Lab LCh (the same in polar form). sRGB:
IEC 61966-2-1:1999; L*a*b* of the white D65: CIE 15:2018, 8.2.1. Hues go the shorter way round.
"""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np

from engine.functions.named_ramps import NAMED_RAMPS, Stops

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.function_rules import RampPart

    Floats = NDArray[np.float64]
    Colours = tuple[tuple[int, int, int, int], ...]

__all__ = ["NAMED_RAMPS", "Stops", "part_colours", "ramp_colours"]

_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = _TO_XYZ.sum(axis=1)
_KNEE = 6 / 29
# Colours of less chroma than this, or less saturation, have no hue of their own.
_GREY = 1e-3


def ramp_colours(stops: Stops, steps: int) -> Colours:
    """Return value, red, green and blue of so many values from 0 on, linear between stops."""
    rows = np.array(sorted(tuple(stop[:4]) for stop in stops), np.float64)
    share = np.linspace(0.0, 1.0, steps)
    parts = [np.interp(share, rows[:, 0], rows[:, 1 + part]) for part in range(3)]
    return _rows(np.stack(parts, axis=1))


def part_colours(parts: tuple[RampPart, ...], steps: int) -> Colours:
    """Return value, red, green and blue of so many values from 0 on; parts are of one length."""
    share = np.linspace(0.0, 1.0, steps) * len(parts)
    number = np.minimum(share.astype(int), len(parts) - 1)
    colours = np.empty((steps, 3))
    for place, part in enumerate(parts):
        own = number == place
        colours[own] = _between(part, share[own] - place)
    return _rows(colours)


def _rows(colours: Floats) -> Colours:
    whole = np.clip(np.rint(colours), 0, 255).astype(int).tolist()
    return tuple((value, red, green, blue) for value, (red, green, blue) in enumerate(whole))


def _between(part: RampPart, share: Floats) -> Floats:
    """Return colours (n, 3) at shares of the way, 0 to 255."""
    ends = np.array([part.from_color[:3], part.to_color[:3]], np.float64) / 255.0
    if part.algorithm == "hsv":
        hsv = np.array([colorsys.rgb_to_hsv(*end) for end in ends])
        mixed = _turned(hsv, share, hue=0, strength=1, turn=1.0)
        return np.array([colorsys.hsv_to_rgb(*each) for each in mixed]).reshape(-1, 3) * 255.0
    lab = _lab_of(ends)
    if part.algorithm == "lch":
        polar = np.stack(
            [lab[:, 0], np.hypot(lab[:, 1], lab[:, 2]), np.arctan2(lab[:, 2], lab[:, 1])], axis=1
        )
        mixed = _turned(polar, share, hue=2, strength=1, turn=2 * np.pi)
        light, chroma, hue = mixed.T
        return _rgb_of(np.stack([light, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1))
    return _rgb_of(_linear(lab, share))


def _linear(ends: Floats, share: Floats) -> Floats:
    return np.asarray(ends[0] + (ends[1] - ends[0]) * share[:, np.newaxis])


def _turned(ends: Floats, share: Floats, *, hue: int, strength: int, turn: float) -> Floats:
    """Return what lies between two colours with a hue, which goes the shorter way round."""
    ends = ends.copy()
    for one, other in ((0, 1), (1, 0)):
        if ends[one, strength] < _GREY:
            ends[one, hue] = ends[other, hue]
    way = ends[1, hue] - ends[0, hue]
    ends[1, hue] = ends[0, hue] + way - turn * np.round(way / turn)
    mixed = _linear(ends, share)
    mixed[:, hue] %= turn
    return mixed


def _lab_of(rgb: Floats) -> Floats:
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    ratio = light @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > _KNEE**3, np.cbrt(ratio), ratio / (3 * _KNEE**2) + 4 / 29)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1
    )


def _rgb_of(lab: Floats) -> Floats:
    """Return sRGB, 0 to 255; what it cannot show is cut off."""
    middle = (lab[:, 0] + 16) / 116
    f = np.stack([middle + lab[:, 1] / 500, middle, middle - lab[:, 2] / 200], axis=1)
    ratio = np.where(f > _KNEE, f**3, 3 * _KNEE**2 * (f - 4 / 29))
    light = np.clip((ratio * _WHITE) @ np.linalg.inv(_TO_XYZ).T, 0.0, 1.0)
    rgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(rgb * 255.0)
