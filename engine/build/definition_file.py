"""definition.toml: write it with a line of explanation for each property, read and check it."""

from __future__ import annotations

import re
import tomllib
from enum import Enum
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
import tomlkit

from config.definition import MosaicMethod, ServiceProperties
from engine.build.definition_notes import HEADINGS, NOTES
from engine.build.tile_properties import tile_faults
from engine.errors import ConfigError, InvalidParameter
from engine.geometry.projection import canonical_crs
from engine.pixel_type import PixelType
from engine.readers.header import MAX_BANDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tomlkit.items import Table

TABLE = "service"
CATALOG = "catalog"
_INTRO = (
    "An image service of Swath. Each property stands with its value in force; those with '#' before",
    "them have no value unless you give one. `swath definition show` prints what the service becomes.",
)
_CATALOG_NOTE = (
    "where the catalog is kept: passwords stand in PGPASSWORD, ~/.pgpass or a service, never here"
)
_CATALOG_LINES = re.compile(
    rf"(?:^# {re.escape(_CATALOG_NOTE)}\n)?^catalog[ \t]*=.*\n\n?", re.MULTILINE
)
_AT_LEAST_ONE = (
    "max_image_width",
    "max_image_height",
    "max_record_count",
    "max_mosaic_images",
    "max_download_images",
    "max_download_mb",
)
_NOT_NEGATIVE = ("cache_max_age_s", "stale_while_revalidate_s", "stale_if_error_s")
_KEY_OF_MESSAGE = re.compile(r"`\$\.?([\w.\[\]]*)`")


def default_text(properties: ServiceProperties, catalog: str = "") -> str:
    """Return the text of a new definition.toml.

    Parameters
    ----------
    catalog
        Address of the catalog; "" = the file catalog.gpkg beside it.
    """
    document = tomlkit.document()
    for line in _INTRO:
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    if catalog:
        document.add(tomlkit.comment(_CATALOG_NOTE))
        document.add(CATALOG, catalog)
        document.add(tomlkit.nl())
    table = tomlkit.table()
    values = msgspec.to_builtins(properties)
    for name, note in NOTES.items():
        if name in HEADINGS:
            table.add(tomlkit.nl())
            table.add(tomlkit.comment(f"-- {HEADINGS[name]} --"))
        table.add(tomlkit.comment(note))
        _add_value(table, name, values[name])
    document.add(TABLE, table)
    return tomlkit.dumps(document)


def _add_value(table: Table, name: str, value: Any) -> None:
    if value is None:
        table.add(tomlkit.comment(f"{name} ="))
    elif isinstance(value, tuple | list):
        table.add(name, tomlkit.item(list(value)))
    else:
        table.add(name, value)


def without_catalog(text: str) -> str:
    """Return the text of a definition.toml without the address of its catalog."""
    head, mark, rest = text.partition(f"[{TABLE}]")
    return _CATALOG_LINES.sub("", head, count=1) + mark + rest


def with_catalog(text: str, catalog: str) -> str:
    """Return the text of a definition.toml with another address of its catalog, "" = a file."""
    plain = without_catalog(text)
    if not catalog:
        return plain
    head, mark, rest = plain.partition(f"[{TABLE}]")
    line = f"{CATALOG} = {tomlkit.string(catalog).as_string()}"
    return f"{head}# {_CATALOG_NOTE}\n{line}\n\n{mark}{rest}"


def read_catalog(path: Path) -> str:
    """Return the address of the catalog from definition.toml, "" = catalog.gpkg beside it.

    Raises
    ------
    ConfigError
    """
    found = _read_tables(path).get(CATALOG, "")
    if not isinstance(found, str):
        raise ConfigError(path, CATALOG, "is no text")
    return found


def _read_tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise ConfigError(path, "", err.strerror or "cannot be read") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(path, "", f"is not TOML: {err}") from err


def read_properties(path: Path) -> ServiceProperties:
    """Read and check definition.toml.

    Raises
    ------
    ConfigError
        Naming the file, the key and what would be accepted.
    """
    tables = _read_tables(path)
    for key in tables.keys() - {TABLE, CATALOG}:
        raise ConfigError(path, key, f"unknown table; known: {TABLE}")
    return checked_properties(tables.get(TABLE, {}), path)


def checked_properties(values: object, path: object) -> ServiceProperties:
    """Return properties as they are written in TOML, checked.

    Parameters
    ----------
    path
        File, for messages.

    Raises
    ------
    ConfigError
        Naming the file, the key and what would be accepted.
    """
    try:
        found = msgspec.convert(values, ServiceProperties)
    except msgspec.ValidationError as err:
        match = _KEY_OF_MESSAGE.search(str(err))
        key = f"{TABLE}.{match.group(1)}" if match and match.group(1) else TABLE
        raise ConfigError(path, key, _explain(str(err), key.rpartition(".")[2])) from err
    return _check(path, found)


def _explain(message: str, key: str) -> str:
    text = _KEY_OF_MESSAGE.sub("", message).replace(" - at ", "").strip()
    if "unknown field" in text:
        return f"{text}; known: {', '.join(NOTES)}"
    if "enum value" in text:
        kind: Any = get_type_hints(ServiceProperties).get(key)
        is_enum = isinstance(kind, type) and issubclass(kind, Enum)
        accepted = [str(each.value) for each in kind] if is_enum else []
        return f"{text}; expected one of {', '.join(accepted)}" if accepted else text
    return text


def _check(path: object, found: ServiceProperties) -> ServiceProperties:
    """Return the properties with their CRS in canonical form, after checking what types cannot say."""
    for key, why in _faults(found):
        raise ConfigError(path, f"{TABLE}.{key}", why)
    return msgspec.structs.replace(found, crs=_check_crs(path, found.crs))


def _faults(found: ServiceProperties) -> Iterator[tuple[str, str]]:
    known = [ptype.value for ptype in PixelType]
    low, high = found.percent_clip
    checks = {
        "pixel_type": (
            found.pixel_type in ("", *known),
            f"{found.pixel_type!r} is unknown; known: {' '.join(known)}",
        ),
        "bands": (0 <= found.bands <= MAX_BANDS, f"{found.bands} is not within 0 and {MAX_BANDS}"),
        "jpeg_quality": (1 <= found.jpeg_quality <= 100, "is not within 1 and 100"),
        "percent_clip": (
            0 <= low < high <= 100,
            f"[{low}, {high}] must be within 0 and 100, rising",
        ),
        "grid_tolerance_px": (0 < found.grid_tolerance_px <= 1, "is not above 0 and at most 1"),
        "blend_width_px": (0 <= found.blend_width_px < 1e6, "is not within 0 and 1000000"),
        "picture_bands": (
            len(found.picture_bands) in (0, 1, 3) and all(band > 0 for band in found.picture_bands),
            "takes one or three numbers of bands, from 1",
        ),
    }
    locks = found.mosaic_method is MosaicMethod.LOCK_RASTER
    checks["lock_raster_ids"] = (
        bool(found.lock_raster_ids) or not locks,
        "is empty; mosaic_method LockRaster needs the OBJECTIDs of one or more rasters",
    )
    for key in _AT_LEAST_ONE:
        checks[key] = (getattr(found, key) >= 1, f"{getattr(found, key)} is less than 1")
    for key in _NOT_NEGATIVE:
        checks[key] = (getattr(found, key) >= 0, f"{getattr(found, key)} is less than 0")
    yield from ((key, why) for key, (good, why) in checks.items() if not good)
    yield from tile_faults(found)


def _check_crs(path: object, text: str) -> str:
    if not text:
        return ""
    try:
        return canonical_crs(text)
    except InvalidParameter as err:
        raise ConfigError(path, f"{TABLE}.crs", str(err)) from err
