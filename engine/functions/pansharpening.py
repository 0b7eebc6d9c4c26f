"""The Pansharpening function: the detail of a panchromatic band in the colours of multispectral ones.

Each band looks at no neighbour: panchromatic and multispectral rasters are sampled once each onto the grid of
the answer. Where its pixels are no finer than the multispectral ones, `engine.pansharpened_view` delivers those.

With pan P, bands M, their weights w (that sum to 1) and I = Σ w · M:

- IHS: M + (P - w_ir · ir) - (R + G + B) / 3, of red, green and blue alone; the linear form of taking another
  intensity. Brovey: M · (P - w_ir · ir) / (w_r · R + w_g · G + w_b · B). Esri: M + (P - I). Simple mean: (M + P) / 2.
- Gram-Schmidt: M + g · (P' - I), P' being P with mean and deviation of I, and g = cov(M, I) / var(I). Means and
  deviations are those of the service, not of the view, so that tiles agree; as it knows no covariances, bands count
  as rising and falling together, which makes g the quotient of deviations.

References
----------
ArcGIS Pro, Fundamentals of panchromatic sharpening (IHS, Brovey, Esri, simple mean); ArcGIS REST API, raster function
objects: Pansharpening. Tu, T.-M. et al. (2001), A new look at IHS-like image fusion methods, Information Fusion
2(3), 177-186. Gillespie, A. R. et al. (1987), Color enhancement of highly correlated images II, Remote Sensing of
Environment 22(3), 343-365 (Brovey). Laben, C. A., Brower, B. V. (2000), US patent 6,011,875 (Gram-Schmidt).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.expressions.tree import Sample, call
from engine.function_rules import PansharpeningRule
from engine.functions.base import BandsInfo, EachPixel, OfSeveral, arguments_of, retyped, some_bands
from engine.functions.pointwise import PointwiseFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from engine.expressions.tree import Expression
    from engine.request_parts import RenderingRule
    from engine.summary import BandStatistics

IHS, BROVEY, ESRI, SIMPLE_MEAN, GRAM_SCHMIDT = range(5)
_TYPES = "0 (IHS), 1 (Brovey), 2 (Esri), 3 (simple mean) or 4 (Gram-Schmidt)"
_COLOURS = 3
# Rasters where one is the infrared.
_ALL = 3


@dataclass(frozen=True, slots=True)
class _Images:
    """What is sharpened, and with what.

    Attributes
    ----------
    bands : tuple of Sample
        Multispectral ones, the infrared one among them.
    weights : tuple of float
        Of the first of them, up to the infrared; they sum to 1.
    infrared : int or None
        Its place among the bands.
    """

    pan: Sample
    bands: tuple[Sample, ...]
    weights: tuple[float, ...]
    infrared: int | None

    @property
    def colours(self) -> list[int]:
        """Places of red, green and blue, as far as there are such."""
        return [n for n in range(len(self.weights)) if n != self.infrared]

    @property
    def pan_of_colours(self) -> Expression:
        """The panchromatic band less its infrared."""
        if self.infrared is None:
            return self.pan
        dark = call("mul", self.bands[self.infrared], self.weights[self.infrared])
        return call("sub", self.pan, dark)

    def weighted(self, places: Iterable[int]) -> Expression:
        """Return the weighted sum of some bands."""
        return call("sum", *(call("mul", self.bands[n], self.weights[n]) for n in places))


class Pansharpening(EachPixel, OfSeveral[PointwiseFunction]):
    """The raster function; output is of the multispectral raster's type unless the rule names one.

    A panchromatic raster of several bands counts with the one that is named Pan, else with its first; of
    the multispectral raster a band of that name is left out. So one service that holds all bands is both.
    The statistics of the multispectral bands stand for those of the result.
    """

    def bind_inputs(self, infos: Sequence[BandsInfo], rule: RenderingRule) -> PointwiseFunction:
        """Find the bands and check the arguments.

        Raises
        ------
        InvalidParameter
        """
        arguments = arguments_of(rule, PansharpeningRule)
        kind = arguments.pansharpening_type
        if kind not in _METHODS:
            raise InvalidParameter("PansharpeningType", kind, _TYPES)
        source = min(1, len(infos) - 1)
        pan = _pan_band(infos[0], is_alone=source == 0)
        shown = _multispectral_bands(infos[source], pan if source == 0 else None)
        info = some_bands(infos[source], shown)
        images = _images(
            arguments, Sample(0, pan), (source, shown), has_infrared=len(infos) == _ALL
        )
        if len(infos) == _ALL:
            info = BandsInfo(info.pixel_type, len(images.bands), properties=info.properties)
        places = images.colours if kind == IHS else list(range(len(images.bands)))
        if arguments.multispectral_only:
            found: Sequence[Expression] = images.bands
        else:
            found = _METHODS[kind](images, infos)
        output = replace(some_bands(info, places), colormap=())
        output = retyped(output, rule.output_pixel_type or info.pixel_type)
        return PointwiseFunction(output, tuple(found[place] for place in places))


def is_pan(name: str) -> bool:
    """Tell whether a band of this name is the panchromatic one."""
    return name.casefold() in ("pan", "panchromatic")


def _pan_band(info: BandsInfo, *, is_alone: bool) -> int:
    named = [n for n, name in enumerate(info.names) if is_pan(name)]
    if not named and is_alone and info.names:
        raise InvalidParameter("PanImage", "nothing", "a raster, as no band is named Pan")
    return named[0] if named else 0


def _multispectral_bands(info: BandsInfo, pan: int | None) -> list[int]:
    named = [n for n, name in enumerate(info.names) if is_pan(name)]
    found = [band for band in range(info.bands) if band != pan and band not in named]
    if not found:
        raise InvalidParameter("MSImage", f"{info.bands} band", "a raster with bands beside Pan")
    return found


def _images(
    arguments: PansharpeningRule, pan: Sample, shown: tuple[int, list[int]], *, has_infrared: bool
) -> _Images:
    """Return what is sharpened with the weights that count, scaled."""
    source, places = shown
    bands = [Sample(source, band) for band in places]
    infrared = None
    if has_infrared:
        infrared = min(_COLOURS, len(bands))
        bands.insert(infrared, Sample(2, 0))
    elif len(bands) > _COLOURS and arguments.use_fourth_band_of_ms_as_ir:
        infrared = _COLOURS
    given = arguments.weights
    if len(given) < _COLOURS or not all(math.isfinite(w) and w >= 0 for w in given):
        raise InvalidParameter("Weights", given, "numbers from 0 of red, green, blue and infrared")
    used = list(given[: min(_COLOURS, len(bands) if infrared is None else infrared)])
    if sum(used) <= 0:
        raise InvalidParameter("Weights", given, "weights of the bands that are not all 0")
    if infrared is not None:
        used.append(given[_COLOURS] if len(given) > _COLOURS else 0.0)
    weights = tuple(weight / sum(used) for weight in used)
    return _Images(pan, tuple(bands), weights, infrared)


def _ihs(images: _Images, infos: Sequence[BandsInfo]) -> list[Expression]:
    del infos
    shown = call("mean", *(images.bands[n] for n in images.colours))
    change = call("sub", images.pan_of_colours, shown)
    return [call("add", band, change) for band in images.bands]


def _brovey(images: _Images, infos: Sequence[BandsInfo]) -> list[Expression]:
    del infos
    factor = call("div", images.pan_of_colours, images.weighted(images.colours))
    return [call("mul", band, factor) for band in images.bands]


def _esri(images: _Images, infos: Sequence[BandsInfo]) -> list[Expression]:
    del infos
    change = call("sub", images.pan, images.weighted(range(len(images.weights))))
    return [call("add", band, change) for band in images.bands]


def _simple_mean(images: _Images, infos: Sequence[BandsInfo]) -> list[Expression]:
    del infos
    return [call("mul", call("add", band, images.pan), 0.5) for band in images.bands]


def _gram_schmidt(images: _Images, infos: Sequence[BandsInfo]) -> list[Expression]:
    pan = _known(images.pan, infos)
    known = [_known(band, infos) for band in images.bands]
    weighted = list(zip(known, images.weights, strict=False))
    mean = sum(each.mean * weight for each, weight in weighted)
    deviation = sum(each.std * weight for each, weight in weighted)
    if pan.std <= 0 or deviation <= 0:
        raise InvalidParameter("PansharpeningType", GRAM_SCHMIDT, "bands of more than one value")
    scale = deviation / pan.std
    matched = call("add", call("mul", images.pan, scale), mean - pan.mean * scale)
    detail = call("sub", matched, images.weighted(range(len(images.weights))))
    return [
        call("add", band, call("mul", detail, each.std / deviation))
        for band, each in zip(images.bands, known, strict=True)
    ]


def _known(sample: Sample, infos: Sequence[BandsInfo]) -> BandStatistics:
    info = infos[sample.source]
    if len(info.statistics) != info.bands or info.statistics[sample.band].is_empty:
        accepted = "rasters whose statistics are known; else 0 to 3"
        raise InvalidParameter("PansharpeningType", GRAM_SCHMIDT, accepted)
    return info.statistics[sample.band]


_METHODS: dict[int, Callable[[_Images, Sequence[BandsInfo]], list[Expression]]] = {
    IHS: _ihs,
    BROVEY: _brovey,
    ESRI: _esri,
    SIMPLE_MEAN: _simple_mean,
    GRAM_SCHMIDT: _gram_schmidt,
}
