"""What a definition is and what is wrong with it, as lines for the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.build.definition_folder import read_facts
from engine.build.picture_choice import picture_note, shown_bands
from engine.build.source_check import is_damaged
from engine.build.terrain_pins import TerrainPins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.band_statistics import BandStatistics
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_facts import ServiceFacts
    from engine.build.service_table import ServiceTable

_MOST_SHOWN = 20


def describe(folder: DefinitionFolder) -> Iterator[str]:
    """Yield what is in force: properties, what the data make of them, counts, failed items."""
    properties = folder.properties()
    with folder.table() as table:
        facts = read_facts(table)
        yield f"definition            {folder.path}"
        yield from _counts(table)
        for path, what in _terrains(folder, table):
            yield f"terrain               {path}: {what}"
        yield ""
        if facts is None:
            yield "not built yet: what is empty below is taken from the data by the first build"
        else:
            yield from _facts(facts, properties.picture_bands)
        yield ""
        yield "properties in force (definition.toml)"
        in_force = {} if facts is None else _from_data(facts)
        for key, value in msgspec.to_builtins(properties).items():
            shown = value if value not in ("", 0, None, (), []) else in_force.get(key, value)
            taken = "   (from the data)" if shown != value else ""
            yield f"  {key:<20}  {_text(shown)}{taken}"
        yield from _failed(table)


def _counts(table: ServiceTable) -> Iterator[str]:
    ready = table.count("StatusId = 0 AND coalesce(Category, 1) = 1")
    overviews = table.count("StatusId = 0 AND Category = 2")
    waiting = table.count("coalesce(StatusId, 1) = 1")
    failed = table.count("StatusId >= 100")
    yield f"items                 {ready} ready, {waiting} not built, {failed} failed, {overviews} overviews"


def _terrains(folder: DefinitionFolder, table: ServiceTable) -> Iterator[tuple[str, str]]:
    yield from TerrainPins(folder, table).describe(row.raster for row in table.input_rows())


def _facts(facts: ServiceFacts, picture_bands: tuple[int, ...]) -> Iterator[str]:
    yield "as built"
    bands = ", ".join(
        band.name + (f" {band.wavelength_min_nm:g} nm" if band.wavelength_min_nm else "")
        for band in facts.bands
    )
    yield f"  {'CRS':<20}  {_text(facts.crs)}"
    yield f"  {'bands':<20}  {len(facts.bands)} × {facts.pixel_type}: {bands}"
    yield f"  {'no data':<20}  {', '.join(text or 'none' for text in facts.no_data_texts)}"
    yield f"  {'kind':<20}  {facts.data_type}"
    yield f"  {'pixel size':<20}  {facts.pixel_size_x:g}"
    if facts.extent is not None:
        box = facts.extent
        cols, rows = box.width / facts.pixel_size_x, box.height / facts.pixel_size_y
        yield f"  {'extent':<20}  {box.xmin:.10g} {box.ymin:.10g} {box.xmax:.10g} {box.ymax:.10g}"
        yield f"  {'pixels':<20}  {cols:.0f} × {rows:.0f}"
    shown = ", ".join(str(band + 1) for band in shown_bands(facts, picture_bands))
    note = picture_note(facts, picture_bands)
    yield f"  {'picture bands':<20}  {shown}{f'   ({note})' if note else ''}"
    for name, found in _statistics(facts):
        text = f"{found.min:g} to {found.max:g}, mean {found.mean:.4g}, deviation {found.std:.4g}"
        if found.is_empty:
            text = "none: no pixel of it was found"
        yield f"  {'statistics':<20}  {name}: {text}"
    sizes = ", ".join(f"{size:g}" for size in facts.overview_sizes)
    yield f"  {'overviews from':<20}  {sizes or 'none'}"


def _statistics(facts: ServiceFacts) -> Iterator[tuple[str, BandStatistics]]:
    """Yield statistics with what they are of: each band, of several variables each band of each."""
    if len(facts.variables) < 2:
        for band, found in zip(facts.bands, facts.statistics, strict=False):
            yield band.name, found
        return
    for variable, counts in sorted(facts.variables.items()):
        for number, found in enumerate(counts.statistics):
            own = f" {facts.bands[number].name}" if len(facts.bands) > 1 else ""
            yield f"{variable}{own}", found


def _from_data(facts: ServiceFacts) -> dict[str, object]:
    return {
        "crs": facts.crs,
        "bands": len(facts.bands),
        "pixel_type": facts.pixel_type.value,
        "band_names": tuple(band.name for band in facts.bands),
        "thematic": facts.data_type == "thematic",
        "interpolation": "Nearest" if facts.data_type == "thematic" else "Bilinear",
        "picture_bands": tuple(band + 1 for band in shown_bands(facts, ())),
        "time_field": facts.time_field,
        "time_field_end": facts.time_field,
    }


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "(none)"
    text = str(value)
    return (text if len(text) <= 100 else f"{text[:99]}…") or "(none)"


def _failed(table: ServiceTable) -> Iterator[str]:
    total = table.count("StatusId >= 100")
    if not total:
        return
    yield ""
    yield "failed items"
    for number, row in enumerate(table.rows("StatusId >= 100")):
        if number >= _MOST_SHOWN:
            yield f"  … and {total - number} more (layer footprints of catalog.gpkg, StatusId ≥ 100)"
            return
        yield f"  {row.id:>7}  {row.name}: {row.message}"


def faults(folder: DefinitionFolder) -> Iterator[str]:
    """Yield what is wrong with a definition; nothing where it can be compiled as it stands."""
    folder.properties()
    with folder.table() as table:
        if read_facts(table) is None:
            yield "it is not built; run swath definition build"
        waiting = table.count("coalesce(StatusId, 1) = 1")
        if waiting:
            yield f"{waiting} items are not built; run swath definition build"
        for row in table.rows("StatusId >= 100 OR StatusMessage LIKE '%cannot be read%'"):
            if row.status.is_failed or is_damaged(row):
                yield f"OBJECTID {row.id} ({row.name}): {row.message}"
        for path, what in _terrains(folder, table):
            if what.endswith("."):
                yield f"terrain {path}: {what[:-1]}"
        for fid, path, size, mtime_ns in table.source_rows():
            try:
                status = Path(folder.resolve(path)).stat()
            except OSError as err:
                yield f"OBJECTID {fid}: {path}: {err.strerror}"
                continue
            if (status.st_size, status.st_mtime_ns) != (size, mtime_ns):
                yield f"OBJECTID {fid}: {path}: has changed since it was built; build again"
