"""A definition of very many scenes by script: the benchmark's real COGs and, all over the rest of the
world at their density, scenes that are names only and must never be opened, or that show the pixels of
the real ones."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
import shapely

from benchmarks.scenes import OVERLAP, Scene
from config.definition import ServiceProperties
from engine.build import geopackage
from engine.build.definition_folder import DefinitionFolder, write_facts
from engine.build.fingerprint import item_fingerprint
from engine.build.footprint_rule import FootprintRule
from engine.build.item_build import ItemJob, build_item
from engine.build.item_row import hash_shape
from engine.build.raster_record import (
    ItemStatus,
    RasterDefinition,
    SourceDefinition,
    headers_to_text,
    raster_to_text,
)
from engine.build.service_facts import ServiceFacts
from engine.extent import Extent
from engine.geometry.projection import MERCATOR, operation, transform
from engine.item import PRIMARY
from engine.pixel_type import PixelType
from engine.readers.header import RasterHeader, read_header
from engine.summary import BandInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from engine.build.service_table import ServiceTable

HALF_WORLD_M = 20_037_508.342789244
# Below the latitudes where a scene in Web Mercator would be much smaller than in its zone.
_NORTHMOST_M = 11_000_000.0
_BATCH = 5000
_INSERTS = (
    (
        "INSERT INTO footprints(OBJECTID, Shape, Name, MinPS, MaxPS, LowPS, HighPS, Category,"
        " CenterX, CenterY, StatusId, Raster, Header, AcqDate)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    ),
    (
        "INSERT INTO swath_build(fid, fingerprint, shape_hash, rings, statistics)"
        " VALUES (?, ?, ?, ?, ?)"
    ),
    "INSERT INTO swath_sources(path, fid, size, mtime_ns) VALUES (?, ?, ?, ?)",
)
Row: TypeAlias = tuple[object, ...]


def make_definition(
    path: Path, scenes: list[Scene], count: int, catalog: str = "", *, real_pixels: bool = False
) -> DefinitionFolder:
    """Make a definition of `count` items that are built, `scenes` among them.

    Parameters
    ----------
    catalog
        Address of the database that keeps it; "" = a GeoPackage.
    real_pixels
        All other items show the files of `scenes` at places of their own; else they are names of
        files that do not exist.
    """
    shutil.rmtree(path, ignore_errors=True)
    folder = DefinitionFolder.create(path, ServiceProperties(title=f"{count} scenes"), catalog)
    header = read_header(str(scenes[0].path))
    world = Extent(-HALF_WORLD_M, -_NORTHMOST_M, HALF_WORLD_M, _NORTHMOST_M)
    boxes = [_mercator_box(scene) for scene in scenes]
    facts = ServiceFacts(
        crs=MERCATOR,
        pixel_type=PixelType.U8,
        bands=tuple(BandInfo(name=name) for name in ("Red", "Green", "Blue")),
        no_data_texts=("",) * 3,
        extent=world if count > len(scenes) else _union(boxes),
        pixel_size_x=_map_pixel(scenes[0]),
        pixel_size_y=_map_pixel(scenes[0]),
        data_type="rgb",
        picture_bands=(0, 1, 2),
        time_field="AcqDate",
        block_width=header.levels[0].block_width,
        block_height=header.levels[0].block_height,
    )
    with folder.table() as table:
        table.ensure_field("AcqDate", "DATETIME")
        srs_id = table.set_crs(MERCATOR)
        tallies = _tallies(header, facts) if real_pixels else b""
        writer = _Writer(table, facts, srs_id, tallies)
        writer.write(_places(scenes, count, real_pixels=real_pixels))
        write_facts(table, facts)
    return folder


def _tallies(header: RasterHeader, facts: ServiceFacts) -> bytes:
    """Return the statistics of one scene, which stand for those of all."""
    job = ItemJob(
        id=1,
        raster=_definition(header),
        headers=(header,),
        service_crs=facts.crs,
        band_count=len(facts.bands),
        pixel_type=facts.pixel_type,
        footprints=FootprintRule(),
        statistics=True,
    )
    return build_item(job).tallies


def _definition(header: RasterHeader) -> RasterDefinition:
    return RasterDefinition(
        raster_type="raster-dataset", sources=(SourceDefinition(path=header.path),)
    )


def _places(
    scenes: list[Scene], count: int, *, real_pixels: bool
) -> Iterator[tuple[str, RasterHeader, NDArray[np.float64]]]:
    """Yield name, header and outline of each item."""
    headers = [read_header(str(scene.path)) for scene in scenes]
    for header, scene in zip(headers, scenes, strict=True):
        yield scene.path.stem, header, _outline(scene)
    window = _union([_mercator_box(scene) for scene in scenes])
    elsewhere = _elsewhere(headers[0], scenes[0], window, count - len(scenes))
    for number, (header, outline) in enumerate(elsewhere):
        shown = headers[number % len(headers)] if real_pixels else header
        placed = msgspec.structs.replace(
            header, path=shown.path, size=shown.size, mtime_ns=shown.mtime_ns
        )
        yield Path(header.path).stem, placed, outline


def _elsewhere(
    template: RasterHeader, scene: Scene, window: Extent, count: int
) -> Iterator[tuple[RasterHeader, NDArray[np.float64]]]:
    """Yield scenes of one size in their own UTM zones, on a grid over the world beside `window`."""
    side_m = scene.east_m - scene.west_m
    columns = 1 + math.ceil(math.sqrt(count * HALF_WORLD_M / _NORTHMOST_M) * 1.02)
    step = 2 * HALF_WORLD_M / columns
    # Nothing that is only a name may show in a tile of the real scenes.
    guard = window.expand(max(3 * side_m, 1.2 * step), max(3 * side_m, 1.2 * step))
    made = 0
    for row in range(10_000):
        y = _NORTHMOST_M - (row + 0.5) * step
        for column in range(columns):
            x = -HALF_WORLD_M + (column + 0.5) * step
            if guard.xmin < x < guard.xmax and guard.ymin < y < guard.ymax:
                continue
            if made == count:
                return
            made += 1
            yield _scene_at(template, x, y, step * (1 + OVERLAP), made)


def _scene_at(
    template: RasterHeader, x: float, y: float, map_side: float, number: int
) -> tuple[RasterHeader, NDArray[np.float64]]:
    lon = x / HALF_WORLD_M * 180.0
    lat = math.degrees(math.atan(math.sinh(y / HALF_WORLD_M * math.pi)))
    zone = min(60, int((lon + 180.0) / 6.0) + 1)
    crs = f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"
    pipeline = operation(MERCATOR, crs).pipeline
    pixel = map_side * math.cos(math.radians(lat)) / template.width
    east, north = transform(pipeline, np.array([x]), np.array([y]))
    half = template.width / 2 * pixel
    header = msgspec.structs.replace(
        template,
        path=f"/no/such/folder/scene-{number:07d}.tif",
        geotransform=(float(east[0]) - half, pixel, 0.0, float(north[0]) + half, 0.0, -pixel),
        crs=crs,
    )
    side = map_side / 2
    outline = np.array([[x - side, y - side], [x - side, y + side], [x + side, y + side]])
    return header, np.vstack([outline, [[x + side, y - side], [x - side, y - side]]])


class _Writer:
    """Writes rows as the build of such scenes would leave them."""

    def __init__(
        self, table: ServiceTable, facts: ServiceFacts, srs_id: int, tallies: bytes
    ) -> None:
        self._table, self._facts = table, facts
        self._srs_id, self._tallies = srs_id, tallies
        self._rows: tuple[list[Row], list[Row], list[Row]] = ([], [], [])

    def write(self, places: Iterator[tuple[str, RasterHeader, NDArray[np.float64]]]) -> None:
        number = 0
        for number, (name, header, outline) in enumerate(places, 1):
            self._take(number, name, header, outline)
            if number % _BATCH == 0:
                self._flush()
        self._flush()
        self._table.database.keep_ids_above("footprints", number)

    def _flush(self) -> None:
        with self._table.batch():
            for sql, rows in zip(_INSERTS, self._rows, strict=True):
                self._table.database.execute_many(sql, rows)
                rows.clear()

    def _take(
        self, number: int, name: str, header: RasterHeader, outline: NDArray[np.float64]
    ) -> None:
        wkb = shapely.to_wkb(shapely.MultiPolygon([shapely.Polygon(outline)]), byte_order=1)
        low, high = outline.min(axis=0), outline.max(axis=0)
        box = Extent(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        pixel = box.width / header.width
        coarsest = pixel * header.width / header.levels[-1].width
        texts = raster_to_text(_definition(header)), headers_to_text((header,))
        rows, built, sources = self._rows
        rows.append(
            (
                number,
                geopackage.encode_geometry(wkb, self._srs_id, box),
                name,
                0.0,
                0.0,
                pixel,
                coarsest,
                PRIMARY,
                box.center_x,
                box.center_y,
                int(ItemStatus.READY),
                *texts,
                str(np.datetime64("2020-01-01") + number * 7 % 365),
            )
        )
        fingerprint = item_fingerprint(self._facts, FootprintRule(), texts)
        built.append((number, fingerprint, hash_shape(wkb), b"", self._tallies))
        if self._tallies:
            sources.append((header.path, number, header.size, header.mtime_ns))


def _outline(scene: Scene) -> NDArray[np.float64]:
    steps = np.linspace(0.0, 1.0, 9)
    west, south, east, north = scene.west_m, scene.south_m, scene.east_m, scene.north_m
    xs = np.concatenate(
        [west + (east - west) * steps, [east] * 9, east - (east - west) * steps, [west] * 9]
    )
    ys = np.concatenate(
        [[north] * 9, north - (north - south) * steps, [south] * 9, south + (north - south) * steps]
    )
    crs = read_header(str(scene.path)).crs
    return np.column_stack(transform(operation(crs, MERCATOR).pipeline, xs, ys))


def _mercator_box(scene: Scene) -> Extent:
    outline = _outline(scene)
    low, high = outline.min(axis=0), outline.max(axis=0)
    return Extent(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _map_pixel(scene: Scene) -> float:
    header = read_header(str(scene.path))
    return _mercator_box(scene).width / header.width


def _union(boxes: list[Extent]) -> Extent:
    result = boxes[0]
    for box in boxes[1:]:
        result = result.union(box)
    return result
