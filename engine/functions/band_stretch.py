"""How the samples of one band are stretched: as arithmetic, and as an expression of the same results.

Curves that are no straight lines come from tables where these hold every result: of 8 and 16 bits by value, and for
results of whole numbers from the 65536 steps that pictures take, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.expressions.tree import Table, call
from engine.functions.picture_pass import OFFSETS, STEPS, table_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.expressions.tree import Expression
    from engine.functions.stretch_curves import Curve
    from engine.pixel_type import PixelType

# Results of more grey values than this want more steps.
_MOST_STEPPED = 255.0


@dataclass(frozen=True, slots=True)
class BandStretch:
    """How the samples of one band become output values: `lo` to `out_min`, `hi` to `out_max`.

    Attributes
    ----------
    shape : tuple of float
        Output shares at even steps from `lo` to `hi`, before the gamma; () = a straight line.
    """

    lo: float
    hi: float
    out_min: float = 0.0
    out_max: float = 255.0
    gamma: float = 1.0
    shape: Curve = ()

    def curve(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return output values, not rounded, for shares 0 to 1 of the way from `lo` to `hi`."""
        span = self.out_max - self.out_min
        if self.shape:
            share = np.interp(share, np.linspace(0.0, 1.0, len(self.shape)), self.shape)
        if self.gamma == 1.0:
            return share * span + self.out_min
        return (
            _gamma_factor(share, self.gamma, span) * span * share ** (1 / self.gamma) + self.out_min
        )

    def values(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return output values, not rounded; NaN stays NaN."""
        return self.curve(np.clip((samples - self.lo) / (self.hi - self.lo), 0.0, 1.0))


def _gamma_factor(
    share: NDArray[np.float64], gamma: float, span: float
) -> NDArray[np.float64] | float:
    """Return the factor that darkens the low end again for gammas above 1, as Esri's clients have it."""
    steepness = _steepness(gamma)
    if not steepness or span <= 1.0:
        return 1.0
    return np.asarray(1.0 - (1.0 / span) ** (share * steepness), np.float64)


def _steepness(gamma: float) -> float:
    """Return how fast the low end is left; 0 = it is not darkened."""
    if gamma <= 1.0:
        return 0.0
    return 6.5 + (gamma - 2) ** 2.5 if gamma > 2 else 6.5 + 100 * (2 - gamma) ** 4


def stretch_expression(
    sample: Expression, stretch: BandStretch, kinds: tuple[PixelType, PixelType]
) -> Expression:
    """Return what `BandStretch.values` gives, as an expression.

    Parameters
    ----------
    kinds
        Types of the input and of the output.
    """
    own, output = kinds
    name = own.dtype_name
    is_curved = stretch.gamma != 1.0 or bool(stretch.shape)
    if is_curved and name in OFFSETS:
        values = np.arange(table_size(name), dtype=np.float64) - OFFSETS[name]
        return _table(sample, stretch.values(values), -OFFSETS[name])
    part = call("div", call("sub", sample, stretch.lo), stretch.hi - stretch.lo)
    share: Expression = call("clamp", part, 0.0, 1.0)
    span = stretch.out_max - stretch.out_min
    if is_curved and not output.is_float and span <= _MOST_STEPPED:
        curve = stretch.curve(np.linspace(0.0, 1.0, STEPS))
        return _table(call("mul", share, STEPS - 1), curve, 0)
    if stretch.shape:
        share = _by_steps(share, np.array(stretch.shape))
    return _arithmetic(share, stretch, span)


def _table(place: Expression, values: NDArray[np.float64], first: int) -> Expression:
    return Table(place, values, np.ones(values.size, np.bool_), first)


def _arithmetic(share: Expression, stretch: BandStretch, span: float) -> Expression:
    curve = share
    if stretch.gamma != 1.0:
        curve = call("pow", share, 1 / stretch.gamma)
        steepness = _steepness(stretch.gamma)
        if steepness and span > 1.0:
            dark = call("exp", call("mul", share, -steepness * math.log(span)))
            curve = call("mul", curve, call("sub", 1.0, dark))
    return call("add", call("mul", curve, span), stretch.out_min)


def _by_steps(share: Expression, shape: NDArray[np.float64]) -> Expression:
    """Return what lies between even steps of a curve, as an expression."""
    count = shape.size - 1
    place = call("mul", share, count)
    step = call("min", call("floor", place), count - 1)
    always = np.ones(count, np.bool_)
    start, rise = Table(step, shape[:-1], always), Table(step, np.diff(shape), always)
    return call("add", start, call("mul", call("sub", place, step), rise))
