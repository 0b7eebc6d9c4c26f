"""Read rows of the service table into what the compiler needs, and check them."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from engine.build.band_mapping import bands_to_read, map_bands
from engine.build.definition_fields import MAX_TEXT, compiled_value
from engine.build.item_chain import process_of_item, shown_raster
from engine.build.item_compiler import ItemParts, NotCompiled
from engine.build.pyramids import with_pyramids
from engine.build.raster_record import ItemStatus
from engine.build.raster_rows import parts_of_rasters, several_rasters
from engine.build.seamline_rows import NO_SEAMLINE
from engine.build.source_grids import arranged
from engine.build.terrain_pins import TerrainPins
from engine.errors import ConfigError, InvalidParameter
from engine.functions.base import BandsInfo
from engine.geolocation import IMAGE_SPACE, pack_geolocation
from engine.item import Source
from engine.item_process import bind_process, pack_process
from engine.readers.source_state import GONE, state_of_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.build.band_mapping import BandMapping
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.item_row import ItemRow
    from engine.build.raster_record import PyramidFile, RasterDefinition
    from engine.build.seamline_rows import Seamline
    from engine.build.service_facts import ServiceFacts
    from engine.build.source_grids import Arranged
    from engine.readers.header import RasterHeader
    from engine.results import AttributeValue
    from engine.summary import FieldInfo

_MAX_MAPPINGS = 1000
_PLAIN_TYPES: dict[str, type] = {"double": float, "string": str, "integer": int}


class RowReader:
    """Read rows of one definition.

    Parameters
    ----------
    fields
        Of the compiled service.
    seamlines
        By OBJECTID.
    """

    def __init__(
        self,
        folder: DefinitionFolder,
        facts: ServiceFacts,
        fields: Sequence[FieldInfo],
        seamlines: Mapping[int, Seamline],
    ) -> None:
        self._folder = folder
        self._bands = len(facts.bands)
        self._columns = [
            (field.name, _PLAIN_TYPES.get(field.type), field)
            for field in fields
            if field.type not in ("oid", "geometry")
        ]
        self._seamlines = seamlines
        self._mappings: dict[object, BandMapping] = {}
        self._pins: TerrainPins | None = None

    def parts(self, row: ItemRow, shape_hash: str) -> ItemParts:
        """Return what the compiler needs of one row.

        Parameters
        ----------
        shape_hash
            Of its footprint as it is now (`engine.build.item_row.hash_shapes`).

        Raises
        ------
        NotCompiled
            Naming the field and what is wrong with it.
        """
        if row.status is not ItemStatus.READY or not row.wkb:
            raise NotCompiled(f"is not built; run: swath definition build {self._folder.path}")
        raster, headers = _decoded(row)
        if several_rasters(raster):
            line = self._seamlines.get(row.id, NO_SEAMLINE)
            parts = parts_of_rasters(self._folder, row, line, self.parts)
            return replace(parts, attributes=self._attributes(row))
        if not any(source.enabled for source in raster.sources):
            raise NotCompiled("Raster: all sources are disabled")
        found = self._arranged(raster, with_pyramids(headers, row.built.pyramids))
        process = self._process(row.name, raster, found.mapping)
        raster, headers, mapping = found.raster, found.headers, found.mapping
        first_source, first = raster.sources[0], headers[0]
        crs, geotransform = first_source.crs or first.crs, first.geotransform
        if raster.geolocation is not None:
            crs, geotransform = "", IMAGE_SPACE
        elif geotransform is None or not crs:
            raise NotCompiled("Header: its raster has no place on Earth")
        attributes = self._attributes(row)
        raster = self._over_pinned_terrain(raster)
        return ItemParts(
            id=row.id,
            name=row.name,
            category=row.category,
            crs=crs,
            geotransform=geotransform,
            levels=found.shared_levels(),
            sources=self._sources(row, found),
            mapping=mapping,
            valid_range=first_source.valid_range,
            rings=row.built.rings if shape_hash == row.built.shape_hash else None,
            wkb=row.wkb,
            seamline=self._seamlines.get(row.id, NO_SEAMLINE),
            pixel_sizes=_shown_sizes(_pixel_sizes(attributes), raster),
            attributes=attributes,
            geolocation=pack_geolocation(raster.geolocation),
            process=process,
        )

    def _arranged(self, raster: RasterDefinition, headers: tuple[RasterHeader, ...]) -> Arranged:
        try:
            return arranged(raster, headers, self._mapping(raster, headers))
        except ValueError as err:
            raise NotCompiled(f"Raster: {err}") from err

    def _process(self, name: str, raster: RasterDefinition, mapping: BandMapping) -> bytes:
        if raster.process is None:
            return b""
        return _packed_process(name, self._over_pinned_terrain(raster), mapping)

    def _over_pinned_terrain(self, raster: RasterDefinition) -> RasterDefinition:
        """Return a record whose terrain is the version that build took."""
        if raster.geolocation is None:
            return raster
        if self._pins is None:
            with closing(self._folder.table()) as table:
                self._pins = TerrainPins(self._folder, table)
        pinned = self._pins.resolved(raster.geolocation)
        return msgspec.structs.replace(raster, geolocation=pinned)

    def _mapping(self, raster: RasterDefinition, headers: tuple[RasterHeader, ...]) -> BandMapping:
        """Map bands; most items of a service are alike."""
        key = (
            tuple(
                (source.bands, source.no_data, source.band_no_data, source.enabled)
                for source in raster.sources
            ),
            tuple((header.bands, header.alpha_band, header.mask) for header in headers),
            raster.process is None,
        )
        found = self._mappings.get(key)
        if found is None:
            found = map_bands(raster, headers, bands_to_read(raster, headers, self._bands))
            if len(self._mappings) < _MAX_MAPPINGS:
                self._mappings[key] = found
        return found

    def _resolved(self, path: str) -> str:
        # Most are absolute already, and joining paths is slow.
        return path if path.startswith("/") else self._folder.resolve(path)

    def _sources(self, row: ItemRow, found: Arranged) -> tuple[Source, ...]:
        """Return the item's files, with those that hold the levels made of them."""
        made = {}
        for pyramid in row.built.pyramids:
            header = row.headers[pyramid.source]
            made[header.path, header.driver] = pyramid
        sources = []
        ways = zip(found.raster.sources, found.headers, found.grids, strict=True)
        for source, header, grid in ways:
            built = made.get((header.path, header.driver))
            sources.append(
                Source(
                    path=self._resolved(source.path),
                    driver=header.driver,
                    size=header.size,
                    mtime_ns=header.mtime_ns,
                    coarse=grid,
                    pyramid=None if built is None else self._pyramid(built),
                    pyramid_from=0 if built is None else built.first_level,
                )
            )
        return tuple(sources)

    def _pyramid(self, built: PyramidFile) -> Source:
        file = str(self._folder.path / built.path)
        state = state_of_source(file)
        if state == GONE:
            why = f"its pyramid {built.path} is missing; run: swath definition build --pyramids"
            raise NotCompiled(why)
        return Source(file, "GTiff", *state)

    def _attributes(self, row: ItemRow) -> dict[str, AttributeValue]:
        values = {}
        for name, kind, field in self._columns:
            value = row.attributes.get(name)
            # Most are empty or of their kind already.
            if value is not None and not (type(value) is kind and _is_plain(value)):
                try:
                    value = compiled_value(field, value)
                except ValueError as err:
                    raise NotCompiled(f"{name}: {err}") from err
            values[name] = value
        return values


def _packed_process(name: str, raster: RasterDefinition, mapping: BandMapping) -> bytes:
    """Return the process of a compiled item.

    Raises
    ------
    NotCompiled
        Naming the raster and the process at fault.
    """
    info = BandsInfo(mapping.pixel_type, len(mapping.bands))
    try:
        process = process_of_item(name, raster, info)
        if process is not None:
            bind_process(process, info)
    except (ValueError, InvalidParameter, ConfigError) as err:
        raise NotCompiled(f"Raster: {err}") from err
    return pack_process(process)


def _shown_sizes(
    sizes: tuple[float, float, float, float], raster: RasterDefinition
) -> tuple[float, float, float, float]:
    """Narrow the range of pixel sizes to what the author says of the group and the raster shown."""
    definition = raster.process
    if definition is None:
        return sizes
    entry = definition.rasters[shown_raster(definition)]
    min_ps, max_ps, low_ps, high_ps = sizes
    least = max(min_ps, definition.min_pixel_size, entry.min_pixel_size)
    ends = [end for end in (max_ps, definition.max_pixel_size, entry.max_pixel_size) if end > 0]
    most = min(ends, default=0.0)
    if 0 < most <= least:
        why = f"its pixel sizes from {least:g} to {most:g} leave none at which it shows"
        raise NotCompiled(f"Raster: {why}")
    return least, most, low_ps, high_ps


def _is_plain(value: AttributeValue) -> bool:
    """Tell whether a value of its field's type is compiled as it is."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT
    return value is not None and math.isfinite(value)


def _decoded(row: ItemRow) -> tuple[RasterDefinition, tuple[RasterHeader, ...]]:
    try:
        raster = row.raster
    except msgspec.MsgspecError as err:
        raise NotCompiled(f"Raster: {err}") from err
    try:
        headers = row.headers
    except msgspec.MsgspecError as err:
        raise NotCompiled(f"Header: {err}") from err
    if len(raster.sources) != len(headers) and not several_rasters(raster):
        why = f"Raster names {len(raster.sources)} sources, but {len(headers)} headers are known"
        raise NotCompiled(f"{why}; run: swath definition build")
    return raster, headers


def _pixel_sizes(attributes: Mapping[str, AttributeValue]) -> tuple[float, float, float, float]:
    """Return MinPS, MaxPS, LowPS, HighPS; null is 0."""
    found = []
    for name in ("MinPS", "MaxPS", "LowPS", "HighPS"):
        value = attributes.get(name)
        number = float(value) if isinstance(value, int | float) else 0.0
        if number < 0:
            raise NotCompiled(f"{name}: {number} is less than 0")
        found.append(number)
    min_ps, max_ps, low_ps, high_ps = found
    if 0 < max_ps <= min_ps:
        raise NotCompiled(f"MaxPS: {max_ps} is not more than MinPS, {min_ps}")
    return min_ps, max_ps, low_ps, high_ps
