"""How and when a raster was taken: from the vendor's files beside it, then from its own tags."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from raster_types.adding.author_fields import parse_date_text
from raster_types.sensor_files.acquisition import Acquisition, fraction_of_percent, measured
from raster_types.sensor_files.acquisition_sidecar import acquisition_names, read_acquisition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.readers.header import RasterHeader
    from raster_types.base import Product

_DATE_TAGS = ("ACQUISITIONDATETIME", "ACQUISITION_DATE")


def acquisition_of(product: Product, header: RasterHeader) -> Acquisition:
    """Return what is known of how one of a product's rasters was taken.

    Raises
    ------
    SourceUnavailable
        A file beside it cannot be read.
    """
    tags = _of_tags(header)
    names = _names_in(str(PurePath(header.path).parent))
    for name in acquisition_names(header.path):
        path = names.get(name)
        if path is None:
            continue
        found = read_acquisition(PurePath(path).name, product.text(path), header.path)
        if not found.is_empty:
            return found.completed_by(tags)
    return tags


def _of_tags(header: RasterHeader) -> Acquisition:
    """Return what the raster's own tags say; a file's own date is not that of the image."""
    dates = (parse_date_text(header.tags.get(tag, "")) for tag in _DATE_TAGS)
    return Acquisition(
        date=next((date for date in dates if date), ""),
        platform=header.tags.get("SATELLITEID", ""),
        cloud_cover=fraction_of_percent(measured(header.tags, ("CLOUDCOVER",), 0.0, 100.0)),
    )


def _names_in(folder: str) -> Mapping[str, str]:
    """Return the files of a folder by name in lower case; {} where it cannot be listed."""
    try:
        changed = Path(folder).stat().st_mtime_ns
    except OSError:
        return {}
    return _listed(folder, changed)


@lru_cache(maxsize=64)
def _listed(folder: str, changed: int) -> Mapping[str, str]:  # noqa: ARG001 -- part of the key
    try:
        return {path.name.lower(): str(path) for path in Path(folder).iterdir()}
    except OSError:
        return {}
