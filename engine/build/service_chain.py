"""What a service is after its own chain, which follows the mosaic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import ConfigError
from engine.functions.base import BandsInfo
from engine.functions.cast import cast
from engine.mosaic_process import ServiceProcess
from engine.pixels import PixelBlock
from engine.process_definition import check_service_chain
from engine.summary import BandStatistics, Histogram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.build.service_facts import ServiceFacts
    from engine.chain import Chain
    from engine.pixel_type import PixelType
    from engine.process_steps import Steps

_BINS = 256


def with_service_chain(
    chain: Chain, facts: ServiceFacts, service: str
) -> tuple[ServiceProcess | None, ServiceFacts]:
    """Return the process of a service and the facts in force after it.

    Histograms follow functions that look at each pixel by itself; after others there are none unless
    the type of the samples stays.

    Raises
    ------
    ConfigError
        Names the service and the process at fault.
    """
    if not chain:
        return None, facts
    info = BandsInfo(facts.pixel_type, len(facts.bands), facts.statistics, facts.histograms)
    check_service_chain(chain, service, info)
    process = ServiceProcess(
        chain=chain,
        pixel_type=facts.pixel_type,
        bands=len(facts.bands),
        statistics=facts.statistics,
        histograms=facts.histograms,
    )
    steps = process.bind()
    if steps.output.bands != len(facts.bands):
        why = f"gives {steps.output.bands} bands; the service has {len(facts.bands)}"
        raise ConfigError(f"service {service!r}", "process chain", why)
    return process, _changed(facts, steps)


def _changed(facts: ServiceFacts, steps: Steps) -> ServiceFacts:
    after = steps.output.pixel_type
    is_same_type = after is facts.pixel_type
    statistics, histograms = facts.statistics, facts.histograms
    if steps.halo_px == 0 and histograms:
        made = [_processed(steps, facts, band) for band in range(len(facts.bands))]
        statistics, histograms = tuple(s for s, _ in made), tuple(h for _, h in made)
    elif not is_same_type:
        statistics, histograms = (), ()
    return msgspec.structs.replace(
        facts,
        pixel_type=after,
        statistics=statistics,
        histograms=histograms,
        colormap=(),
        no_data_texts=facts.no_data_texts if is_same_type else ("",) * len(facts.bands),
    )


def _processed(steps: Steps, facts: ServiceFacts, band: int) -> tuple[BandStatistics, Histogram]:
    """Return statistics and histogram of a band after functions, from the middles of its bins."""
    histogram = facts.histograms[band]
    counts = np.asarray(histogram.counts, np.float64)
    edges = np.linspace(histogram.min, histogram.max, counts.size + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    shape = (len(facts.histograms), 1, counts.size)
    plain = PixelBlock(np.broadcast_to(middles, shape).copy(), np.ones(shape, np.bool_))
    block = steps.apply(cast(plain, facts.pixel_type))
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
