"""What seamlines are asked for, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from config.definition import BlendSide


class SeamMethod(StrEnum):
    """How seamlines are made."""

    VORONOI = "voronoi"
    RADIOMETRIC = "radiometric"
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamlineOptions:
    """How seamlines are to be made.

    Attributes
    ----------
    blend_width : float
        Source pixels over which the mosaic fades from one item to the next; 0 = a hard edge.
    where : str
        Items that take part; "" = all. Seamlines of others stay as they are.
    field : str
        Of the service table: what `ORDER` orders by; "" = by the OBJECTID.
    descending : bool
        The largest, the latest, first.
    pixel_size : float
        Service units: of the grid that `RADIOMETRIC` looks at; 0 = about 1000 pixels across an item.
    """

    method: SeamMethod = SeamMethod.RADIOMETRIC
    blend_width: float = 20.0
    blend_type: BlendSide = BlendSide.BOTH
    where: str = ""
    field: str = ""
    descending: bool = False
    pixel_size: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeamlineReport:
    """What became of the layer.

    Attributes
    ----------
    made, edited, removed : int
        Seamlines made; drawn or edited by hand, which were kept; taken away.
    moved : int
        Borders between two items that follow the pixels (`RADIOMETRIC`).
    built : int
        Items that waited to be built, and were built first.
    notes : tuple of str
        What was left out.
    """

    made: int = 0
    edited: int = 0
    removed: int = 0
    moved: int = 0
    built: int = 0
    notes: tuple[str, ...] = ()
