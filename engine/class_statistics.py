"""Means and covariances of the bands within the areas of classes: what classifiers learn from.

References
----------
ArcGIS REST API, image service: computeClassStatistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.area_blocks import area_cost, area_pixels
from engine.asked_area import asked_area
from engine.asked_place import size_in_own_units
from engine.measurements import ClassStatistics, ClassStatisticsResult
from engine.request import ImageRequest
from engine.request_parts import Encoding, View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.measure_requests import ClassArea, ClassStatisticsRequest
    from engine.render_work import Work

    Floats = NDArray[np.float64]

# Larger areas are looked at in larger pixels.
_MOST_SAMPLES = 12 << 20


def class_statistics(request: ClassStatisticsRequest, work: Work) -> ClassStatisticsResult:
    """Return the statistics of each class; only pixels with data in all bands count.

    Raises
    ------
    InvalidParameter, RequestTooLarge
    DeadlineExceeded, Cancelled
    """
    return ClassStatisticsResult(
        classes=tuple(_class(each, request, work) for each in request.classes)
    )


def _class(asked: ClassArea, request: ClassStatisticsRequest, work: Work) -> ClassStatistics:
    service = work.service
    cost = area_cost(service, request.rendering)
    place = (asked.geometry, asked.crs)
    pixel = size_in_own_units(service, request.pixel_size, request.pixel_size_crs, place)
    area = asked_area(service, place, pixel, max(1, _MOST_SAMPLES // cost.samples))
    image = ImageRequest(
        view=View(),
        encoding=Encoding(format="bsq"),
        mosaic=request.mosaic,
        rendering=request.rendering,
    )
    pixels = area_pixels(service, area, image, cost)
    moments = Moments(len(pixels.whole.bands))
    for square in pixels.squares(work):
        block = square.meant()
        valid = np.broadcast_to(block.valid, block.data.shape).all(axis=0)
        moments.add(block.data[:, valid].astype(np.float64))
    covariances = moments.covariances()
    return ClassStatistics(
        id=asked.id,
        name=asked.name,
        count=moments.count,
        means=tuple(moments.means.tolist()),
        covariances=tuple(tuple(row) for row in covariances.tolist()),
    )


class Moments:
    """Count, means and sums of products of differences, part by part."""

    def __init__(self, bands: int) -> None:
        self.count = 0
        self.means: Floats = np.zeros(bands)
        self._products: Floats = np.zeros((bands, bands))

    def add(self, samples: Floats) -> None:
        """Add pixels, float64 (bands, n); those with a sample that is not finite are left out."""
        samples = samples[:, np.isfinite(samples).all(axis=0)]
        count = samples.shape[1]
        if not count:
            return
        means = samples.mean(axis=1)
        away = samples - means[:, np.newaxis]
        # Two sets of samples become one (Chan, Golub and LeVeque 1983).
        delta, both = means - self.means, self.count + count
        self._products += away @ away.T + np.outer(delta, delta) * self.count * count / both
        self.means = self.means + delta * count / both
        self.count = both

    def covariances(self) -> Floats:
        """Return the covariances of the samples, by one less than their number; 0 for a single pixel."""
        return np.asarray(self._products / max(self.count - 1, 1))
