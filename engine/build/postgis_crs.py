"""The CRS of a catalog in PostGIS: its number in spatial_ref_sys."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from engine.geometry.projection import describe_crs

if TYPE_CHECKING:
    from engine.build.catalog_database import CatalogDatabase

_FIRST_OWN, _LAST_OWN = 910_000, 998_999
_MAX_TEXT = 2048  # of the column srtext
_FIND = "SELECT srid FROM spatial_ref_sys WHERE auth_name = ? AND auth_srid = ?"
_FIND_OWN = "SELECT srid FROM spatial_ref_sys WHERE auth_name = ?"
_ADD = "INSERT INTO spatial_ref_sys(srid, auth_name, auth_srid, srtext) VALUES (?, ?, ?, ?)"


def ensure_srid(database: CatalogDatabase, crs: str) -> int:
    """Return the SRID of a CRS key, adding it if it is new; "" gives 0 (unknown).

    Raises
    ------
    ConfigError
        It is new and we may not write spatial_ref_sys.
    """
    if not crs:
        return 0
    authority, _, code = crs.partition(":")
    is_known = code.isdigit() and authority in ("EPSG", "ESRI")
    if is_known:
        found = database.execute(_FIND, (authority, int(code))).fetchone()
    else:
        # WKT may be longer than the table's column: a digest stands for it.
        digest = hashlib.blake2b(crs.encode(), digest_size=12).hexdigest()
        authority = f"SWATH-{digest}"
        found = database.execute(_FIND_OWN, (authority,)).fetchone()
    if found:
        return int(found[0])
    (top,) = database.execute(
        "SELECT coalesce(max(srid), 0) FROM spatial_ref_sys WHERE srid BETWEEN ? AND ?",
        (_FIRST_OWN, _LAST_OWN),
    ).fetchone()
    srid = max(_FIRST_OWN, int(top) + 1)
    wkt = describe_crs(crs).wkt
    text = wkt if len(wkt) <= _MAX_TEXT else None
    database.execute(_ADD, (srid, authority, int(code) if is_known else srid, text))
    return srid
