"""Samples as text, as clients read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.pixel_type import PixelType

if TYPE_CHECKING:
    from engine.results import Samples


def joined(samples: Samples, pixel_type: PixelType, separator: str, no_data: str = "NoData") -> str:
    """Return the samples of a place as text; "NoData" for a band without, and for all of them once.

    Parameters
    ----------
    separator
        Between bands.
    no_data
        What stands for a band without data.
    """
    if samples is None or all(sample is None for sample in samples):
        return no_data
    return separator.join(
        no_data if sample is None else _sample(sample, pixel_type) for sample in samples
    )


def _sample(sample: float, pixel_type: PixelType) -> str:
    if float(sample).is_integer() and abs(sample) < 2**53:
        return str(int(sample))
    if pixel_type is not PixelType.F64:
        import numpy as np  # noqa: PLC0415 -- the front imports this module and must stay light

        # The shortest text that is this float32, as samples and results of functions are: 0.1, not
        # 0.10000000149011612.
        short = np.float32(sample)
        if float(short) == sample:
            return str(short)
    return repr(float(sample))
