"""What a service is after its own chain, which follows the mosaic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.functions.cast import cast
from engine.geometry.projection import vertical_crs
from engine.mosaic_process import ServiceProcess
from engine.pixels import PixelBlock
from engine.process_definition import check_service_chain
from engine.summary import BandInfo, BandStatistics, Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.build.service_facts import ServiceFacts
    from engine.chain import Chain
    from engine.functions.base import BandsInfo
    from engine.pixel_type import PixelType
    from engine.process_steps import Steps

_BINS = 256


def with_service_chain(
    chain: Chain, facts: ServiceFacts, service: str
) -> tuple[ServiceProcess | None, ServiceFacts]:
    """Return the process of a service and the facts in force after it.

    Histograms follow functions that look at each pixel of each band by itself; after others there are
    none unless type and bands stay.

    Raises
    ------
    ConfigError
        Names the service and the process at fault.
    """
    if not chain:
        return None, facts
    process = ServiceProcess(
        chain=chain,
        pixel_type=facts.pixel_type,
        bands=len(facts.bands),
        statistics=facts.statistics,
        histograms=facts.histograms,
        names=tuple(band.name for band in facts.bands),
        wavelengths_nm=tuple(
            (band.wavelength_min_nm, band.wavelength_max_nm) for band in facts.bands
        ),
        height_m=vertical_crs(facts.crs)[1],
    )
    check_service_chain(chain, service, process.info)
    steps = process.bind()
    after = _with_bands(facts, steps.output) if _is_other(facts, steps.output) else facts
    return process, _changed(facts, after, steps)


def _is_other(facts: ServiceFacts, output: BandsInfo) -> bool:
    """Tell whether bands are no longer those of the service, one by one."""
    names = tuple(band.name for band in facts.bands)
    return output.bands != len(facts.bands) or (bool(output.names) and output.names != names)


def _with_bands(facts: ServiceFacts, output: BandsInfo) -> ServiceFacts:
    """Return the facts with the bands of what functions give; of those nothing else is known."""
    count = output.bands
    names = output.names or tuple(f"Band_{number + 1}" for number in range(count))
    waves = output.wavelengths_nm or ((None, None),) * count
    return msgspec.structs.replace(
        facts,
        bands=tuple(
            BandInfo(name=name, wavelength_min_nm=low, wavelength_max_nm=high)
            for name, (low, high) in zip(names, waves, strict=True)
        ),
        picture_bands=(0, 1, 2) if count >= 3 else (0,),
        data_type="thematic" if output.is_thematic else "generic",
    )


def _changed(facts: ServiceFacts, named: ServiceFacts, steps: Steps) -> ServiceFacts:
    """Return the facts in force; `named` are those with the bands that there are after the chain."""
    output = steps.output
    is_same_type = output.pixel_type is facts.pixel_type
    statistics, histograms = facts.statistics, facts.histograms
    if histograms and steps.halo_px == 0 and _is_bandwise(steps, facts):
        made = [_processed(steps, facts, band) for band in range(len(facts.bands))]
        statistics, histograms = tuple(s for s, _ in made), tuple(h for _, h in made)
    elif not is_same_type or named is not facts or (histograms and steps.halo_px == 0):
        statistics = output.statistics if len(output.statistics) == output.bands else ()
        histograms = output.histograms if len(output.histograms) == output.bands else ()
    return msgspec.structs.replace(
        named,
        pixel_type=output.pixel_type,
        statistics=statistics,
        histograms=histograms,
        colormap=output.colormap,
        attribute_table=None,
        no_data_texts=facts.no_data_texts
        if is_same_type and named is facts
        else ("",) * output.bands,
    )


def _is_bandwise(steps: Steps, facts: ServiceFacts) -> bool:
    """Tell whether each band comes of the same band alone: others may have any values then."""
    count = len(facts.bands)
    if steps.output.bands != count:
        return False
    for band in range(count):
        block = _ramp(facts, band)
        other = PixelBlock(block.data[:, :, ::-1].copy(), block.valid)
        other.data[band] = block.data[band]
        one, two = steps.apply(block), steps.apply(other)
        valid, others = (np.broadcast_to(b.valid, b.data.shape)[band] for b in (one, two))
        if not np.array_equal(valid, others):
            return False
        if not np.array_equal(one.data[band][valid], two.data[band][valid]):
            return False
    return True


def _ramp(facts: ServiceFacts, band: int) -> PixelBlock:
    """Return the middles of a band's bins, in all bands."""
    histogram = facts.histograms[band]
    edges = np.linspace(histogram.min, histogram.max, len(histogram.counts) + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    shape = (len(facts.histograms), 1, middles.size)
    plain = PixelBlock(np.broadcast_to(middles, shape).copy(), np.ones(shape, np.bool_))
    return cast(plain, facts.pixel_type)


def _processed(steps: Steps, facts: ServiceFacts, band: int) -> tuple[BandStatistics, Histogram]:
    """Return statistics and histogram of a band after functions, from the middles of its bins."""
    counts = np.asarray(facts.histograms[band].counts, np.float64)
    block = steps.apply(_ramp(facts, band))
    valid = np.broadcast_to(block.valid, block.data.shape)[band, 0] & (counts > 0)
    return _summed(
        block.data[band, 0][valid].astype(np.float64), counts[valid], steps.output.pixel_type
    )


def _summed(
    values: NDArray[np.float64], counts: NDArray[np.float64], pixel_type: PixelType
) -> tuple[BandStatistics, Histogram]:
    if values.size == 0:
        return BandStatistics(min=0.0, max=0.0, mean=0.0, std=0.0), Histogram(
            min=0.0, max=1.0, counts=(0,) * _BINS
        )
    low, high = float(values.min()), float(values.max())
    mean = float(np.average(values, weights=counts))
    std = float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))
    statistics = BandStatistics(min=low, max=high, mean=mean, std=std, count=int(counts.sum()))
    first, last = low, high if high > low else low + 1.0
    if pixel_type.bytes_per_sample == 1:
        first, last = (
            limit + shift for limit, shift in zip(pixel_type.limits, (-0.5, 0.5), strict=True)
        )
    bins = round(last - first) if pixel_type.bytes_per_sample == 1 else _BINS
    binned, _ = np.histogram(values, bins, (first, last), weights=counts)
    return statistics, Histogram(
        min=first, max=last, counts=tuple(int(count) for count in np.rint(binned))
    )
