"""Ramps of colours: stops between 0 and 1 and what lies between them; the named ones.

The named ramps have the colours that their names say, made for Swath: Esri's own tables are not published.
"""

from __future__ import annotations

import numpy as np

# Share of the way, red, green, blue, alpha.
Stops = tuple[tuple[float, ...], ...]


def _even(*colours: str) -> Stops:
    """Return stops at equal distances of colours as rrggbb."""
    last = max(len(colours) - 1, 1)
    return tuple(
        (place / last, *(float(int(text[at : at + 2], 16)) for at in (0, 2, 4)), 255.0)
        for place, text in enumerate(colours)
    )


_GRAY = _even("000000", "ffffff")
_ELEVATION = _even("afeee9", "fbffb4", "2d8c3b", "f9c23c", "9d3b1b", "8b5a3c", "c8c8c8", "ffffff")
_VEGETATION = _even("a50026", "f46d43", "fee08b", "ffffbf", "d9ef8b", "66bd63", "006837")

NAMED_RAMPS: dict[str, Stops] = {
    "gray": _GRAY,
    "black to white": _GRAY,
    "white to black": _even("ffffff", "000000"),
    "hillshade": _GRAY,
    "elevation": _ELEVATION,
    "elevation #1": _ELEVATION,
    "ndvi": _VEGETATION,
    "ndvi2": _even("ffffff", "ce7e45", "df923d", "fcd163", "99b718", "529400", "056201", "011301"),
    "ndvi3": _even("0c0c0c", "bfbfbf", "eaeaea", "fff9cc", "ccc682", "91bf51", "4f892d", "004400"),
    "slope": _even("38a800", "8bd100", "ffff00", "ff8000", "ff0000"),
    "aspect": _even("ff0000", "ffff00", "00ff00", "00ffff", "0000ff", "ff00ff", "ff0000"),
    "temperature": _even("2c7bb6", "abd9e9", "ffffbf", "fdae61", "d7191c"),
    "precipitation": _even("f7fbff", "9ecae1", "4292c6", "08306b"),
    "yellow to red": _even("ffff80", "ff8000", "a80000"),
    "red to green": _even("f50000", "f5f500", "00a800"),
    "blue to red": _even("0000f5", "f5f5f5", "f50000"),
    "spectrum-full bright": _even("ff0000", "ffff00", "00ff00", "00ffff", "0000ff", "ff00ff"),
}


def ramp_colours(stops: Stops, steps: int) -> tuple[tuple[int, int, int, int], ...]:
    """Return value, red, green and blue of so many values from 0 on."""
    rows = np.array(sorted(tuple(stop[:4]) for stop in stops), np.float64)
    share = np.linspace(0.0, 1.0, steps)
    parts = [np.interp(share, rows[:, 0], rows[:, 1 + part]) for part in range(3)]
    colours = np.clip(np.rint(np.stack(parts, axis=1)), 0, 255).astype(int).tolist()
    return tuple((value, red, green, blue) for value, (red, green, blue) in enumerate(colours))
