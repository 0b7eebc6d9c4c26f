"""How a service's samples become a picture where a rendering rule may ask for any function."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.functions.base import BandsInfo
from engine.functions.picture import Picture, bind_picture, stretch_in_force
from engine.functions.stretch import NONE
from engine.mosaic_process import is_function, rule_steps
from engine.request import RenderingRule

if TYPE_CHECKING:
    from engine.functions.cast import NoDataMatch
    from engine.summary import Histogram, ServiceSummary


def service_picture(
    summary: ServiceSummary,
    histograms: tuple[Histogram, ...],
    asked: tuple[tuple[int, ...], RenderingRule | None, NoDataMatch],
) -> Picture:
    """Return the picture of samples, after the rule's function where it is no step of the picture.

    Parameters
    ----------
    asked : (band ids, rule, no data match)

    Raises
    ------
    InvalidParameter
    """
    band_ids, rule, match = asked
    if rule is None or not is_function(rule):
        if summary.pixel_type.is_float and not summary.statistics:
            # Floats have no range of their own to be stretched over.
            rule = by_view(summary, rule)
        return bind_picture(summary, histograms, band_ids, rule, match)
    # The function's results, as they are where they are 8-bit ones.
    plain = bind_picture(summary, histograms, band_ids, None, match)
    output = rule_steps(rule, bands_info(summary, histograms, plain.bands)).output
    head = msgspec.structs.replace(
        summary, pixel_type=output.pixel_type, statistics=(), colormap=()
    )
    return bind_picture(head, (), plain.bands, None, match)


def by_view(summary: ServiceSummary, rule: RenderingRule | None) -> RenderingRule | None:
    """Return a rule of the picture with its stretch taken from what each view holds.

    A rule that stretches nothing stays, and so do statistics that it brings itself.
    """
    stretch = stretch_in_force(summary, rule)
    if stretch is None or stretch.stretch_type == NONE or stretch.statistics:
        return rule
    stretch = msgspec.structs.replace(stretch, dynamic_range=True)
    if rule is None:
        return RenderingRule(function="Stretch", arguments=stretch)
    return msgspec.structs.replace(rule, arguments=stretch)


def bands_info(
    summary: ServiceSummary, histograms: tuple[Histogram, ...], bands: tuple[int, ...]
) -> BandsInfo:
    """Return what is known of some bands (from 0) of a service without their pixels."""
    statistics = summary.statistics
    return BandsInfo(
        summary.pixel_type,
        len(bands),
        tuple(statistics[band] for band in bands) if max(bands) < len(statistics) else (),
        tuple(histograms[band] for band in bands) if max(bands) < len(histograms) else (),
    )
