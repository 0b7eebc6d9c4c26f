"""GeoJSON of rasters: tile indexes, and collections of STAC items written flat as GeoParquet has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from engine.errors import ConfigError, InvalidParameter
from engine.geometry.projection import LONLAT, canonical_crs
from raster_types.tables.records import RawRow
from raster_types.tables.values import KindGuess, kind_of_value, plain_value, wider_kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from raster_types.adding.author_fields import FieldKind

MAX_JSON_BYTES = 600_000_000
_MAX_COLUMNS = 1000


class _Collection(msgspec.Struct, frozen=True):
    # Features stay text until each is looked at: a million of them as objects take gigabytes.
    features: list[msgspec.Raw]
    type: str = ""
    crs: Any = None


class _Feature(msgspec.Struct, frozen=True):
    properties: dict[str, Any] | None = None
    geometry: Any = None


_feature_decoder = msgspec.json.Decoder(_Feature)


class GeoJsonTable:
    """A FeatureCollection.

    Raises
    ------
    ConfigError
        It is none.
    """

    path_column = ""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        try:
            collection = msgspec.json.decode(data, type=_Collection)
        except msgspec.ValidationError as err:
            why = "is no table of rasters; expected a FeatureCollection or MosaicJSON"
            raise ConfigError(path, "", why) from err
        except (msgspec.DecodeError, RecursionError) as err:
            raise ConfigError(path, "", "is no JSON that can be read (cut off, perhaps)") from err
        self._features = collection.features
        self.count = len(self._features)
        self.crs = _stated_crs(path, collection.crs)
        self.columns: dict[str, FieldKind] = self._looked_over()

    def _decoded(self) -> Iterator[_Feature]:
        for number, text in enumerate(self._features, 1):
            try:
                yield _feature_decoder.decode(text)
            except (msgspec.MsgspecError, RecursionError) as err:
                why = "is no feature of GeoJSON; expected an object with properties"
                raise ConfigError(self._path, f"feature {number}", why) from err

    def _looked_over(self) -> dict[str, FieldKind]:
        guesses: dict[str, KindGuess] = {}
        kinds: dict[str, FieldKind] = {}
        texts: set[str] = set()
        for feature in self._decoded():
            for name, value in (feature.properties or {}).items():
                if isinstance(value, str):
                    guesses.setdefault(name, KindGuess(name)).take((value,))
                    texts.add(name)
                elif value is not None:
                    kind = kind_of_value(value)
                    kinds[name] = wider_kind(kinds.get(name, kind), kind)
            if len(guesses) + len(kinds) > _MAX_COLUMNS:
                raise ConfigError(self._path, "", f"has more than {_MAX_COLUMNS} properties")
        order = dict.fromkeys((*guesses, *kinds))
        return {name: _joined(guesses.get(name), kinds.get(name)) for name in order}

    def rows(self) -> Iterator[RawRow]:
        """See `RawTable.rows`."""
        wanted = list(self.columns.items())
        for feature in self._decoded():
            properties = feature.properties or {}
            values = [plain_value(properties.get(name), kind) for name, kind in wanted]
            yield RawRow(values, _shape_of(feature.geometry))


def _joined(guess: KindGuess | None, kind: FieldKind | None) -> FieldKind:
    if guess is None:
        return kind or "TEXT"
    # Numbers written as texts in some features only stay texts, as others of JSON read them.
    number = guess.kind in ("INTEGER", "DOUBLE") or kind is not None
    return "TEXT" if number else guess.kind


def _stated_crs(path: Path, stated: Any) -> str:
    if not isinstance(stated, dict):
        return LONLAT
    properties = stated.get("properties")
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or name.endswith("CRS84"):
        return LONLAT
    try:
        return canonical_crs(name.replace("urn:ogc:def:crs:", "").replace("::", ":"))
    except InvalidParameter as err:
        raise ConfigError(path, "crs", f"{name} is unknown") from err


def _shape_of(geometry: Any) -> str | bytes:
    """Return a polygon as WKT; other geometries say nothing of an area."""
    if not isinstance(geometry, dict):
        return b""
    kind = geometry.get("type")
    coordinates: Any = geometry.get("coordinates")
    try:
        if kind == "Polygon":
            return f"POLYGON {_rings(coordinates)}"
        if kind == "MultiPolygon":
            return "MULTIPOLYGON ({})".format(", ".join(map(_rings, coordinates)))
    except (TypeError, ValueError, IndexError):
        return b""
    return b""


def _rings(rings: Any) -> str:
    texts = (
        "({})".format(", ".join(f"{float(point[0])!r} {float(point[1])!r}" for point in ring))
        for ring in rings
    )
    return "({})".format(", ".join(texts))
