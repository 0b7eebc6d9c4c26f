"""Items of several rasters between the service table and the compiler: a row for each raster.

What build made of each raster is kept in `swath_state`, under the fingerprint of the item: one that was
changed since must be built again. Headers of all rasters are in the field Header.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import shapely

from engine.build.item_chain import raster_records
from engine.build.item_compiler import NotCompiled
from engine.build.raster_record import headers_to_text, raster_to_text
from engine.build.seamline_rows import NO_SEAMLINE
from engine.build.zmd_writer import CompiledRow
from engine.errors import ConfigError
from engine.item_rasters import pack_rasters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_compiler import ItemCompiler, ItemParts
    from engine.build.item_row import ItemRow
    from engine.build.raster_record import RasterDefinition
    from engine.build.seamline_rows import Seamline
    from engine.build.service_table import ServiceTable
    from engine.extent import Extent


class BuiltRaster(msgspec.Struct, frozen=True, kw_only=True):
    """What build made of one raster of an item.

    Attributes
    ----------
    number : int
        Among those that are enabled, from 0.
    rings : bytes
        Footprint in level-0 pixels; b"" = the whole raster.
    wkb : bytes
        Footprint in service CRS.
    paths : tuple of str
        Its files, absolute.
    """

    number: int
    rings: bytes
    wkb: bytes
    low_ps: float
    high_ps: float
    paths: tuple[str, ...]


class _Kept(msgspec.Struct, frozen=True):
    fingerprint: str
    rasters: tuple[BuiltRaster, ...]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Kept)


def _key(fid: int) -> str:
    return f"rasters:{fid}"


def keep_rasters(
    table: ServiceTable, fid: int, fingerprint: str, rasters: tuple[BuiltRaster, ...]
) -> None:
    """Keep what build made of an item's rasters; () where it is one."""
    if rasters or table.state(_key(fid)):
        table.set_state(_key(fid), _encoder.encode(_Kept(fingerprint, rasters)))


def kept_rasters(folder: DefinitionFolder, row: ItemRow) -> tuple[BuiltRaster, ...]:
    """Return what build made of an item's rasters.

    Raises
    ------
    NotCompiled
        The item was changed since.
    """
    with closing(folder.table()) as table:
        packed = table.state(_key(row.id))
    kept = _decoder.decode(packed) if packed else None
    if kept is None or not kept.rasters or kept.fingerprint != row.built.fingerprint:
        raise NotCompiled(f"is not built; run: swath definition build {folder.path}")
    return kept.rasters


def several_rasters(raster: RasterDefinition) -> bool:
    """Tell whether an item shows more than one raster."""
    return raster.process is not None and len(raster.process.enabled_rasters()) > 1


def parts_of_rasters(
    folder: DefinitionFolder,
    row: ItemRow,
    seamline: Seamline,
    parts_of: Callable[[ItemRow, str], ItemParts],
) -> ItemParts:
    """Return what the compiler needs of an item of several rasters.

    Parameters
    ----------
    seamline
        Of the item.
    parts_of : function
        Of a row with one raster, and the hash of its footprint.

    Raises
    ------
    NotCompiled
    """
    try:
        records = raster_records(row.raster, folder.path)
    except ConfigError as err:
        raise NotCompiled(f"Raster: {err}") from err
    by_path = {header.path: header for header in row.headers}
    rasters = []
    for built in kept_rasters(folder, row):
        record = records[built.number]
        paths = built.paths
        if len(paths) != len(record.sources) or any(path not in by_path for path in paths):
            raise NotCompiled(f"is not built; run: swath definition build {folder.path}")
        sources = tuple(
            msgspec.structs.replace(source, path=path)
            for source, path in zip(record.sources, paths, strict=True)
        )
        sizes = {"LowPS": built.low_ps, "HighPS": built.high_ps, "MinPS": None, "MaxPS": None}
        alone = replace(
            row,
            raster_text=raster_to_text(msgspec.structs.replace(record, sources=sources)),
            header_text=headers_to_text(tuple(by_path[path] for path in paths)),
            attributes={**row.attributes, **sizes},
            wkb=built.wkb,
            built=replace(row.built, rings=built.rings, shape_hash="", pyramids=()),
        )
        rasters.append(_cut(parts_of(alone, ""), row, built, seamline))
    shown = [raster for raster in rasters if raster is not None]
    if not shown:
        raise NotCompiled("its footprint lies beside its rasters")
    return replace(shown[0], wkb=row.wkb, attributes=row.attributes, rasters=tuple(shown))


def _cut(
    parts: ItemParts, row: ItemRow, built: BuiltRaster, seamline: Seamline
) -> ItemParts | None:
    """Return one raster, as much of it as footprint and seamline of the item leave; None = nothing."""
    own = shapely.from_wkb(built.wkb)
    if row.is_edited:
        common = shapely.intersection(own, shapely.from_wkb(row.wkb))
        if not common.area > 0:
            return None
        parts = replace(parts, rings=None, wkb=bytes(shapely.to_wkb(_areas(common))))
    if not seamline.wkb:
        return replace(parts, seamline=NO_SEAMLINE)
    within = shapely.intersection(own, shapely.from_wkb(seamline.wkb))
    if not within.area > 0:
        why = "its seamline leaves nothing of one of its rasters; disable that, or draw it wider"
        raise NotCompiled(f"Raster: {why}")
    cut = replace(seamline, wkb=bytes(shapely.to_wkb(_areas(within))))
    return replace(parts, seamline=cut)


def _areas(shape: shapely.Geometry) -> shapely.Geometry:
    polygons = [part for part in shapely.get_parts(shape) if part.area > 0]
    return shapely.MultiPolygon(
        [each for part in polygons for each in shapely.get_parts(part) if each.area > 0]
    )


def compile_items(
    compiler: ItemCompiler, batch: Sequence[ItemParts]
) -> list[CompiledRow | NotCompiled]:
    """Compile items; those of several rasters become one row each."""
    flat = [raster for parts in batch for raster in parts.rasters or (parts,)]
    results = iter(compiler.compile_all(flat))
    return [
        _joined(parts, [next(results) for _ in parts.rasters]) if parts.rasters else next(results)
        for parts in batch
    ]


def _joined(
    parts: ItemParts, results: Sequence[CompiledRow | NotCompiled]
) -> CompiledRow | NotCompiled:
    rows = [row for row in results if isinstance(row, CompiledRow)]
    faults = [row for row in results if isinstance(row, NotCompiled)]
    if faults:
        return faults[0]
    extent = _union([row.item.extent for row in rows])
    boxes = [box for row in rows for box in row.boxes or (row.item.extent,)]
    least, most = _range(parts, rows)
    first = rows[0].item
    if 0 < most <= least:
        return NotCompiled(
            f"Raster: its pixel sizes from {least:g} to {most:g} leave none at which it shows"
        )
    item = msgspec.structs.replace(
        first,
        extent=extent,
        min_ps=least,
        max_ps=most,
        low_ps=min(row.item.low_ps for row in rows),
        high_ps=max(row.item.high_ps for row in rows),
        rasters=pack_rasters([row.item for row in rows]),
    )
    several = tuple(boxes) if any(row.boxes for row in rows) else ()
    return CompiledRow(item=item, wkb=parts.wkb, attributes=parts.attributes, boxes=several)


def _range(parts: ItemParts, rows: Sequence[CompiledRow]) -> tuple[float, float]:
    """Return the sizes at which any raster shows, as far as the item does."""
    least = min(row.item.min_ps for row in rows)
    ends = [row.item.max_ps for row in rows]
    most = 0.0 if min(ends) <= 0 else max(ends)
    own_least, own_most = (_number(parts.attributes.get(name)) for name in ("MinPS", "MaxPS"))
    ends = [end for end in (most, own_most) if end > 0]
    return max(least, own_least), min(ends, default=0.0)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _union(boxes: Sequence[Extent]) -> Extent:
    result = boxes[0]
    for box in boxes[1:]:
        result = result.union(box)
    return result
