"""Samples at places: the mosaic's value there, or that of each raster, with where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from config.definition import Interpolation
from engine.asked_place import asked_crs, asked_pixel_size, geometry_of, in_own_units
from engine.dimensions import DIMENSIONS_FIELD, VARIABLE_FIELD
from engine.errors import InvalidParameter, RequestTooLarge
from engine.geometry.projection import operation, transform
from engine.image_space import image_space_item
from engine.item_space import Points
from engine.place import convert
from engine.point_plan import item_ids, of_item, plan_at, samples_at
from engine.query import chosen_fields
from engine.request import ImageRequest
from engine.request_parts import Encoding, View
from engine.results import PointSample, PointSamplesResult
from engine.sample_places import sample_places
from engine.world_turns import object_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.plan import Plan
    from engine.render_work import Work
    from engine.request import PointSamplesRequest
    from engine.results import AttributeValue, Samples
    from engine.service import ImageService

    Floats = NDArray[np.float64]


def point_samples(request: PointSamplesRequest, work: Work) -> PointSamplesResult:
    """Return the samples at the places of a geometry, in their order; none where there is no data.

    Raises
    ------
    InvalidParameter
        A parameter cannot be, or no place lies on the map.
    RequestTooLarge
        Too many places.
    DeadlineExceeded, Cancelled
    """
    service = work.service
    request = in_own_units(service, request)
    geometry = geometry_of(request.geometry)
    places = sample_places(geometry, request.count, request.distance)
    points = _on_map(service, places, request.crs)
    sampler = _Sampler(request, work, _pixel_size(request, places, work))
    found: list[PointSample] = []
    for number, (place, point) in enumerate(zip(places, points, strict=True)):
        work.budget.check()
        if np.isfinite(point).all():
            x, y = float(point[0]), float(point[1])
            found += sampler.at(number, (float(place[0]), float(place[1])), (x, y))
    return PointSamplesResult(crs=request.crs, samples=_described(found, request, service))


def _on_map(service: ImageService, places: Floats, crs: str) -> Floats:
    """Return places in the service's CRS; NaN where they have none there."""
    x, y = (np.ascontiguousarray(places[:, axis]) for axis in (0, 1))
    if image_space_item(crs) is not None:
        moved = convert(service, Points(x, y, np.full(x.size, math.nan)), crs, "")
        points = np.column_stack([moved.x, moved.y])
    else:
        summary = service.summary
        own = asked_crs(service, crs)
        pipeline = operation(own, summary.crs, summary.extent_lonlat).pipeline
        points = np.column_stack(transform(pipeline, x, y))
    if not np.isfinite(points).all(axis=1).any():
        shown = ",".join(f"{value:g}" for value in places[0])
        raise InvalidParameter("geometry", shown, "places on the service's map")
    return np.asarray(points, np.float64)


def _pixel_size(request: PointSamplesRequest, places: Floats, work: Work) -> tuple[float, float]:
    summary = work.service.summary
    if request.pixel_size is None or image_space_item(request.crs) is not None:
        return summary.pixel_size_x, summary.pixel_size_y
    middle = places.mean(axis=0)
    crs = asked_crs(work.service, request.crs)
    return asked_pixel_size(
        work.service, request.pixel_size, crs, (float(middle[0]), float(middle[1]))
    )


@dataclass(frozen=True, slots=True)
class _Sampler:
    request: PointSamplesRequest
    work: Work
    pixel: tuple[float, float]

    def at(
        self, number: int, place: tuple[float, float], point: tuple[float, float]
    ) -> Iterator[PointSample]:
        """Yield what there is at a point, topmost first."""
        image = ImageRequest(
            view=View(),
            encoding=Encoding(format="bsq"),
            interpolation=self.request.interpolation or Interpolation.NEAREST,
            mosaic=self.request.mosaic,
            rendering=self.request.rendering,
            time=self.request.time,
        )
        made = plan_at(self.work.service, image, point, self.pixel)
        if made.truncated and _takes_all_slices(self.request):
            # A profile without its end would be taken for a whole one.
            most = self.work.service.summary.properties.max_mosaic_images
            accepted = f"{most}; name fewer in multidimensionalDefinition or time"
            raise RequestTooLarge("number of slices", f"over {most}", accepted)
        for key, values in self._values(made, image):
            yield PointSample(
                place=number,
                x=place[0],
                y=place[1],
                item=key,
                values=values,
                resolution=_resolution(made, key),
            )

    def _values(self, made: Plan, image: ImageRequest) -> Iterator[tuple[int, Samples]]:
        """Yield OBJECTIDs and samples: of each item, or of the mosaic and its topmost item with data."""
        work, keys = self.work, list(item_ids(made))
        whole = samples_at(made, image, work) if self.request.first_only else None
        if self.request.first_only and whole is None:
            return
        for key in keys:
            if self.request.first_only and key == keys[-1]:
                # What is left: nothing else can be where it comes from.
                yield key, whole
                return
            own = samples_at(of_item(made, key), image, work)
            if own is not None:
                yield key, whole or own
                if self.request.first_only:
                    return


def _takes_all_slices(request: PointSamplesRequest) -> bool:
    """Tell whether samples are profiles along the dimensions of a variable."""
    return request.mosaic is not None and request.mosaic.all_slices


def _resolution(made: Plan, key: int) -> float:
    """Return the size of an item's own pixels in units of the service."""
    for planned in made.items:
        if object_id(planned.item.id) == key:
            return 1.0 / math.sqrt(planned.placed.scale_x * planned.placed.scale_y)
    return 0.0


def _described(
    samples: list[PointSample], request: PointSamplesRequest, service: ImageService
) -> tuple[PointSample, ...]:
    """Return samples with the attributes that are asked for; those of profiles with their slices, in order."""
    summary, out_fields = service.summary, request.out_fields
    of_slice: list[str] = []
    if summary.variables and _takes_all_slices(request):
        names_of = (each.name for variable in summary.variables for each in variable.dimensions)
        of_slice = [VARIABLE_FIELD, *dict.fromkeys(names_of)]
        out_fields = out_fields or (VARIABLE_FIELD, DIMENSIONS_FIELD, *of_slice[1:])
    if not out_fields or summary.source_type != "mosaic":
        return tuple(samples)
    catalog = service.catalog
    names = chosen_fields(catalog, out_fields)
    rows = catalog.attributes_of({sample.item for sample in samples})

    def attributes(item: int) -> dict[str, AttributeValue]:
        return {field.name: rows.get(item, {}).get(field.name) for field in names}

    if of_slice:
        samples.sort(key=lambda sample: (sample.place, _place_of(rows[sample.item], of_slice)))
    return tuple(
        msgspec.structs.replace(sample, attributes=attributes(sample.item)) for sample in samples
    )


def _place_of(row: dict[str, AttributeValue], fields: list[str]) -> tuple[str | float, ...]:
    """Return what slices are put in order by."""
    values = (row.get(name) for name in fields)
    return tuple(-math.inf if value is None else value for value in values)
