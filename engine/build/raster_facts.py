"""What a service of one raster is: statistics, picture bands and kind of data, from a decimated read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.build.service_facts import ServiceFacts
from engine.pixel_type import PixelType
from engine.readers.drivers import open_raster
from engine.summary import BandInfo, BandStatistics, Histogram

if TYPE_CHECKING:
    from engine.build.band_mapping import BandMapping
    from engine.build.item_compiler import Geotransform
    from engine.readers.header import BandHeader, RasterHeader

Array = NDArray[Any]

_SAMPLE_SIDE = 1024
_BINS = 256
_SMALL = (PixelType.U1, PixelType.U2, PixelType.U4, PixelType.U8)


def facts_of_raster(
    header: RasterHeader, mapping: BandMapping, geotransform: Geotransform
) -> ServiceFacts:
    """Return the facts of a service whose only item is this raster; reads it decimated.

    Raises
    ------
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """
    statistics, histograms = _statistics(header, mapping)
    size_x, size_y = _pixel_size(geotransform)
    level = header.levels[0]
    coarsest = header.levels[-1]
    ratio = min(level.width / coarsest.width, level.height / coarsest.height)
    samples = header.width * header.height * len(mapping.headers)
    return ServiceFacts(
        crs=header.crs,
        pixel_type=mapping.pixel_type,
        bands=tuple(_band_info(band, number) for number, band in enumerate(mapping.headers, 1)),
        no_data_texts=tuple("" if value is None else repr(value) for value in mapping.no_data),
        pixel_size_x=size_x,
        pixel_size_y=size_y,
        statistics=statistics,
        histograms=histograms,
        data_type=_data_type(header, mapping),
        colormap=header.colormap,
        picture_bands=_picture_bands(mapping),
        coarsest_ps=math.sqrt(size_x * size_y) * ratio * 2 if len(header.levels) > 1 else 0.0,
        uncompressed_size=samples * mapping.pixel_type.bytes_per_sample,
        block_width=level.block_width,
        block_height=level.block_height,
    )


def _pixel_size(geotransform: Geotransform) -> tuple[float, float]:
    _, b, c, _, e, f = geotransform
    return math.hypot(b, e), math.hypot(c, f)


def _band_info(band: BandHeader, number: int) -> BandInfo:
    name = band.name or (
        band.color.capitalize() if band.color in ("red", "green", "blue") else f"Band_{number}"
    )
    return BandInfo(
        name=name, wavelength_min_nm=band.wavelength_nm, wavelength_max_nm=band.wavelength_nm
    )


def _data_type(
    header: RasterHeader, mapping: BandMapping
) -> Literal["generic", "rgb", "thematic", "elevation"]:
    if header.colormap:
        return "thematic"
    colors = [band.color for band in mapping.headers]
    if len(colors) == 3 and {"red", "green", "blue"} == set(colors):
        return "rgb" if mapping.pixel_type is PixelType.U8 else "generic"
    return "generic"


def _picture_bands(mapping: BandMapping) -> tuple[int, ...]:
    """Return natural colour where colours or wavelengths say which bands that is, else 1-2-3."""
    if len(mapping.headers) < 3:
        return (0,)
    colors = [band.color for band in mapping.headers]
    if {"red", "green", "blue"} <= set(colors):
        return tuple(colors.index(color) for color in ("red", "green", "blue"))
    waves = [band.wavelength_nm for band in mapping.headers]
    known = [(wave, index) for index, wave in enumerate(waves) if wave is not None]
    chosen = tuple(
        min(known, key=lambda pair: abs(pair[0] - target), default=(0.0, -1))
        for target in (660.0, 560.0, 480.0)
    )
    near = all(
        abs(wave - target) < 60 for (wave, _), target in zip(chosen, (660, 560, 480), strict=True)
    )
    bands = tuple(index for _, index in chosen)
    return bands if known and near and len(set(bands)) == 3 else (0, 1, 2)


def _statistics(
    header: RasterHeader, mapping: BandMapping
) -> tuple[tuple[BandStatistics, ...], tuple[Histogram, ...]]:
    scale = max(1.0, max(header.width, header.height) / _SAMPLE_SIDE)
    shape = (max(1, round(header.height / scale)), max(1, round(header.width / scale)))
    statistics, histograms = [], []
    with open_raster(header.path, header.driver) as dataset:
        usable = np.ones(shape, np.bool_)
        if mapping.alpha is not None:
            usable = dataset.read(mapping.alpha.band, out_shape=shape) > 0
        elif mapping.dataset_mask:
            usable = dataset.read_masks(1, out_shape=shape) > 0
        for band, no_data in zip(mapping.bands, mapping.no_data, strict=True):
            samples = dataset.read(band.band, out_shape=shape)
            values = samples[usable & _is_data(samples, no_data)].astype(np.float64)
            if values.size == 0:
                return (), ()
            statistics.append(_band_statistics(values))
            histograms.append(_histogram(values, mapping.pixel_type))
    return tuple(statistics), tuple(histograms)


def _is_data(samples: Array, no_data: float | None) -> NDArray[np.bool_]:
    good = np.isfinite(samples) if samples.dtype.kind == "f" else np.ones(samples.shape, np.bool_)
    if no_data is not None and not math.isnan(no_data):
        value = np.float32(no_data) if samples.dtype == np.float32 else no_data
        good &= samples != value
    return good


def _band_statistics(values: Array) -> BandStatistics:
    return BandStatistics(
        min=float(values.min()),
        max=float(values.max()),
        mean=float(values.mean()),
        std=float(values.std()),
        count=int(values.size),
    )


def _histogram(values: Array, pixel_type: PixelType) -> Histogram:
    """Count in value-centred bins for 8 bits and less, else in 256 equal ones."""
    if pixel_type in _SMALL:
        low, high, bins = -0.5, pixel_type.limits[1] + 0.5, int(pixel_type.limits[1]) + 1
    else:
        low, high, bins = float(values.min()), float(values.max()), _BINS
        if low == high:
            low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(values, bins, (low, high))
    return Histogram(min=low, max=high, counts=tuple(int(count) for count in counts))
