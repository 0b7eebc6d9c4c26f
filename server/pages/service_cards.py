"""What the pages say of a service at a glance, made from its summary alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.dates import moment_of

if TYPE_CHECKING:
    from engine.summary import ServiceSummary
    from server.site.service_registry import PublishedService

_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """A service as a page shows it; `facts` are short phrases."""

    name: str
    title: str
    description: str
    copyright: str
    facts: tuple[str, ...]
    has_wms: bool = False


def make_card(service: PublishedService) -> ServiceCard:
    """Describe a published service."""
    summary = service.summary
    properties = summary.properties
    return ServiceCard(
        name=service.name,
        title=properties.title or service.name.rsplit("/", 1)[-1].replace("_", " "),
        description=properties.description,
        copyright=properties.copyright,
        facts=tuple(_facts(summary)),
        has_wms=properties.wms,
    )


def _facts(summary: ServiceSummary) -> list[str]:
    count = summary.primary_count
    rasters = "1 raster" if count == 1 else f"{count:,} rasters"
    bands = "1 band" if len(summary.bands) == 1 else f"{len(summary.bands)} bands"
    scale = _METRES_PER_DEGREE if summary.is_geographic else summary.metres_per_unit
    facts = [
        rasters,
        f"{bands} {summary.pixel_type}",
        ground_size(summary.pixel_size_x * scale),
        f"EPSG:{summary.latest_wkid or summary.wkid}" if summary.wkid else "own CRS",
    ]
    if summary.time is not None:
        facts.append(_period(summary.time.start, summary.time.end))
    return facts


def ground_size(size_m: float) -> str:
    """Return a pixel size in the unit a person would use.

    Examples
    --------
    >>> ground_size(3000.0), ground_size(0.25), ground_size(10.0)
    ('3 km pixels', '25 cm pixels', '10 m pixels')
    """
    if size_m >= 1000:
        return f"{size_m / 1000:.3g} km pixels"
    if size_m < 1:
        return f"{size_m * 100:.3g} cm pixels"
    return f"{size_m:.3g} m pixels"


def _period(start_ms: int, end_ms: int) -> str:
    start, end = _day(start_ms), _day(end_ms)
    return start if start == end else f"{start} to {end}"


def _day(time_ms: int) -> str:
    return moment_of(time_ms).date().isoformat()
