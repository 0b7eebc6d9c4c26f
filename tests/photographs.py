"""Photographs of one made-up ground that overlap: alike but for noise, and for a thing on some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.synthetic import place, write_geotiff

if TYPE_CHECKING:
    from pathlib import Path

SIDE_PX, PIXEL_M = 128, 10.0


def write_photograph(path: Path, east: float, north: float, seed: int) -> Path:
    """Write 128 × 128 pixels of 10 m whose north-west corner is there, with a bright lorry of its own."""
    rng = np.random.default_rng(seed)
    x = east / PIXEL_M + np.arange(SIDE_PX)
    y = -north / PIXEL_M + np.arange(SIDE_PX)[:, np.newaxis]
    ground = 110 + 40 * np.sin(x / 9.0) * np.cos(y / 13.0) + 20 * np.sin((x + y) / 31.0)
    bands = np.stack([ground + 6 * band for band in range(3)]) + rng.normal(0, 2, (3, 1, 1))
    bands = bands + rng.normal(0, 1.5, bands.shape)
    row, col = rng.integers(20, SIDE_PX - 30, 2)
    bands[:, row : row + 10, col : col + 10] += 70
    return write_geotiff(path, np.clip(bands, 1, 255).astype("uint8"), place(east, north))
