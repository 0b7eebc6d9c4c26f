"""Which items answer a request, and in which order: selection, visibility by pixel size, mosaic method."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from config.definition import MosaicMethod, MosaicOperator
from engine.catalog_place import Place
from engine.dates import ACCEPTED_DATES
from engine.dimension_selection import SlicesAsked, slice_condition
from engine.errors import InvalidParameter
from engine.geometry.projection import canonical_crs, operation, transform
from engine.image_space import image_space_item
from engine.image_view import items_in_image_space
from engine.item import COMPANION, OVERVIEW
from engine.item_rasters import pixel_size_of, shows
from engine.mosaic.methods import METHODS
from engine.mosaic.methods.base import OrderView
from engine.mosaic.methods.by_attribute import number_of_sort_value
from engine.view_area import view_area
from engine.zmd import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.catalog_selection import Selection
    from engine.item import Item
    from engine.mosaic.ranking import Ranking
    from engine.request import ImageRequest
    from engine.request_parts import MapPoint, MosaicRule
    from engine.service import ImageService
    from engine.summary import FieldInfo
    from engine.target_grid import TargetGrid
    from engine.view_area import ViewArea


_NAMING_FIELDS = re.compile(r"\b(Tag|Category|Name|OBJECTID)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selected:
    """Items in mosaic order, topmost first, and the rule in force."""

    items: list[Item]
    method: MosaicMethod
    operator: MosaicOperator
    per_pixel: bool
    ascending: bool
    truncated: str = ""


def select_items(
    service: ImageService, grid: TargetGrid, rule: MosaicRule, request: ImageRequest
) -> Selected:
    """Return the items of a view.

    Raises
    ------
    InvalidParameter
        The rule names a field, method or id that cannot be.
    """
    number = image_space_item(grid.lattice.crs)
    if number is not None:
        found = items_in_image_space(service, number, rule, request)
        lock, first = MosaicMethod.LOCK_RASTER, MosaicOperator.FIRST
        return Selected(found, lock, first, per_pixel=False, ascending=True)
    properties = service.summary.properties
    method = _method(service, rule)
    operator = rule.operator or properties.mosaic_operator
    ascending = properties.sort_ascending if rule.ascending is None else rule.ascending
    area = view_area(service, grid)
    found = []
    limit = properties.max_mosaic_images
    if area is not None:
        unread = partial(_order_view, service, rule, area, (), ascending=ascending)
        asked = _Asked(grid, rule, request, area)
        found = _find(service, asked, lambda: METHODS[method].rank(unread()))
    tiled = request.view.tile is not None
    per_pixel = tiled and METHODS[method].depends_on_view
    ordered = METHODS[method].order(
        found, _order_view(service, rule, area, found, ascending=ascending)
    )
    truncated = ""
    if len(ordered) > limit:
        ordered = ordered[:limit]
        truncated = f"more than {limit} rasters in the view"
    return Selected(ordered, method, operator, per_pixel, ascending, truncated)


def _method(service: ImageService, rule: MosaicRule) -> MosaicMethod:
    method = rule.method or service.summary.properties.mosaic_method
    if method is MosaicMethod.SEAMLINE and not service.summary.has_seamlines:
        return MosaicMethod.NORTH_WEST
    if method is MosaicMethod.LOCK_RASTER and not _lock_ids(service, rule):
        raise InvalidParameter("lockRasterIds", "", "the OBJECTIDs of one or more items")
    return method


def _lock_ids(service: ImageService, rule: MosaicRule) -> tuple[int, ...]:
    return rule.lock_ids or service.summary.properties.lock_raster_ids


@dataclass(frozen=True, slots=True)
class _Asked:
    """A view and what is wanted in it."""

    grid: TargetGrid
    rule: MosaicRule
    request: ImageRequest
    area: ViewArea


def _find(service: ImageService, asked: _Asked, ranking: Callable[[], Ranking]) -> list[Item]:
    """Return the items of a view; of more than a mosaic may have, the first in its order and one more."""
    catalog, rule, area = service.catalog, asked.rule, asked.area
    is_locked = _method(service, rule) is MosaicMethod.LOCK_RASTER
    slices = None
    if not is_locked:
        slices = slice_condition(service.summary, SlicesAsked(rule, asked.request.time))
    selection = catalog.select(rule.where, rule.fids, asked.request.time, slices)
    if is_locked:
        return catalog.items_by_id(_lock_ids(service, rule), selection)
    group = _group(service, asked, selection)
    if not group and _needs_primaries(service, rule, asked.request):
        place = Place(area.extent, 0.0, 0.0)
        takes_part = _is_no_overview if _names_items(rule) else _is_primary
    else:
        place = Place(area.extent, area.ps_min, area.ps_max)
        takes_part = partial(_shows, service, asked.grid, group)
    limit = service.summary.properties.max_mosaic_images + 1
    fids = None if selection is None else selection.fids
    # Few are found as they lie; the order of many is looked up only where it decides who stays.
    most = limit if fids is None else max(limit, len(fids))
    items = catalog.items_at(place.extent, place.ps_min, place.ps_max, selection, most)
    if len(items) < limit or fids is not None:
        return [item for item in items if takes_part(item)]
    ranked = catalog.ranked_at(place, selection, ranking(), 2 * limit)
    return list(islice(filter(takes_part, ranked), limit))


def _is_primary(item: Item) -> bool:
    return item.category not in (OVERVIEW, COMPANION)


def _is_no_overview(item: Item) -> bool:
    return item.category != OVERVIEW


def _names_items(rule: MosaicRule) -> bool:
    """Tell whether a rule asks for items by what they are: companions answer to that alone."""
    return rule.fids is not None or _NAMING_FIELDS.search(rule.where) is not None


def _needs_primaries(service: ImageService, rule: MosaicRule, request: ImageRequest) -> bool:
    """Tell whether overviews, mosaics of the default rule, cannot answer."""
    if service.summary.variables:
        # An overview is of no slice.
        return True
    properties = service.summary.properties
    other_order = rule.method is MosaicMethod.ATTRIBUTE or (
        (rule.method or properties.mosaic_method) is MosaicMethod.ATTRIBUTE
        and (bool(rule.sort_field) or rule.sort_value is not None or rule.ascending is not None)
    )
    return (
        bool(rule.where.strip())
        or rule.fids is not None
        or (request.time is not None and service.summary.time is not None)
        or other_order
        or (rule.operator is not None and rule.operator is not properties.mosaic_operator)
    )


def _group(service: ImageService, asked: _Asked, selection: Selection | None) -> frozenset[int]:
    """Return the overviews of the group that a condition chooses, where nothing else is asked for."""
    unfiltered = msgspec.structs.replace(asked.rule, where="")
    if not asked.rule.where.strip() or _needs_primaries(service, unfiltered, asked.request):
        return frozenset()
    return service.overview_groups.chosen_by(selection)


def _shows(service: ImageService, grid: TargetGrid, group: frozenset[int], item: Item) -> bool:
    """Tell whether an item shows at the grid's pixel size, measured at the item's own centre.

    Of overviews only those of the group do that is asked for; without one, those of the whole service.
    """
    if item.category == OVERVIEW:
        own = group or service.overview_groups.ids
        if (item.id in own) != bool(group):
            return False
    if grid.lattice.crs == service.summary.crs:
        return True
    size = pixel_size_of(service, item, grid)
    return size is not None and shows(item, size)


def _order_view(
    service: ImageService,
    rule: MosaicRule,
    area: ViewArea | None,
    items: Sequence[Item],
    *,
    ascending: bool,
) -> OrderView:
    properties = service.summary.properties
    method = rule.method or properties.mosaic_method
    center = (0.0, 0.0) if area is None else (area.extent.center_x, area.extent.center_y)
    values, column = {}, ""
    sort_value = rule.sort_value
    if sort_value is None and rule.sort_field.casefold() in ("", properties.sort_field.casefold()):
        # The service's value means something for the service's field alone.
        sort_value = properties.sort_value or None
    if method is MosaicMethod.ATTRIBUTE:
        name = rule.sort_field or properties.sort_field
        if not name:
            raise InvalidParameter("sortField", "", "a field of the service table")
        values = service.catalog.attribute_values(name, [item.id for item in items])
        field = service.catalog.field(name, "sortField")
        _check_sort_value(rule.sort_value, field)
        column = quote(field.name)
    return OrderView(
        center=center,
        viewpoint=_in_service(service, rule.viewpoint),
        ascending=ascending,
        size_edges=service.catalog.size_edges,
        attribute_values=values,
        sort_value=sort_value,
        sort_column=column,
        lock_ids=_lock_ids(service, rule),
    )


def _check_sort_value(value: str | float | None, field: FieldInfo) -> None:
    """Refuse a text that is no place to measure from where the field has such places."""
    if field.type == "string" or value in (None, "") or number_of_sort_value(value) is not None:
        return
    accepted = (
        f"milliseconds since 1970, or {ACCEPTED_DATES}" if field.type == "date" else "a number"
    )
    raise InvalidParameter("sortValue", value, f"{accepted}, as {field.name} has")


def _in_service(service: ImageService, point: MapPoint | None) -> tuple[float, float] | None:
    if point is None:
        return None
    crs = canonical_crs(point.crs, "viewpoint") if point.crs else service.summary.crs
    pipeline = operation(crs, service.summary.crs, service.summary.extent_lonlat).pipeline
    x, y = transform(pipeline, np.array([point.x]), np.array([point.y]))
    if not (np.isfinite(x[0]) and np.isfinite(y[0])):
        raise InvalidParameter(
            "viewpoint", f"{point.x:g},{point.y:g}", "a point on the service's map"
        )
    return float(x[0]), float(y[0])
