"""What the arguments of every raster function are: a record that says how clients write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec


class FunctionRule(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="function",
):
    """Base of the arguments of raster functions; the tag is the function's name.

    Fields are numbers, texts, truths and tuples of them; in a rendering rule their names are written
    without underscores, in any case (`min_percent` is MinPercent).

    Attributes
    ----------
    inputs : tuple of str
        Names of the rasters that the function takes, in order; "Rasters*" = any count, as a list. The
        first one may be written Raster, too.
    esri_names : mapping
        Names in rendering rules of the fields that are called otherwise there.
    other_names : tuple of str
        Of the function, in rendering rules.
    second_names : mapping
        Names in rendering rules that fields go by, too, where their first one is not given.
    words : mapping
        Of a field that is a number: words for it, in lower case without blanks.
    """

    inputs: ClassVar[tuple[str, ...]] = ("Raster",)
    other_names: ClassVar[tuple[str, ...]] = ()
    esri_names: ClassVar[Mapping[str, str]] = {}
    second_names: ClassVar[Mapping[str, str]] = {}
    words: ClassVar[Mapping[str, Mapping[str, int]]] = {}
