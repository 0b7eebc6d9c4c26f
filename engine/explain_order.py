"""Why a raster stands where it stands: the keys of its mosaic method in a person's words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from config.definition import MosaicMethod
from engine.dates import date_words
from engine.item import OVERVIEW
from engine.world_turns import object_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.item import Item
    from engine.plan import Plan
    from engine.request import ImageRequest
    from engine.results import AttributeValue
    from engine.service import ImageService

_METRES_PER_DEGREE = 111_320.0


def order_reasons(made: Plan, service: ImageService, request: ImageRequest) -> dict[int, str]:
    """Return a short sentence for each raster of a plan, by OBJECTID.

    The order is by ZOrder, then by ground pixel size in bands of a factor of two, then by the method's
    own key; the sentence names these in that order (an attribute comes before the size).
    """
    items = [planned.item for planned in made.items]
    if not items:
        return {}
    own = _method_words(made, service, request, items)
    return {item.id: _sentence(made, item, own(item)) for item in items}


def _sentence(made: Plan, item: Item, own: str) -> str:
    parts = [f"ZOrder {item.z_order:g}"] if item.z_order is not None else []
    size = f"{_length(item.ground_size_m)} pixels"
    parts += [own, size] if made.method == MosaicMethod.ATTRIBUTE else [size, own]
    if item.category == OVERVIEW:
        parts.append("stands for many at this scale")
    return "; ".join(part for part in parts if part)


def _method_words(
    made: Plan, service: ImageService, request: ImageRequest, items: list[Item]
) -> Callable[[Item], str]:
    method = MosaicMethod(made.method)
    unit = service.summary.metres_per_unit
    scale = _METRES_PER_DEGREE if service.summary.is_geographic else unit
    if method is MosaicMethod.ATTRIBUTE:
        return _attribute_words(service, request, items)
    if method is MosaicMethod.LOCK_RASTER:
        return lambda _item: "as the request lists it"
    if method is MosaicMethod.NONE:
        return lambda item: f"OBJECTID {object_id(item.id)}"
    if method is MosaicMethod.NORTH_WEST:
        # Along the diagonal, from the item that lies farthest to the north-west.
        least = min(item.center_x - item.center_y for item in items)

        def from_corner(item: Item) -> str:
            steps = (item.center_x - item.center_y - least) * scale / math.sqrt(2)
            if steps < item.ground_size_m:
                return "farthest to the north-west"
            return f"{_length(steps)} from the one farthest to the north-west"

        return from_corner
    if made.per_pixel:
        return lambda _item: "by distance, pixel by pixel"
    return lambda _item: f"by distance ({method.value}), nearest first"


def _attribute_words(
    service: ImageService, request: ImageRequest, items: list[Item]
) -> Callable[[Item], str]:
    rule, properties = request.mosaic, service.summary.properties
    field = (rule.sort_field if rule else "") or properties.sort_field
    values = service.catalog.attribute_values(field, [object_id(item.id) for item in items])
    dates = {info.name.casefold() for info in service.summary.fields if info.type == "date"}

    def words(item: Item) -> str:
        value: AttributeValue = values.get(object_id(item.id))
        if value is None:
            return f"no {field}"
        if field.casefold() in dates and isinstance(value, int | float):
            return f"{field} {date_words(int(value))}"
        return f"{field} {value}"

    return words


def _length(metres: float) -> str:
    if metres >= 1000:
        return f"{float(f'{metres / 1000:.3g}'):g} km"
    if metres < 1:
        return f"{float(f'{metres * 100:.3g}'):g} cm"
    return f"{float(f'{metres:.3g}'):g} m"
