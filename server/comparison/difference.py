"""How two pictures of one view differ, in figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from server.comparison.picture import valid_pixels
from server.comparison.shift import Shift, estimate_shift

if TYPE_CHECKING:
    from server.comparison.picture import Pixels


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one view; all of colour are over pixels that are valid in both.

    Attributes
    ----------
    pixels : int
        Valid in at least one of the two.
    compared : int
        Valid in both.
    mean_abs : float
        Mean absolute difference over pixels and colours, of 255.
    max_abs : int
        Largest one of any pixel and colour.
    share_differing : float
        Share of compared pixels of which any colour differs by more than the tolerance, 0 to 1.
    share_one_only : float
        Share of pixels that are valid in one alone, 0 to 1.
    shift : Shift or None
        Of the second picture against the first; None where none can be told.
    """

    pixels: int
    compared: int
    mean_abs: float
    max_abs: int
    share_differing: float
    share_one_only: float
    shift: Shift | None


def compare_pictures(first: Pixels, second: Pixels, tolerance: int) -> Difference:
    """Return how two pictures of one size differ.

    Parameters
    ----------
    first, second : uint8 (rows, cols, 4)
        Red, green, blue, opacity.
    tolerance : int
        Differences up to it do not count as such, of 255.
    """
    one, other = valid_pixels(first), valid_pixels(second)
    both = one & other
    pixels, compared = int((one | other).sum()), int(both.sum())
    difference = np.abs(first[..., :3].astype(np.int16) - second[..., :3])[both]
    differing = int((difference > tolerance).any(axis=1).sum())
    brightness, other_brightness = (p[..., :3].mean(axis=2) for p in (first, second))
    return Difference(
        pixels=pixels,
        compared=compared,
        mean_abs=float(difference.mean()) if compared else 0.0,
        max_abs=int(difference.max(initial=0)),
        share_differing=differing / compared if compared else 0.0,
        share_one_only=(pixels - compared) / pixels if pixels else 0.0,
        shift=estimate_shift(brightness, other_brightness, both),
    )
