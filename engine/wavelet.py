"""Levels that are coefficients of a wavelet, as those of JPEG 2000: they know nothing of no-data.

Each halving blurs what lies beside a hole with what stands in it; with the reversible filter, which
Sentinel-2 products have, within two pixels of the level. Pixels so near to no-data are not to be trusted,
and holes smaller than that are lost in the blur: levels made of full resolution (`build --pyramids`) hold
neither fault.

References
----------
ISO/IEC 15444-1, Annex F: the 5-3 reversible and 9-7 irreversible filters.
"""

from __future__ import annotations

# Pixels of a level beside no-data that are blurred with it.
BLUR_PX = 2
_DRIVERS = frozenset({"JP2OpenJPEG"})


def is_wavelet(driver: str) -> bool:
    """Tell whether files opened with a driver have levels of this kind."""
    return driver in _DRIVERS
