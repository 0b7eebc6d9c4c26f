"""By how much one picture is shifted against another: phase correlation with a sub-pixel peak."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MIN_SIDE = 32
_MIN_VALID = 0.3
_MIN_CONTRAST = 1.0
_MIN_TRUST = 0.1
# Frequencies above it (cycles a pixel) tell more of the interpolation than of the place.
_HIGHEST = 0.3
_FINEST_PX = 0.002


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Where what the first picture shows lies in the second.

    Attributes
    ----------
    right_px, down_px : float
        Pixels of the view.
    trust : float
        Height of the peak, 0 to 1: 1 where the pictures are one, shifted.
    """

    right_px: float
    down_px: float
    trust: float

    @property
    def text(self) -> str:
        """Right and down to a hundredth of a pixel, without a zero below zero."""
        right, down = (round(value, 2) + 0.0 for value in (self.right_px, self.down_px))
        return f"{right:+.2f} {down:+.2f}"

    @property
    def length_px(self) -> float:
        """How far."""
        return float(np.hypot(self.right_px, self.down_px))


def estimate_shift(first: Floats, second: Floats, valid: NDArray[np.bool_]) -> Shift | None:
    """Return the shift of the second against the first, or None where none can be told.

    Parameters
    ----------
    first, second : float64 (rows, cols)
        Brightness.
    valid : bool (rows, cols)
        True where both can be used.

    Notes
    -----
    None without enough valid pixels or contrast, and where the pictures have too little in common.

    References
    ----------
    Kuglin and Hines, The phase correlation image alignment method (1975); the peak is refined by a
    matrix Fourier transform around it as in doi:10.1364/OL.33.000156.
    """
    if min(first.shape) < _MIN_SIDE or valid.mean() < _MIN_VALID:
        return None
    if min(first[valid].std(), second[valid].std()) < _MIN_CONTRAST:
        return None
    spectrum, weight = _cross_spectrum(_windowed(first, valid), _windowed(second, valid))
    surface = np.fft.ifft2(spectrum).real
    row, col = np.unravel_index(int(np.argmax(surface)), surface.shape)
    rows, cols = surface.shape
    down = float(row if row <= rows // 2 else row - rows)
    right = float(col if col <= cols // 2 else col - cols)
    down, right, peak = _refined(spectrum, down, right)
    trust = peak / weight if weight > 0 else 0.0
    if trust < _MIN_TRUST:
        return None
    return Shift(right_px=right, down_px=down, trust=min(1.0, trust))


def _windowed(values: Floats, valid: NDArray[np.bool_]) -> Floats:
    """Return values about their mean, fading out to the edges; 0 where not valid."""
    rows, cols = values.shape
    window = np.outer(np.hanning(rows + 2)[1:-1], np.hanning(cols + 2)[1:-1])
    return np.asarray(np.where(valid, values - values[valid].mean(), 0.0) * window)


def _cross_spectrum(first: Floats, second: Floats) -> tuple[NDArray[np.complex128], float]:
    """Return phases of the cross spectrum below the highest frequency, and the sum of their weights."""
    one, other = np.fft.fft2(first), np.fft.fft2(second)
    cross = other * one.conj()
    size = np.abs(cross)
    rows, cols = first.shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(cols)[None, :])
    # Frequencies that hardly occur have a phase of rounding noise.
    strong = size > size.max() * 1e-10
    weight = np.where(strong, np.exp(-((frequency / _HIGHEST) ** 2) * 2), 0.0)
    phases = cross / np.where(strong, size, 1.0)
    return phases * weight, float(weight.sum())


def _refined(
    spectrum: NDArray[np.complex128], down: float, right: float
) -> tuple[float, float, float]:
    """Return the peak of the correlation near (down, right), and its height, not divided by the weights."""
    rows, cols = spectrum.shape
    reach, peak = 1.0, 0.0
    while reach > _FINEST_PX:
        steps = np.linspace(-reach, reach, 11)
        downs, rights = down + steps, right + steps
        by_row = np.exp(2j * np.pi * np.outer(downs, np.fft.fftfreq(rows)))
        by_col = np.exp(2j * np.pi * np.outer(np.fft.fftfreq(cols), rights))
        surface = (by_row @ spectrum @ by_col).real
        row, col = np.unravel_index(int(np.argmax(surface)), surface.shape)
        down, right, peak = float(downs[row]), float(rights[col]), float(surface[row, col])
        reach /= 4
    return down, right, peak
