"""Rows of the layer `seamlines`: where items win in overlaps, and how soft their edges are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from config.definition import BlendSide
from engine.build import geopackage
from engine.build.item_row import wkb_extent

if TYPE_CHECKING:
    from engine.build.service_table import ServiceTable


@dataclass(frozen=True, slots=True)
class Seamline:
    """The area where an item wins.

    Attributes
    ----------
    wkb : bytes
        In service CRS.
    blend_width : float or None
        Source pixels over which its edge fades; 0 = a hard edge, None = not stated.
    blend_type : str
        "both", "inside" or "outside"; "" = not stated. As a person wrote it.
    """

    wkb: bytes
    blend_width: float | None = None
    blend_type: str = ""

    def width(self) -> float | None:
        """Return the blend width; raises ValueError with a sentence where it is no width."""
        width = self.blend_width
        if width is not None and not (math.isfinite(width) and width >= 0):
            raise ValueError(
                f"seamline: BlendWidth {width} is no count of pixels; 0 is a hard edge"
            )
        return None if width is None else float(width)

    def side(self) -> BlendSide | None:
        """Return the blend type; raises ValueError with a sentence where it is unknown."""
        text = self.blend_type.strip().casefold()
        if text and text not in list(BlendSide):
            known = ", ".join(BlendSide)
            raise ValueError(f"seamline: BlendType {self.blend_type!r} is unknown; known: {known}")
        return BlendSide(text) if text else None


NO_SEAMLINE = Seamline(b"")


def seamlines_by_item(table: ServiceTable) -> dict[int, Seamline]:
    """Return the seamline of each item that has one, by OBJECTID; several rows of one item are joined."""
    rows = table.execute(
        'SELECT "ItemId", "Shape", "BlendWidth", "BlendType" FROM seamlines'
        ' WHERE "ItemId" IS NOT NULL ORDER BY "fid"'
    )
    found: dict[int, Seamline] = {}
    for fid, blob, width, side in rows:
        wkb = geopackage.decode_geometry(blob)
        if not wkb:
            continue
        line = Seamline(wkb, width, str(side or ""))
        known = found.get(int(fid))
        found[int(fid)] = line if known is None else _joined(known, line)
    return found


def _joined(one: Seamline, other: Seamline) -> Seamline:
    shapes = shapely.make_valid(shapely.from_wkb([one.wkb, other.wkb]))
    width = other.blend_width if one.blend_width is None else one.blend_width
    whole = bytes(shapely.to_wkb(shapely.union_all(shapes)))
    return Seamline(whole, width, one.blend_type or other.blend_type)


def seamlines_by_row(table: ServiceTable) -> dict[int, bytes]:
    """Return all shapes of the layer, by its own fid."""
    rows = table.execute(
        'SELECT "fid", "Shape" FROM seamlines WHERE "Shape" IS NOT NULL'
    ).fetchall()
    return {int(fid): geopackage.decode_geometry(blob) for fid, blob in rows}


def set_seamline(table: ServiceTable, fid: int, wkb: bytes, srs_id: int) -> None:
    """Write the shape of a row of the layer; b"" = none."""
    blob = geopackage.encode_geometry(wkb, srs_id, wkb_extent(wkb)) if wkb else None
    table.execute('UPDATE seamlines SET "Shape" = ? WHERE "fid" = ?', (blob, fid))
