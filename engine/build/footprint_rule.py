"""How footprints are made: the method and its options, kept so that each build repeats them."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

FootprintMode: TypeAlias = Literal["auto", "extent", "radiometry", "geometry"]
# What says which pixels are valid: all that is declared, the alpha band or mask alone, values alone.
ValidBy: TypeAlias = Literal["all", "alpha", "values"]

MAX_VERTICES = 2000


class FootprintRule(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """How a footprint is made.

    Attributes
    ----------
    method
        "extent": the whole raster. "radiometry": without the collar of invalid pixels; black where
        nothing is declared. "auto": radiometry where the file declares what is valid, else extent.
        "geometry": the area that the product states, or that its sensor sees; pixels are not looked at.
    valid_by
        Which of alpha (or mask) and values (no data, valid range) say what is valid.
    valid_range : (lowest, highest) or None
        A pixel counts where any band lies within.
    shrink_px : float
        Taken off all around, level-0 pixels.
    max_vertices : int
        An outline with more is made simpler, outwards only.
    min_region_px : int
        Parts of fewer pixels are left out, unless nothing else would be left.
    close_gaps_px : float
        Parts and bays no further apart than this become one.
    """

    method: FootprintMode = "auto"
    valid_by: ValidBy = "all"
    valid_range: tuple[float, float] | None = None
    shrink_px: float = 0.0
    max_vertices: int = MAX_VERTICES
    min_region_px: int = 0
    close_gaps_px: float = 0.0


def rule_of_text(text: str) -> FootprintRule:
    """Read a rule as a definition keeps it: JSON, or the method alone as older definitions have it.

    Raises
    ------
    msgspec.MsgspecError
        It cannot be.
    """
    if text.startswith("{"):
        return msgspec.json.decode(text, type=FootprintRule)
    return msgspec.convert({"method": text or "auto"}, FootprintRule)


def text_of_rule(rule: FootprintRule) -> str:
    """Return the text that `rule_of_text` reads."""
    alone = FootprintRule(method=rule.method)
    return rule.method if rule == alone else msgspec.json.encode(rule).decode()
