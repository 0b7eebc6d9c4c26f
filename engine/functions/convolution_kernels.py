"""The kernels of the Convolution function by Esri's numbers.

References
----------
ArcGIS REST API, raster function objects: Convolution, `Type`.
"""

from __future__ import annotations

import numpy as np


def _mirrored(*half: float) -> tuple[float, ...]:
    """Return a kernel that is the same from its end: given up to its middle."""
    return (*half, *half[-2::-1])


_NINTH, _16TH = 1 / 9, 1 / 16
_LINE = {
    0: (-1, -1, -1, 2, 2, 2, -1, -1, -1),
    1: (-1, 2, -1, -1, 2, -1, -1, 2, -1),
    2: (2, -1, -1, -1, 2, -1, -1, -1, 2),
    3: (-1, -1, 2, -1, 2, -1, 2, -1, -1),
}
_GRADIENT = {
    4: (-1, -2, -1, 0, 0, 0, 1, 2, 1),
    5: (-1, 0, 1, -2, 0, 2, -1, 0, 1),
    6: (1, 0, -1, 2, 0, -2, 1, 0, -1),
    7: (1, 2, 1, 0, 0, 0, -1, -2, -1),
    8: (0, -1, -2, 1, 0, -1, 2, 1, 0),
    9: (-2, -1, 0, -1, 0, 1, 0, 1, 2),
    17: (-1, -2, -1, 0, 0, 0, 1, 2, 1),
    18: (-1, 0, 1, -2, 0, 2, -1, 0, 1),
}
_SMOOTH = {
    10: (_NINTH,) * 9,
    11: tuple(weight * _16TH for weight in (1, 2, 1, 2, 4, 2, 1, 2, 1)),
    # Esri lists whole numbers that sum to 60 here; a smoothing keeps the brightness.
    12: tuple(
        weight / 60
        for weight in (1, 1, 1, 1, 1, 1, 4, 4, 4, 1, 1, 4, 12, 4, 1, 1, 4, 4, 4, 1, 1, 1, 1, 1, 1)
    ),
}
_SHARPEN = {
    13: (-1, -1, -1, -1, 9, -1, -1, -1, -1),
    14: _mirrored(-1, -3, -4, -3, -1, -3, 0, 6, 0, -3, -4, 6, 21),
    15: (0, -1, 0, -1, 4, -1, 0, -1, 0),
    16: _mirrored(0, 0, -1, 0, 0, 0, -1, -2, -1, 0, -1, -2, 17),
    19: (0, -0.25, 0, -0.25, 2, -0.25, 0, -0.25, 0),
    20: (-0.25, -0.25, -0.25, -0.25, 3, -0.25, -0.25, -0.25, -0.25),
    21: (-0.627, 0.352, -0.627, 0.352, 2.923, 0.352, -0.627, 0.352, -0.627),
}


def _square(weights: tuple[float, ...]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    side = round(len(weights) ** 0.5)
    return np.array(weights, np.float64).reshape(side, side)


KERNELS = {
    number: _square(weights)
    for number, weights in sorted({**_LINE, **_GRADIENT, **_SMOOTH, **_SHARPEN}.items())
}
