"""RPC of .geom files, "key:  value" lines as OSSIM and Orfeo ToolBox write them. Centres from 0.

An adjustment in the file (shift, scale and rotation in image space, fitted by those programs) is kept, as
the record's correction.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import msgspec

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import COEFFICIENTS
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow, window_of_rpc
from raster_types.sensor_files.rpc_fields import (
    ERRORS,
    LISTS,
    SCALARS,
    RpcFields,
    number_of,
    rpc_record,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.geotransforms.rpc import RpcRecord

_KIND = ".geom file"
_LINE = re.compile(r"\s*([\w.]+):(.*)")
_OWN = {"ERR_BIAS": "bias_error", "ERR_RAND": "rand_error"}
_SPELLING = {key: _OWN.get(key, key.lower()) for key in (*SCALARS, *LISTS, *ERRORS)}
_ADJUSTABLE = (
    "intrack_offset",
    "crtrack_offset",
    "intrack_scale",
    "crtrack_scale",
    "map_rotation",
)


def read_geom(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of a .geom file with an RPC.

    Raises
    ------
    InvalidParameter
        Also: an adjustment that is not known.
    """
    lines = (_LINE.fullmatch(line) for line in text.lstrip("\ufeff").splitlines())
    found = {match[1]: match[2].strip() for match in lines if match is not None}
    form = found.get("polynomial_format", "B").upper()
    if form not in {"A", "B"}:
        raise InvalidParameter(f"{_KIND}: polynomial_format", form, "A or B")
    values: dict[str, object] = {
        key: found.get(own) for key, own in _SPELLING.items() if key not in LISTS
    }
    for key in LISTS:
        values[key] = [_coefficient(found, f"{key.lower()}_{n:02}") for n in range(COEFFICIENTS)]
    fields = RpcFields(_KIND, values, _SPELLING, is_rpc00a=form == "A")
    return window_of_rpc(_adjusted(rpc_record(fields), _adjustment(found)), window)


def _coefficient(found: Mapping[str, str], key: str) -> str:
    if key not in found:
        raise InvalidParameter(f"{_KIND}: {key}", "nothing", "a number")
    return found[key]


def _adjustment(found: Mapping[str, str]) -> dict[str, float]:
    """Return the adjustment in force by name: center + sigma · parameter, zeros left out."""
    current = f"adjustment_{found.get('current_adjustment', '0')}"
    adjustment: dict[str, float] = {}
    for key, name in found.items():
        if not (key.startswith(f"{current}.adj_param_") and key.endswith(".description")):
            continue
        parts = (
            key.removesuffix("description") + part for part in ("center", "sigma", "parameter")
        )
        center, sigma, parameter = (
            number_of(f"{_KIND}: {part}", found.get(part, "0")) for part in parts
        )
        value = center + sigma * parameter
        if value == 0:
            continue
        if name not in _ADJUSTABLE:
            raise InvalidParameter(f"{_KIND}: {key}", name, f"one of {', '.join(_ADJUSTABLE)}")
        adjustment[name] = value
    return adjustment


def _adjusted(record: RpcRecord, adjustment: Mapping[str, float]) -> RpcRecord:
    """Return the record with an adjustment: normalised positions are turned, scaled and shifted."""
    if not adjustment:
        return record
    angle = math.radians(adjustment.get("map_rotation", 0.0))
    col_scale = record.col_scale_px + adjustment.get("crtrack_scale", 0.0)
    row_scale = record.row_scale_px + adjustment.get("intrack_scale", 0.0)
    col, row = record.col_offset_px, record.row_offset_px
    c1 = math.cos(angle) * col_scale / record.col_scale_px
    c2 = -math.sin(angle) * col_scale / record.row_scale_px
    r1 = math.sin(angle) * row_scale / record.col_scale_px
    r2 = math.cos(angle) * row_scale / record.row_scale_px
    c0 = col + adjustment.get("crtrack_offset", 0.0) - c1 * col - c2 * row
    r0 = row + adjustment.get("intrack_offset", 0.0) - r1 * col - r2 * row
    return msgspec.structs.replace(record, correction=(c0, c1, c2, r0, r1, r2))
