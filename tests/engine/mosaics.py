"""Make a compiled mosaic of a few rasters without a definition, for tests of the engine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import shapely

from engine.build.band_mapping import map_bands
from engine.build.compile_raster import compile_raster
from engine.build.item_compiler import ItemCompiler, ItemParts
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.build.seamline_rows import NO_SEAMLINE
from engine.build.zmd_writer import ZmdExtras, write_zmd
from engine.catalog import Catalog
from engine.geometry.projection import MERCATOR, operation, transform
from engine.item import Source
from engine.readers.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from engine.build.seamline_rows import Seamline


def compile_mosaic(
    paths: list[Path],
    out: Path,
    crs: str = MERCATOR,
    properties: dict[str, object] | None = None,
    seamlines: dict[int, Seamline] | None = None,
    pixel_sizes: dict[int, tuple[float, float, float, float]] | None = None,
) -> None:
    """Compile rasters as one service; the first one's statistics stand for all.

    `pixel_sizes`: from and to which an item shows, and what its file holds.
    """
    first = out.with_suffix(".one.zmd")
    compile_raster(paths[0], first)
    catalog = Catalog.open(first)
    summary, histograms = catalog.summary, catalog.histograms
    catalog.close()
    compiler = ItemCompiler(crs)
    rows = []
    for number, path in enumerate(paths, 1):
        header = read_header(str(path))
        assert header.geotransform is not None
        raster = RasterDefinition(
            raster_type="raster-dataset", sources=(SourceDefinition(path=header.path),)
        )
        parts = ItemParts(
            id=number,
            name=path.stem,
            category=1,
            crs=header.crs,
            geotransform=header.geotransform,
            levels=header.levels,
            sources=(Source(header.path, header.driver, header.size, header.mtime_ns),),
            mapping=map_bands(raster, (header,), len(summary.bands)),
            wkb=_outline(header.geotransform, header.width, header.height, header.crs, crs),
            pixel_sizes=(pixel_sizes or {}).get(number, (0.0, 0.0, 10.0, 40.0)),
            seamline=(seamlines or {}).get(number, NO_SEAMLINE),
        )
        rows.append(compiler.compile(parts))
    extent = rows[0].item.extent
    for row in rows[1:]:
        extent = extent.union(row.item.extent)
    head = msgspec.structs.replace(
        summary,
        source_type="mosaic",
        has_seamlines=bool(seamlines),
        crs=crs,
        extent=extent,
        properties=msgspec.structs.replace(summary.properties, **(properties or {})),
    )
    write_zmd(out, head, rows, ZmdExtras(operations=compiler.operations, histograms=histograms))


def _outline(
    geotransform: tuple[float, ...], width: int, height: int, from_crs: str, to_crs: str
) -> bytes:
    a, b, c, d, e, f = geotransform
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    ring = shapely.segmentize(shapely.Polygon(corners), max(width, height) / 20)
    pipeline = operation(from_crs, to_crs).pipeline

    def project(points: np.ndarray) -> np.ndarray:
        cols, rows = points[:, 0], points[:, 1]
        x, y = transform(pipeline, a + cols * b + rows * c, d + cols * e + rows * f)
        return np.column_stack([x, y])

    return bytes(shapely.to_wkb(shapely.transform(ring, project), byte_order=1))
