"""The last step of the service chain where a picture is asked for: samples to 8-bit colours.

`bind_picture` decides by the service's summary and the rendering rule, once per (service version, band
ids, rule): keep the result, its tables take a millisecond to make. `to_rgbv` is one compiled pass.

Only pictures and tiles come here: data formats get the samples as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from config.definition import PictureStretch
from engine.errors import InvalidParameter
from engine.function_rules import StretchRule
from engine.functions.band_stretch import BandStretch
from engine.functions.base import BandsInfo
from engine.functions.picture_pass import (
    OFFSETS,
    STEPS,
    table_size,
    words_by_colours,
    words_by_scale,
    words_by_tables,
    words_by_words,
)
from engine.functions.stretch import (
    MIN_MAX,
    NONE,
    PERCENT_CLIP,
    STANDARD_DEVIATION,
    stretches_of,
    view_stretches,
)
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock, Pixels, Rgbv, rgbv_of_planes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.functions.cast import NoDataMatch
    from engine.request_parts import RenderingRule
    from engine.summary import Histogram, ServiceSummary

T = TypeVar("T")

_AS_IT_IS = BandStretch(0.0, 255.0)


@dataclass(frozen=True, slots=True)
class Picture:
    """How samples become a picture.

    Attributes
    ----------
    bands : 1 or 3 band numbers from 0
        What the source must deliver, in this order.
    stretches : one per band
        Empty with a palette.
    tables : uint8 (bands, n) or None
        None: 8-bit samples as they are, or a palette, or cuts taken from each view.
    scales : float64 (bands, 2) or None
        Set for types beyond 16 bits.
    colours : uint32 (n,) or None
        The palette as whole words.
    dynamic : StretchRule or None
        Cuts are taken from each view's own pixels.
    """

    bands: tuple[int, ...]
    pixel_type: PixelType
    needs_all: bool
    stretches: tuple[BandStretch, ...] = ()
    tables: NDArray[np.uint8] | None = None
    scales: NDArray[np.float64] | None = None
    colours: NDArray[np.uint32] | None = None
    dynamic: StretchRule | None = None

    @property
    def is_identity(self) -> bool:
        """Whether three 8-bit bands are the picture: the `Rgbv` path then needs no pass at all."""
        return len(self.bands) == 3 and self._as_it_is

    @property
    def is_grey(self) -> bool:
        """Whether one band is shown as grey."""
        return len(self.bands) == 1 and self.colours is None

    @property
    def _as_it_is(self) -> bool:
        return self.tables is None and self.colours is None and self.dynamic is None

    def describe(self) -> str:
        """Return a sentence for `explain`: bands from 1, and what happens to their values."""
        shown = f"bands {', '.join(str(band + 1) for band in self.bands)}"
        if self.colours is not None:
            return f"{shown} by palette"
        if self.dynamic is not None:
            return f"{shown} stretched by the view's own statistics"
        if self._as_it_is:
            return f"{shown} as they are"
        cuts = ", ".join(f"{s.lo:g} to {s.hi:g}" for s in self.stretches)
        return f"{shown} stretched from {cuts}"


def bind_picture(
    summary: ServiceSummary,
    histograms: Sequence[Histogram] = (),
    band_ids: tuple[int, ...] = (),
    rule: RenderingRule | None = None,
    match: NoDataMatch = "",
) -> Picture:
    """Decide how this service's samples become a picture.

    Parameters
    ----------
    histograms
        One per service band, or none.
    band_ids
        From 0; empty = the service's picture bands. Of more than three the first three show, of two
        the first.
    rule
        None = the service's default; function "None" = samples as they are, clamped to 0 to 255.
    match
        "any": a pixel with any invalid band is transparent; else only with all bands invalid.

    Raises
    ------
    InvalidParameter
    """
    bands = _bands(summary, band_ids)
    needs_all = match == "any"
    if _shows_palette(summary, bands, rule):
        colours = _colour_table(summary)
        return Picture(bands, summary.pixel_type, needs_all, colours=colours)
    stretch = stretch_in_force(summary, rule)
    if stretch is None:
        return _stretched(bands, summary.pixel_type, (_AS_IT_IS,) * len(bands), needs_all=needs_all)
    known = _stand_ins(summary, bands)
    info = BandsInfo(
        summary.pixel_type,
        len(bands),
        _chosen(summary.statistics, known),
        _chosen(tuple(histograms), known),
    )
    stretches = stretches_of(stretch, info)
    if stretch.dynamic_range:
        return Picture(bands, summary.pixel_type, needs_all, dynamic=stretch)
    return _stretched(bands, summary.pixel_type, stretches, needs_all=needs_all)


def to_rgbv(pixels: Pixels, picture: Picture) -> Rgbv:
    """Return four-byte pixels; one band is repeated as grey.

    Parameters
    ----------
    pixels
        `picture.bands` of the source, in that order and in the service's type; `Rgbv` for 3 × uint8.
    """
    if isinstance(pixels, Rgbv):
        return _restretched(pixels, picture)
    if picture.colours is not None:
        return words_by_colours(pixels, picture.colours)
    picture = _settled(picture, pixels)
    if picture.tables is None:
        if picture.needs_all:
            pixels = PixelBlock(pixels.data, pixels.valid_all()[np.newaxis])
        return _packed(pixels)
    if picture.scales is None:
        return words_by_tables(pixels, picture.tables, needs_all=picture.needs_all)
    return words_by_scale(pixels, picture.scales, picture.tables, needs_all=picture.needs_all)


def to_picture(pixels: Pixels, picture: Picture) -> Pixels:
    """Return what picture formats take: four-byte pixels, or one uint8 band where `is_grey`."""
    if not picture.is_grey:
        return to_rgbv(pixels, picture)
    if isinstance(pixels, PixelBlock) and picture.tables is None and picture.dynamic is None:
        return pixels
    rgba = to_rgbv(pixels, picture).rgba()
    return PixelBlock(
        np.ascontiguousarray(rgba[:, :, 0])[np.newaxis], (rgba[:, :, 3] != 0)[np.newaxis]
    )


def _bands(summary: ServiceSummary, band_ids: tuple[int, ...]) -> tuple[int, ...]:
    count = len(summary.bands)
    if any(not 0 <= band < count for band in band_ids):
        accepted = f"band numbers from 0 to {count - 1}" if count > 1 else "0, the only band"
        raise InvalidParameter("bandIds", ",".join(map(str, band_ids)), accepted)
    bands = band_ids or summary.picture_bands
    return bands[:3] if len(bands) >= 3 else bands[:1]


def _shows_palette(
    summary: ServiceSummary, bands: tuple[int, ...], rule: RenderingRule | None
) -> bool:
    automatic = summary.properties.picture_stretch is PictureStretch.AUTO
    return rule is None and automatic and len(bands) == 1 and bool(summary.colormap)


def stretch_in_force(summary: ServiceSummary, rule: RenderingRule | None) -> StretchRule | None:
    """Return the stretch of a service's picture, by its properties or a rule; None = samples as they are."""
    if rule is not None:
        return None if rule.function == "None" else rule.stretch or StretchRule()
    low, high = summary.properties.percent_clip
    clip = StretchRule(stretch_type=PERCENT_CLIP, min_percent=low, max_percent=100.0 - high)
    asked = summary.properties.picture_stretch
    if asked is PictureStretch.AUTO:
        return None if summary.pixel_type is PixelType.U8 else clip
    kinds = {
        PictureStretch.NONE: StretchRule(stretch_type=NONE),
        PictureStretch.MIN_MAX: StretchRule(stretch_type=MIN_MAX),
        PictureStretch.STANDARD_DEVIATION: StretchRule(stretch_type=STANDARD_DEVIATION),
        PictureStretch.PERCENT_CLIP: clip,
    }
    return kinds[asked]


def _chosen(entries: tuple[T, ...], bands: tuple[int, ...]) -> tuple[T, ...]:
    """Return one entry per band, or none where the service lacks any of them."""
    return tuple(entries[band] for band in bands) if max(bands) < len(entries) else ()


def _stand_ins(summary: ServiceSummary, bands: tuple[int, ...]) -> tuple[int, ...]:
    """Return for each band the one whose statistics stretch it: itself, else another that has some."""
    known = [band for band, found in enumerate(summary.statistics) if not found.is_empty]
    other = next((band for band in (*bands, *known) if band in known), None)
    return tuple(band if band in known or other is None else other for band in bands)


def _colour_table(summary: ServiceSummary) -> NDArray[np.uint32]:
    name = summary.pixel_type.dtype_name
    table = np.zeros(table_size(name), np.uint32)
    offset = OFFSETS.get(name, 0)
    for value, red, green, blue in summary.colormap:
        if 0 <= value + offset < table.size:
            table[value + offset] = 0xFF000000 | blue << 16 | green << 8 | red
    return table


def _stretched(
    bands: tuple[int, ...],
    pixel_type: PixelType,
    stretches: tuple[BandStretch, ...],
    *,
    needs_all: bool,
) -> Picture:
    """Return the picture with the tables of these stretches."""
    name = pixel_type.dtype_name
    if name == "uint8" and all(stretch == _AS_IT_IS for stretch in stretches):
        return Picture(bands, pixel_type, needs_all, stretches)
    if name in OFFSETS:
        size = table_size(name)
        samples = np.arange(size, dtype=np.float64) - OFFSETS[name]
        tables = np.stack([_as_bytes(stretch.values(samples)) for stretch in stretches])
        return Picture(bands, pixel_type, needs_all, stretches, tables)
    steps = np.linspace(0.0, 1.0, STEPS)
    tables = np.stack([_as_bytes(stretch.curve(steps)) for stretch in stretches])
    scales = np.array([(s.lo, (STEPS - 1) / (s.hi - s.lo)) for s in stretches], np.float64)
    return Picture(bands, pixel_type, needs_all, stretches, tables, scales)


def _as_bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _settled(picture: Picture, block: PixelBlock) -> Picture:
    """Return the picture with its cuts taken from the block where the rule says so."""
    if picture.dynamic is None:
        return picture
    stretches = view_stretches(picture.dynamic, block, picture.pixel_type)
    return _stretched(picture.bands, picture.pixel_type, stretches, needs_all=picture.needs_all)


def _packed(block: PixelBlock) -> Rgbv:
    """Pack 8-bit bands; a band's invalid samples are 0 even where the pixel shows."""
    if block.valid.shape[0] > 1:
        block = PixelBlock(np.where(block.valid, block.data, np.uint8(0)), block.valid)
    return rgbv_of_planes(block)


def _restretched(pixels: Rgbv, picture: Picture) -> Rgbv:
    if picture.dynamic is not None:
        picture = _settled(picture, pixels.planes())
    return pixels if picture.tables is None else words_by_words(pixels, picture.tables)
