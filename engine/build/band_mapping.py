"""Which band of which file becomes which band of the service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from engine.build.raster_record import GapBand
from engine.item import BandSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.build.raster_record import RasterDefinition, SourceDefinition
    from engine.pixel_type import PixelType
    from engine.readers.header import BandHeader, RasterHeader

NO_BAND = BandSource(-1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandMapping:
    """How an item's bands become the service's.

    Attributes
    ----------
    bands : tuple of BandSource
        One per service band; `NO_BAND` where the item has none (invalid, never repeated).
    headers : tuple of BandHeader
        Of all bands the item offers, in its order; may be more or fewer than `bands`.
    no_data : one per service band
        None = none.
    alpha : BandSource or None
        The band that holds the mask.
    dataset_mask : bool
        The file has a mask of its own.
    """

    bands: tuple[BandSource, ...]
    headers: tuple[BandHeader, ...]
    no_data: tuple[float | None, ...]
    alpha: BandSource | None
    dataset_mask: bool

    @property
    def pixel_type(self) -> PixelType:
        """Type of the first band (the items of one raster type have one)."""
        return self.headers[0].pixel_type


def offered_bands(
    raster: RasterDefinition, headers: tuple[RasterHeader, ...]
) -> list[tuple[BandSource, BandHeader, float | None]]:
    """Return the bands an item offers, alpha left out, with their no-data value.

    Raises
    ------
    ValueError
        The author asks for a band that the file does not have.
    """
    found: list[tuple[BandSource, BandHeader, float | None]] = []
    gaps = _stated_gaps(raster)
    for index, (source, header) in enumerate(zip(raster.sources, headers, strict=True)):
        if not source.enabled:
            continue
        count = len(header.bands)
        wanted = source.bands or [n for n in range(1, count + 1) if n != header.alpha_band]
        for place, number in enumerate(wanted):
            if number == 0 and any(wanted):
                # A band that the item lacks, so that those behind it keep their places.
                found.append((NO_BAND, _gap_header(header.bands[0], next(gaps, GapBand())), None))
                continue
            if not 1 <= number <= count:
                raise ValueError(f"band {number} is asked for, but the file has {count}")
            band = header.bands[number - 1]
            no_data = _no_data(source, place, band)
            found.append((BandSource(index, number), band, no_data))
    return found


def _stated_gaps(raster: RasterDefinition) -> Iterator[GapBand]:
    """Yield what is stated of the bands that an item lacks; nothing where their count is another."""
    count = sum(source.bands.count(0) for source in raster.sources if any(source.bands))
    is_whole = all(source.enabled for source in raster.sources) and count == len(raster.gaps)
    return iter(raster.gaps if is_whole else ())


def _gap_header(band: BandHeader, gap: GapBand) -> BandHeader:
    """Return a band of the same type that an item lacks, as its product calls it."""
    return msgspec.structs.replace(
        band, name=gap.name, color="undefined", wavelength_nm=gap.wavelength_nm
    )


def bands_to_read(
    raster: RasterDefinition, headers: tuple[RasterHeader, ...], band_count: int
) -> int:
    """Return how many bands of an item are read: the service's, or all where a chain works on them."""
    if raster.process is None:
        return band_count
    return max(1, len(offered_bands(raster, headers)))


def _no_data(source: SourceDefinition, place: int, band: BandHeader) -> float | None:
    """Return the no-data value of the n-th band used of a source."""
    stated = source.band_no_data
    if not stated:
        return float(source.no_data) if source.no_data else band.no_data
    if len(stated) > 1 and place >= len(stated):
        raise ValueError(f"{len(stated)} no-data values for more bands; state 1 or one for each")
    text = stated[place if len(stated) > 1 else 0]
    return float(text) if text else None


def map_bands(
    raster: RasterDefinition, headers: tuple[RasterHeader, ...], band_count: int
) -> BandMapping:
    """Map an item's bands: its band list, else the first ones.

    Raises
    ------
    ValueError
        No band is left, or one is asked for that the file does not have.
    """
    offered = offered_bands(raster, headers)
    if not offered:
        raise ValueError("no band is left: all sources are disabled or have only an alpha band")
    missing = max(0, band_count - len(offered))
    used = offered[:band_count]
    enabled = [i for i, source in enumerate(raster.sources) if source.enabled]
    first = headers[enabled[0]]
    return BandMapping(
        bands=(*(band for band, _, _ in used), *(NO_BAND,) * missing),
        headers=tuple(header for _, header, _ in offered),
        no_data=(*(value for _, _, value in used), *(None,) * missing),
        alpha=BandSource(enabled[0], first.alpha_band) if first.alpha_band else None,
        dataset_mask=first.mask == "dataset",
    )
