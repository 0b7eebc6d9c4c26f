"""Times of netCDF files and Zarr stores, by CF's calendars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import SourceCorrupt

if TYPE_CHECKING:
    from engine.readers.cube_arrays import CubeArray, CubeFile


def times_of(array: CubeArray, file: CubeFile) -> tuple[str, ...]:
    """Return the times of a coordinate as texts, YYYY-MM-DDTHH:MM:SS.mmmZ.

    Dates that only other calendars have (30 February) are texts, too, and become no date.

    Raises
    ------
    SourceCorrupt
        Its units cannot be understood.

    References
    ----------
    CF conventions 1.11, 4.4: time coordinate.
    """
    import cftime  # noqa: PLC0415 -- comes with an extra

    index = () if not array.shape else (slice(None),)
    values = np.atleast_1d(file.read(array.name, index)).astype(np.float64)
    units = str(array.attributes.get("units", ""))
    calendar = str(array.attributes.get("calendar", "standard"))
    try:
        found = cftime.num2date(values, units, calendar)
    except (ValueError, OverflowError) as err:
        raise SourceCorrupt(array.path, f"its times cannot be read ({units}): {err}") from err
    return tuple(
        f"{t.year:04}-{t.month:02}-{t.day:02}T{t.hour:02}:{t.minute:02}:{t.second:02}"
        f".{t.microsecond // 1000:03}Z"
        for t in np.atleast_1d(found)
    )
