"""Rasters of a VRT: one item for each place that it fills, with bands, no data and values as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.build.item_chain import definition_of_item
from engine.build.raster_record import RasterDefinition, SourceDefinition
from engine.chain import BY_RASTER_TYPE, RasterFunctionProcess
from engine.errors import ConfigError, InvalidParameter
from engine.function_rules import GainOffsetRule
from engine.geometry.projection import canonical_crs, crs_of_wkt
from engine.pixel_type import PixelType
from raster_types.tables.records import TableRow
from raster_types.tables.vrt_document import GeoTransform, Rect, read_vrt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from raster_types.adding.author_fields import FieldKind
    from raster_types.tables.vrt_document import VrtBand, VrtPart

NAME = "table"
_PIXEL_TYPES = {
    "Byte": PixelType.U8,
    "Int8": PixelType.S8,
    "UInt16": PixelType.U16,
    "Int16": PixelType.S16,
    "UInt32": PixelType.U32,
    "Int32": PixelType.S32,
    "Float32": PixelType.F32,
    "Float64": PixelType.F64,
}


class VrtTable:
    """The items of a VRT, from the top to the lowest.

    Raises
    ------
    ConfigError
        It is none, or says what is not understood.
    """

    is_bound = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._document = read_vrt(path)
        if not self._document.bands:
            raise ConfigError(path, "", "is a VRT without bands")
        self.crs = _crs_of(path, self._document.srs)
        self._places = _places(path, self._document.bands)
        self.count = len(self._places)
        self.fields: Mapping[str, FieldKind] = {"ZOrder": "DOUBLE"} if self.count > 1 else {}
        self.notes: list[str] = []

    def rows(self) -> Iterator[TableRow]:
        """See `RasterTable.rows`."""
        # A later source covers those before it; the lowest ZOrder is on top.
        for order, parts in enumerate(reversed(self._places)):
            yield self._row(parts, order)

    def _row(self, parts: Sequence[VrtPart], order: int) -> TableRow:
        runs = _runs(parts)
        raster = RasterDefinition(
            raster_type=NAME, sources=tuple(self._source(run, first) for first, run in runs)
        )
        name = "" if self.count > 1 else self._path.stem
        if any(part.gain != 1.0 or part.offset != 0.0 for part in parts):
            raster = self._with_values(raster, parts, name)
        whole = all(part.size and part.from_rect == (0.0, 0.0, *part.size) for part in parts)
        return TableRow(
            link=parts[0].file,
            name=name,
            values={"ZOrder": float(order)} if self.fields else {},
            shape=b"" if whole else self._outline(parts[0]),
            raster=raster,
        )

    def _source(self, run: Sequence[VrtPart], first: int) -> SourceDefinition:
        bands = self._document.bands
        texts = tuple(
            part.no_data or ("" if _is_scaled(part) else bands[first + place].no_data)
            for place, part in enumerate(run)
        )
        part = run[0]
        return SourceDefinition(
            path=part.file,
            bands=tuple(each.band for each in run),
            no_data=texts[0] if len(set(texts)) == 1 else "",
            band_no_data=texts if len(set(texts)) > 1 else (),
            crs=self.crs,
            geotransform=self._geotransform(part),
        )

    def _geotransform(self, part: VrtPart) -> GeoTransform | None:
        """Return where the file's own pixels lie, by the place that the VRT gives them."""
        place = self._document.geotransform
        if place is None or place == (0.0, 1.0, 0.0, 0.0, 0.0, 1.0):
            return None
        if part.from_rect is None or part.to_rect is None:
            return place
        (left, top, width, height), (to_left, to_top, to_width, to_height) = (
            part.from_rect,
            part.to_rect,
        )
        scale_x, scale_y = to_width / width, to_height / height
        first_col, first_row = to_left - left * scale_x, to_top - top * scale_y
        a, b, c, d, e, f = place
        return (
            a + first_col * b + first_row * c,
            b * scale_x,
            c * scale_y,
            d + first_col * e + first_row * f,
            e * scale_x,
            f * scale_y,
        )

    def _outline(self, part: VrtPart) -> str | bytes:
        place = self._document.geotransform
        if place is None or not self.crs:
            return b""
        whole: Rect = (0.0, 0.0, float(self._document.width), float(self._document.height))
        left, top, width, height = part.to_rect or whole
        a, b, c, d, e, f = place
        corners = (
            (left, top),
            (left + width, top),
            (left + width, top + height),
            (left, top + height),
            (left, top),
        )
        points = ((a + x * b + y * c, d + x * e + y * f) for x, y in corners)
        return "POLYGON (({}))".format(", ".join(f"{x!r} {y!r}" for x, y in points))

    def _with_values(
        self, raster: RasterDefinition, parts: Sequence[VrtPart], name: str
    ) -> RasterDefinition:
        """Return a record whose chain does what ScaleRatio and ScaleOffset say."""
        types = {band.data_type for band in self._document.bands}
        if len(types) != 1 or not types <= set(_PIXEL_TYPES):
            why = f"its bands are of types {', '.join(sorted(types))}; with scaled values, one is read"
            raise ConfigError(self._path, "dataType", why)
        rule = GainOffsetRule(
            gains=tuple(part.gain for part in parts), offsets=tuple(part.offset for part in parts)
        )
        process = RasterFunctionProcess(
            function="GainOffset",
            arguments=rule,
            output_pixel_type=_PIXEL_TYPES[types.pop()],
            made_by=BY_RASTER_TYPE,
        )
        definition = definition_of_item(name, raster)
        first = msgspec.structs.replace(definition.rasters[0], process_chain=(process,))
        made = msgspec.structs.replace(definition, rasters=(first,))
        return msgspec.structs.replace(raster, process=made)


def _is_scaled(part: VrtPart) -> bool:
    return part.gain != 1.0 or part.offset != 0.0


def _places(path: Path, bands: Sequence[VrtBand]) -> list[tuple[VrtPart, ...]]:
    """Return the sources that fill each place, one a band, from the lowest to the top."""
    by_band: list[dict[tuple[Rect | None, int], VrtPart]] = []
    for band in bands:
        found: dict[tuple[Rect | None, int], VrtPart] = {}
        used: dict[Rect | None, int] = {}
        for part in band.parts:
            used[part.to_rect] = used.get(part.to_rect, 0) + 1
            found[part.to_rect, used[part.to_rect]] = part
        by_band.append(found)
    if not by_band[0]:
        raise ConfigError(path, "", "is a VRT whose bands have no sources")
    for number, found in enumerate(by_band[1:], 2):
        if found.keys() != by_band[0].keys():
            why = f"band {number} is made of other places than band 1; that is not read"
            raise ConfigError(path, "", why)
    return [tuple(found[key] for found in by_band) for key in by_band[0]]


def _runs(parts: Sequence[VrtPart]) -> list[tuple[int, list[VrtPart]]]:
    """Return the bands of a place by file, each with the number of its first band."""
    runs: list[tuple[int, list[VrtPart]]] = []
    for number, part in enumerate(parts):
        if runs and runs[-1][1][0].file == part.file:
            runs[-1][1].append(part)
        else:
            runs.append((number, [part]))
    return runs


def _crs_of(path: Path, text: str) -> str:
    if not text:
        return ""
    try:
        return canonical_crs(text) if len(text) < 40 else crs_of_wkt(text)
    except InvalidParameter as err:
        raise ConfigError(path, "SRS", "is no coordinate system that is known") from err
