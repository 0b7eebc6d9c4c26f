"""The place of a query: its geometry on the service's map, and how footprints must lie to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from engine.errors import InvalidParameter
from engine.extent import Extent
from engine.geometry.projection import canonical_crs, operation
from engine.geometry.shape_crs import shape_to_crs
from engine.target_grid import world_period

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.request import QueryRequest, SpatialRelation
    from engine.summary import ServiceSummary

_SURE_WHEN_INSIDE = ("intersects", "contains", "envelope_intersects")
_SURE_WHEN_MET = ("intersects", "envelope_intersects")
# Cells of the DE-9IM matrix that say whether two shapes have a point in common.
_MEETING_CELLS = (0, 1, 3, 4)


@dataclass(frozen=True, slots=True)
class QueryPlace:
    """A geometry in service CRS, and the relation of footprints to it."""

    shape: shapely.Geometry
    relation: SpatialRelation
    pattern: str = ""

    @property
    def needs_meeting(self) -> bool:
        """Tell whether only footprints whose box meets that of the geometry can match."""
        if self.relation != "relate":
            return True
        return any(self.pattern[cell] in "T012" for cell in _MEETING_CELLS)

    def holds(self, all_footprints: Extent | None) -> bool:
        """Tell whether all footprints are sure to match: a map that shows the whole service asks so."""
        if all_footprints is None or self.relation not in _SURE_WHEN_INSIDE:
            return False
        box = all_footprints
        return bool(
            shapely.contains_properly(
                self.shape, shapely.box(box.xmin, box.ymin, box.xmax, box.ymax)
            )
        )

    def sure_box(self, crs: str) -> Extent | None:
        """Return the box for whose inner boxes all footprints are sure to match; None where there is none.

        Parameters
        ----------
        crs
            Of the service: at the edges of a map of the world footprints have boxes elsewhere too.
        """
        # One part of a footprint may lie inside and another, with a box of its own, far away.
        if self.relation not in _SURE_WHEN_MET or self.shape.is_empty:
            return None
        box = Extent(*self.shape.bounds)
        half = world_period(crs) / 2
        is_inner = not half or (box.xmin > -half and box.xmax < half)
        is_box = self.shape.area == box.width * box.height > 0
        return box if is_box and is_inner else None

    def matches(self, footprints: NDArray[Any]) -> NDArray[np.bool_]:
        """Tell which footprints fulfil the relation."""
        shape = self.shape
        match self.relation:
            # The query's geometry is the subject: it contains the footprint, or is within it.
            case "contains":
                found = shapely.contains(shape, footprints)
            case "within":
                found = shapely.within(shape, footprints)
            case "crosses":
                found = shapely.crosses(shape, footprints)
            case "overlaps":
                found = shapely.overlaps(shape, footprints)
            case "touches":
                found = shapely.touches(shape, footprints)
            case "envelope_intersects":
                boxes = shapely.box(*shapely.bounds(footprints).T)
                found = shapely.intersects(shapely.box(*shape.bounds), boxes)
            case "relate":
                found = shapely.relate_pattern(shape, footprints, self.pattern)
            case _:
                found = shapely.intersects(shape, footprints)
        return np.asarray(found, np.bool_)


def query_place(request: QueryRequest, summary: ServiceSummary) -> QueryPlace | None:
    """Return the place of a query; None where it has none.

    Raises
    ------
    InvalidParameter
        The geometry cannot be read.
    """
    if not request.geometry:
        return None
    crs = summary.crs
    from_crs = canonical_crs(request.crs, "inSR") if request.crs else crs
    try:
        shape = shapely.from_wkb(request.geometry)
        if not shape.is_valid:
            shape = shapely.make_valid(shape)
        pipeline = operation(from_crs, crs, summary.extent_lonlat).pipeline
        shape = shape_to_crs(shape, pipeline)
    except shapely.errors.GEOSException as err:
        raise InvalidParameter("geometry", err, "a point, line, polygon or box") from err
    shapely.prepare(shape)
    return QueryPlace(shape, request.relation, request.relation_pattern)
