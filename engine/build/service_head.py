"""Make the head of a compiled definition of the facts that build found and the author's properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.build.picture_choice import shown_bands
from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.extent_transform import transform_extent
from engine.geometry.projection import (
    LONLAT,
    MERCATOR,
    describe_crs,
    operation,
)
from engine.pole_boxes import POLES, holds_pole
from engine.summary import FieldInfo, ServiceSummary
from engine.target_grid import world_period
from engine.tile_scheme import HALF_WORLD_M
from engine.world_turns import world_boxes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from config.definition import ServiceProperties
    from engine.build.service_facts import ServiceFacts


def make_summary(
    facts: ServiceFacts,
    extent: Extent,
    properties: ServiceProperties,
    fields: Sequence[FieldInfo],
    source_type: Literal["mosaic", "raster"] = "mosaic",
) -> ServiceSummary:
    """Return the head of a service; time, seamlines and count of items are still to be filled in."""
    crs = describe_crs(facts.crs)
    return ServiceSummary(
        properties=properties,
        source_type=source_type,
        data_type=facts.data_type,
        crs=facts.crs,
        wkid=crs.wkid,
        latest_wkid=crs.latest_wkid,
        wkt=crs.wkt,
        is_geographic=crs.is_geographic,
        metres_per_unit=crs.metres_per_unit,
        extent=extent,
        extent_lonlat=_extent_in(facts.crs, LONLAT, extent),
        extent_mercator=_mercator(facts.crs, extent),
        pixel_size_x=facts.pixel_size_x,
        pixel_size_y=facts.pixel_size_y,
        pixel_type=facts.pixel_type,
        bands=facts.bands,
        statistics=facts.statistics,
        has_histograms=bool(facts.histograms),
        no_data=facts.no_data,
        colormap=facts.colormap,
        attribute_table=facts.attribute_table,
        picture_bands=shown_bands(facts, properties.picture_bands),
        fields=tuple(fields),
        overview_ps=facts.overview_ps,
        overview_field=facts.overview_field,
        coarsest_ps=facts.coarsest_ps,
        uncompressed_size=facts.uncompressed_size,
        block_width=facts.block_width,
        block_height=facts.block_height,
    )


def _extent_in(crs: str, to_crs: str, extent: Extent) -> Extent | None:
    """Return the box in another CRS, None where it has no place there."""
    try:
        pipeline = operation(crs, to_crs).pipeline
    except InvalidParameter:
        return None
    found: Extent | None = None
    half = world_period(crs) / 2
    for part in world_boxes(crs, extent, extent.width * 1e-6):
        # Rounded to a hair beyond the map's edge, it would be looked for at the other end.
        box = transform_extent(pipeline, _up_to(part, half) if half else part)
        if box is not None and not half:
            box = _around(box, to_crs, (crs, part))
        found = found.union(box) if found and box else found or box
    return found


def _up_to(box: Extent, half: float) -> Extent:
    return Extent(max(box.xmin, -half), box.ymin, min(box.xmax, half), box.ymax)


def _around(box: Extent, crs: str, own: tuple[str, Extent]) -> Extent:
    """Return a box of the world that holds what lies between the points that it was measured at.

    One of a map that does not go round, and more than half the world wide, crosses the antimeridian or
    holds a pole: it goes to the map's edges.
    """
    half = world_period(crs) / 2
    if not half or box.width <= half:
        return box
    end = HALF_WORLD_M if crs == MERCATOR else POLES[1]
    south, north = (holds_pole(*own, pole) for pole in POLES)
    return Extent(-half, -end if south else box.ymin, half, end if north else box.ymax)


def _mercator(crs: str, extent: Extent) -> Extent | None:
    """Return the box in Web Mercator, cut at the edge of its square world."""
    box = _extent_in(crs, MERCATOR, extent)
    if box is None:
        return None
    limit = HALF_WORLD_M
    return box.intersection(Extent(-limit, -limit, limit, limit)) if box.is_finite else None
