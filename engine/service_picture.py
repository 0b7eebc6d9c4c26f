"""What is known of a service's samples, and of what a rendering rule makes of them, before any pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter
from engine.functions.base import BandsInfo
from engine.functions.picture import stretch_in_force
from engine.functions.stretch import NONE
from engine.geometry.projection import describe_crs, vertical_crs
from engine.python_functions.messages import RasterPlace
from engine.request_parts import RenderingRule
from engine.summary import BandInfo

if TYPE_CHECKING:
    from engine.summary import Histogram, ServiceSummary


def rule_head(summary: ServiceSummary, output: BandsInfo) -> ServiceSummary:
    """Return the head of a service as if the results of a rule's functions were its samples."""
    return msgspec.structs.replace(
        summary,
        pixel_type=output.pixel_type,
        bands=tuple(BandInfo(name=name) for name in band_names(output)),
        # Three 8-bit bands are a picture as they are.
        picture_bands=(0, 1, 2) if output.bands >= 3 else (0,),
        statistics=output.statistics,
        colormap=output.colormap,
    )


def band_names(output: BandsInfo) -> tuple[str, ...]:
    """Return the names of bands; numbered ones where they have none."""
    if len(output.names) == output.bands:
        return output.names
    return tuple(f"Band_{band + 1}" for band in range(output.bands))


def rule_bands(summary: ServiceSummary, band_ids: tuple[int, ...]) -> tuple[int, ...]:
    """Return the bands (from 0) that a rule knows: those that are asked for, else all.

    Raises
    ------
    InvalidParameter
    """
    count = len(summary.bands)
    check_bands(band_ids, count)
    return band_ids or tuple(range(count))


def check_bands(bands: tuple[int, ...], count: int) -> None:
    """Refuse numbers of bands that are not there; raises InvalidParameter."""
    if any(not 0 <= band < count for band in bands):
        accepted = f"band numbers from 0 to {count - 1}" if count > 1 else "0, the only band"
        raise InvalidParameter("bandIds", ",".join(map(str, bands)), accepted)


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


def by_service(rule: RenderingRule) -> RenderingRule:
    """Return a rule whose stretches by dynamic range take the service's statistics.

    Tiles and single samples are parts of something larger, and have to fit their neighbours.
    """
    stretch = rule.stretch
    if stretch is not None and stretch.dynamic_range:
        plain = msgspec.structs.replace(stretch, dynamic_range=False)
        rule = msgspec.structs.replace(rule, arguments=plain)
    inputs = tuple(
        by_service(each) if isinstance(each, RenderingRule) else each for each in rule.inputs
    )
    return rule if inputs == rule.inputs else msgspec.structs.replace(rule, inputs=inputs)


def bands_info(
    summary: ServiceSummary, histograms: tuple[Histogram, ...], bands: tuple[int, ...]
) -> BandsInfo:
    """Return what is known of some bands (from 0) of a service without their pixels."""
    statistics = summary.statistics
    most = max(bands)
    shown = [summary.bands[band] for band in bands]
    return BandsInfo(
        summary.pixel_type,
        len(bands),
        tuple(statistics[band] for band in bands) if most < len(statistics) else (),
        tuple(histograms[band] for band in bands) if most < len(histograms) else (),
        names=tuple(band.name for band in shown),
        wavelengths_nm=tuple((band.wavelength_min_nm, band.wavelength_max_nm) for band in shown),
        colormap=summary.colormap if len(bands) == 1 else (),
        is_thematic=summary.data_type == "thematic",
        height_m=vertical_crs(summary.crs)[1],
        place=_place(summary),
    )


def _place(summary: ServiceSummary) -> RasterPlace:
    box = summary.extent
    return RasterPlace(
        extent=(box.xmin, box.ymin, box.xmax, box.ymax),
        wkid=describe_crs(summary.crs).wkid,
        cell_size=(summary.pixel_size_x, summary.pixel_size_y),
    )
