"""Compile one raster file as a service of its own: no definition, one item, nothing to author."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from config.definition import ServiceProperties
from engine.build.band_mapping import map_bands
from engine.build.item_compiler import ItemCompiler, ItemParts, NotCompiled
from engine.build.raster_facts import facts_of_raster
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.build.service_head import make_summary
from engine.build.zmd_writer import ZmdExtras, write_zmd
from engine.errors import ConfigError
from engine.extent import Extent
from engine.item import PRIMARY, Source
from engine.readers.header import RasterHeader, read_header
from engine.summary import FieldInfo

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.item_compiler import Geotransform

OID_FIELD = FieldInfo(name="OBJECTID", type="oid", alias="OBJECTID")


def compile_raster(path: Path, out: Path) -> None:
    """Compile the raster at `path` into the file `out`.

    All its bands are served, an alpha band as validity. Statistics come from a decimated read.

    Raises
    ------
    ConfigError
        The raster has no place on Earth, or `out` cannot be written.
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """
    header = read_header(str(path.resolve()))
    geotransform = _placed(path, header)
    raster = RasterDefinition(
        raster_type="raster-dataset", sources=(SourceDefinition(path=header.path),)
    )
    bands = len(header.bands) - (header.alpha_band > 0)
    try:
        mapping = map_bands(raster, (header,), bands)
        extent, wkb = _outline(header, geotransform)
        facts = facts_of_raster(raster, header, mapping, geotransform)
        low = math.sqrt(facts.pixel_size_x * facts.pixel_size_y)
        coarsest = header.levels[-1]
        high = low * math.sqrt(header.width * header.height / (coarsest.width * coarsest.height))
        compiler = ItemCompiler(header.crs)
        row = compiler.compile(
            ItemParts(
                id=1,
                name=path.stem,
                category=PRIMARY,
                crs=header.crs,
                geotransform=geotransform,
                levels=header.levels,
                sources=(Source(header.path, header.driver, header.size, header.mtime_ns),),
                mapping=mapping,
                wkb=wkb,
                pixel_sizes=(0.0, 0.0, low, high),
            )
        )
    except (NotCompiled, ValueError) as err:
        raise ConfigError(path, "", str(err)) from err
    properties = ServiceProperties(title=path.stem)
    summary = make_summary(facts, extent, properties, (OID_FIELD,), source_type="raster")
    extras = ZmdExtras(operations=compiler.operations, histograms=facts.histograms, boundary=wkb)
    write_zmd(out, summary, [row], extras)


def _placed(path: Path, header: RasterHeader) -> Geotransform:
    if header.geotransform is None or not header.crs:
        missing = "geotransform" if header.geotransform is None else "coordinate system"
        why = f"has no {missing}; add it to a definition with `swath definition add --srs`"
        raise ConfigError(path, "", why)
    return header.geotransform


def _outline(header: RasterHeader, geotransform: Geotransform) -> tuple[Extent, bytes]:
    a, b, c, d, e, f = geotransform
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [header.width, header.height]
    points = [(a + col * b + row * c, d + col * e + row * f) for col, row in corners.tolist()]
    shape = shapely.Polygon(points)
    return Extent(*map(float, shape.bounds)), shapely.to_wkb(shape, byte_order=1)
