"""Images of a catalog and where their cameras stood."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from engine.catalog_results import CatalogCamera, CatalogImage, CatalogImagesResult
from engine.errors import InvalidParameter
from engine.geolocation import unpack_geolocation
from engine.geometry.projection import canonical_crs, operation, transform
from engine.geotransforms.frame_camera import FrameCameraRecord
from engine.image_shapes import query_on_map
from engine.image_space import image_space_item
from engine.item import PRIMARY
from engine.query_search import Search

if TYPE_CHECKING:
    from engine.catalog import Catalog
    from engine.item import Item
    from engine.render_work import Work
    from engine.request import CatalogImagesRequest
    from engine.request_parts import MapPoint
    from engine.results import AttributeValue

# What authors and raster types call what took an image, in the order in which it is believed.
_CAMERA_FIELDS = ("CameraID", "SensorName")
_ID_BYTES = 6


def catalog_images(request: CatalogImagesRequest, work: Work) -> CatalogImagesResult:
    """Return images with their cameras.

    Raises
    ------
    InvalidParameter
        A condition, field, geometry or CRS is not accepted.
    SourceError
        The geometry is in the image space of a raster whose terrain cannot be read.
    """
    service = work.service
    catalog, summary = service.catalog, service.summary
    out_crs = request.rows.out_crs
    if out_crs and image_space_item(out_crs) is not None:
        raise InvalidParameter("outSR", out_crs, "the CRS of a map")
    crs = canonical_crs(out_crs, "outSR") if out_crs else summary.crs
    with catalog.watched_by(work.budget):
        search = Search(catalog, query_on_map(service, request.rows), work.budget)
        keys, exceeded = _keys(search, request.near)
        attributes = catalog.attributes_of(keys)
    images = []
    cameras: dict[str, CatalogCamera] = {}
    for key in keys:
        item = catalog.item(key)
        camera = _camera(item, attributes[key])
        if camera is not None:
            cameras[camera.id] = camera
        images.append(_image(item, attributes[key], camera, (summary.crs, crs, catalog)))
    return CatalogImagesResult(
        images=tuple(images),
        cameras=tuple(cameras.values()),
        exceeded=exceeded,
        crs="" if crs == summary.crs else crs,
    )


def _keys(search: Search, near: MapPoint | None) -> tuple[list[int], bool]:
    """Return the OBJECTIDs of one page in the order asked for, and whether there are more."""
    limit, offset = search.page_size()
    where, parameters = search.matching()
    order = ""
    if near is not None:
        x, y = _on_map(near, search.catalog)
        order = (
            "(coalesce(k.nadir_x, k.x) - ?) * (coalesce(k.nadir_x, k.x) - ?)"
            " + (coalesce(k.nadir_y, k.y) - ?) * (coalesce(k.nadir_y, k.y) - ?), "
        )
        parameters += [x, x, y, y]
    category = {field.name.casefold(): field.name for field in search.catalog.fields}
    is_primary = f"coalesce(i.Category, {PRIMARY}) = {PRIMARY}" if "category" in category else "1"
    sql = (
        "SELECT i.OBJECTID FROM items i JOIN ranks k ON k.id = i.OBJECTID"
        f" WHERE ({where}) AND {is_primary} ORDER BY {order}i.OBJECTID LIMIT ? OFFSET ?"
    )
    keys = [row[0] for row in search.catalog.rows(sql, [*parameters, limit + 1, offset])]
    return keys[:limit], len(keys) > limit


def _on_map(point: MapPoint, catalog: Catalog) -> tuple[float, float]:
    summary = catalog.summary
    crs = canonical_crs(point.crs, "inSR") if point.crs else summary.crs
    x, y = _moved(crs, summary.crs, (point.x, point.y), catalog)
    if not np.isfinite([x, y]).all():
        raise InvalidParameter("fromGeometry", f"{point.x:g},{point.y:g}", "a place on the map")
    return x, y


def _moved(
    from_crs: str, to_crs: str, place: tuple[float, float], catalog: Catalog
) -> tuple[float, float]:
    pipeline = operation(from_crs, to_crs, catalog.summary.extent_lonlat).pipeline
    x, y = transform(pipeline, np.array(place[:1]), np.array(place[1:]))
    return float(x[0]), float(y[0])


def _frame_camera(item: Item) -> FrameCameraRecord | None:
    sensor = unpack_geolocation(item.geolocation).sensor if item.geolocation else None
    return sensor if isinstance(sensor, FrameCameraRecord) else None


def _camera(item: Item, attributes: dict[str, AttributeValue]) -> CatalogCamera | None:
    folded = {name.casefold(): value for name, value in attributes.items()}
    named = next((folded[n.casefold()] for n in _CAMERA_FIELDS if folded.get(n.casefold())), None)
    record = _frame_camera(item)
    if record is None:
        return None if named is None else CatalogCamera(id=str(named))
    interior = record.interior
    packed = msgspec.json.encode((interior, record.distortion))
    unit = str(interior.__struct_config__.tag or "")
    return CatalogCamera(
        id=str(named) if named else blake2b(packed, digest_size=_ID_BYTES).hexdigest(),
        columns=interior.columns,
        rows=interior.rows,
        focal_length=interior.focal_length,
        focal_unit=unit,
    )


def _image(
    item: Item,
    attributes: dict[str, AttributeValue],
    camera: CatalogCamera | None,
    places: tuple[str, str, Catalog],
) -> CatalogImage:
    own_crs, crs, catalog = places
    middle = shapely.centroid(shapely.from_wkb(catalog.footprints_of([item.id])[item.id]))
    stood: tuple[float, ...] | None = None
    record = _frame_camera(item)
    if record is not None:
        position = record.position
        moved = _moved(record.ground_crs, crs, (position.x, position.y), catalog)
        stood = (*moved, position.z_m)
    elif item.nadir_x is not None and item.nadir_y is not None:
        stood = _moved(own_crs, crs, (item.nadir_x, item.nadir_y), catalog)
    time = catalog.summary.time
    acquired = attributes.get(time.start_field) if time is not None else None
    return CatalogImage(
        id=item.id,
        name=item.name,
        acquired_ms=acquired if isinstance(acquired, int) else None,
        camera="" if camera is None else camera.id,
        center=_moved(own_crs, crs, (middle.x, middle.y), catalog),
        perspective_center=stood if stood is None or np.isfinite(stood).all() else None,
    )
