"""Values between Python and PostgreSQL in the forms that a GeoPackage has.

Geometries are its blobs, dates ISO text, truth 1 and 0, numbers int or float; NaN is null.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types.numeric import FloatDumper, Int8BinaryDumper, NumericBinaryLoader

from engine.build.geopackage import GeometryBlob, decode_geometry, encode_geometry

if TYPE_CHECKING:
    import psycopg

_HAS_SRID = 0x2000_0000
_POLYGON, _MULTIPOLYGON = 3, 6
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_NO_TIMES = (-(1 << 63), (1 << 63) - 1)  # -infinity and infinity
_NO_DATES = (-(1 << 31), (1 << 31) - 1)
_EMPTY = struct.pack("<BII", 1, _MULTIPOLYGON, 0)


def ewkb_of_blob(blob: bytes) -> bytes:
    """Return a geometry as PostGIS takes it, polygons as multipolygons."""
    (srs_id,) = struct.unpack_from("<i" if blob[3] & 1 else ">i", blob, 4)
    wkb = decode_geometry(blob) or _EMPTY
    order = "<" if wkb[0] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}I", wkb, 1)
    body = wkb[5:]
    if kind == _POLYGON:
        kind, body = _MULTIPOLYGON, struct.pack(f"{order}I", 1) + wkb
    if srs_id <= 0:
        return wkb[:1] + struct.pack(f"{order}I", kind) + body
    return wkb[:1] + struct.pack(f"{order}II", kind | _HAS_SRID, srs_id) + body


def blob_of_ewkb(ewkb: bytes) -> GeometryBlob:
    """Return the blob of a geometry that PostGIS gives."""
    order = "<" if ewkb[0] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}I", ewkb, 1)
    if not kind & _HAS_SRID:
        return _blob(ewkb, 0)
    (srs_id,) = struct.unpack_from(f"{order}I", ewkb, 5)
    return _blob(ewkb[:1] + struct.pack(f"{order}I", kind & ~_HAS_SRID) + ewkb[9:], srs_id)


def _blob(wkb: bytes, srs_id: int) -> GeometryBlob:
    if wkb == _EMPTY:
        return encode_geometry(wkb, srs_id, None)
    # Without a box, which would take longer than all the rest.
    return GeometryBlob(struct.pack("<2sBBi", b"GP", 0, 1, srs_id) + wkb)


class _GeometryDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return ewkb_of_blob(obj)


class _GeometryTextDumper(Dumper):
    def dump(self, obj: Any) -> bytes:
        return ewkb_of_blob(obj).hex().encode()


class _GeometryLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> GeometryBlob:
        return blob_of_ewkb(bytes(data))


class _NumberDumper(FloatDumper):
    def dump(self, obj: Any) -> Any:
        return None if obj != obj else super().dump(obj)  # noqa: PLR0124 -- NaN, which SQLite keeps as null too


class _TruthDumper(Dumper):
    """Without a type, so that it suits columns of numbers and of truth."""

    def dump(self, obj: Any) -> bytes:
        return b"1" if obj else b"0"


class _TruthLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> int:
        return int(data != b"\x00")


class _NumericLoader(NumericBinaryLoader):
    def load(self, data: Any) -> Any:
        number = super().load(data)
        return int(number) if number == number.to_integral_value() else float(number)


class _TimeLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> str | None:
        (microseconds,) = struct.unpack("!q", data)
        if microseconds in _NO_TIMES:
            return None
        return _iso(_EPOCH + timedelta(microseconds=microseconds))


class _DateLoader(Loader):
    format = Format.BINARY

    def load(self, data: Any) -> str | None:
        (days,) = struct.unpack("!i", data)
        if days in _NO_DATES:
            return None
        return (_EPOCH + timedelta(days=days)).date().isoformat()


def _iso(moment: datetime) -> str:
    detail = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=detail) + "Z"


def register_values(connection: psycopg.Connection[Any], geometry_oid: int) -> None:
    """Make a connection give and take values as a GeoPackage does."""

    class GeometryDumper(_GeometryDumper):
        oid = geometry_oid

    adapters = connection.adapters
    adapters.register_dumper(GeometryBlob, _GeometryTextDumper)
    # The last one is taken where both will do.
    adapters.register_dumper(GeometryBlob, GeometryDumper)
    adapters.register_dumper(float, _NumberDumper)
    adapters.register_dumper(bool, _TruthDumper)
    # One type for all sizes of numbers: a statement is prepared once.
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_loader(geometry_oid, _GeometryLoader)
    for name, loader in (
        ("bool", _TruthLoader),
        ("numeric", _NumericLoader),
        ("timestamptz", _TimeLoader),
        ("timestamp", _TimeLoader),
        ("date", _DateLoader),
    ):
        adapters.register_loader(name, loader)
