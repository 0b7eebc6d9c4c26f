"""From the fields of any RPC file to a record: numbers parsed and checked, each error naming file and key.

Every reader hands over the same ten scalars and four lists under GDAL's names, with the spelling of its
own file beside, and says where that file counts pixels from.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import COEFFICIENTS, RpcRecord, rpc00b_order
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow, window_of_rpc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What is added to a LINE_OFF and a SAMP_OFF to count from the outer corner of the first pixel.
CENTERS_FROM_0 = 0.5
CENTERS_FROM_1 = -0.5

SCALARS = {
    "LINE_OFF": "row_offset_px",
    "SAMP_OFF": "col_offset_px",
    "LAT_OFF": "latitude_offset_deg",
    "LONG_OFF": "longitude_offset_deg",
    "HEIGHT_OFF": "height_offset_m",
    "LINE_SCALE": "row_scale_px",
    "SAMP_SCALE": "col_scale_px",
    "LAT_SCALE": "latitude_scale_deg",
    "LONG_SCALE": "longitude_scale_deg",
    "HEIGHT_SCALE": "height_scale_m",
}
LISTS = {
    "LINE_NUM_COEFF": "row_numerator",
    "LINE_DEN_COEFF": "row_denominator",
    "SAMP_NUM_COEFF": "col_numerator",
    "SAMP_DEN_COEFF": "col_denominator",
}
ERRORS = {"ERR_BIAS": "error_bias_m", "ERR_RAND": "error_random_m"}

# A number as these files write it, in Fortran's way too (1.0D-03), then perhaps a unit.
_NUMBER = re.compile(
    r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eEdD][+-]?\d+)?)\s*(?:pixels?|degrees?|met(?:er|re)s?|m)?\s*",
    re.IGNORECASE,
)
# The longest in real files has 40 characters, unit included.
_MAX_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class RpcFields:
    """What a file says, not yet checked.

    Attributes
    ----------
    kind : str
        The file's kind, for messages: "RPB file".
    values : GDAL key -> text, number, or a list of them
    spelling : GDAL key -> the key as the file spells it
        Where it differs.
    pixel_shift : float
        CENTERS_FROM_0 or CENTERS_FROM_1.
    is_rpc00a : bool
        Coefficients are in RPC00A order.
    """

    kind: str
    values: Mapping[str, object]
    spelling: Mapping[str, str] = field(default_factory=dict)
    pixel_shift: float = CENTERS_FROM_0
    is_rpc00a: bool = False

    def named(self, key: str) -> str:
        """Return how an error names a key."""
        return f"{self.kind}: {self.spelling.get(key, key)}"


def rpc_record(fields: RpcFields, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Check the fields of a file and return its record in pixels of the raster at hand.

    Raises
    ------
    InvalidParameter
        A missing key, a word instead of a number, a number that is not finite, a wrong count, a scale or
        a first coefficient of a denominator that is zero.
    """
    numbers: dict[str, float] = {}
    for key, name in SCALARS.items():
        numbers[name] = _scalar(fields, key)
        if key.endswith("_SCALE") and numbers[name] == 0:
            raise InvalidParameter(fields.named(key), 0, "a scale other than zero")
    numbers["row_offset_px"] += fields.pixel_shift
    numbers["col_offset_px"] += fields.pixel_shift
    lists = {name: _coefficients(fields, key) for key, name in LISTS.items()}
    record = RpcRecord(
        row_offset_px=numbers.pop("row_offset_px"),
        col_offset_px=numbers.pop("col_offset_px"),
        latitude_offset_deg=numbers.pop("latitude_offset_deg"),
        longitude_offset_deg=numbers.pop("longitude_offset_deg"),
        height_offset_m=numbers.pop("height_offset_m"),
        row_scale_px=numbers.pop("row_scale_px"),
        col_scale_px=numbers.pop("col_scale_px"),
        latitude_scale_deg=numbers.pop("latitude_scale_deg"),
        longitude_scale_deg=numbers.pop("longitude_scale_deg"),
        height_scale_m=numbers.pop("height_scale_m"),
        row_numerator=lists["row_numerator"],
        row_denominator=lists["row_denominator"],
        col_numerator=lists["col_numerator"],
        col_denominator=lists["col_denominator"],
        error_bias_m=_error_m(fields, "ERR_BIAS"),
        error_random_m=_error_m(fields, "ERR_RAND"),
    )
    record = window_of_rpc(record, window)
    record.bind()
    return record


def number_of(name: str, value: object) -> float:
    """Return a value of a file as a number; a unit may follow.

    Raises
    ------
    InvalidParameter
        Not a finite number: a placeholder, NaN, empty.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
    else:
        text = str(value)
        match = _NUMBER.fullmatch(text) if len(text) <= _MAX_CHARACTERS else None
        if match is None:
            raise InvalidParameter(name, value, "a number")
        number = float(match[1].upper().replace("D", "E"))
    if not math.isfinite(number):
        raise InvalidParameter(name, value, "a finite number")
    return number


def _scalar(fields: RpcFields, key: str) -> float:
    if fields.values.get(key) is None:
        raise InvalidParameter(fields.named(key), "nothing", "a number")
    return number_of(fields.named(key), fields.values[key])


def _error_m(fields: RpcFields, key: str) -> float | None:
    """Return a stated error; -1 is GDAL's word for unknown."""
    if fields.values.get(key) is None:
        return None
    value = _scalar(fields, key)
    return value if value >= 0 else None


def _coefficients(fields: RpcFields, key: str) -> tuple[float, ...]:
    name = fields.named(key)
    given = fields.values.get(key)
    if given is None:
        raise InvalidParameter(name, "nothing", f"{COEFFICIENTS} numbers")
    parts: Sequence[object] = given.split() if isinstance(given, str) else list(given)  # type: ignore[call-overload]  # -- readers give texts or lists
    if len(parts) != COEFFICIENTS:
        raise InvalidParameter(name, f"{len(parts)} numbers", f"{COEFFICIENTS} numbers")
    found = tuple(
        number_of(f"{name} (coefficient {index})", part)
        for index, part in enumerate(parts, start=1)
    )
    if "_DEN_" in key and found[0] == 0:
        raise InvalidParameter(f"{name} (coefficient 1)", 0, "a number other than zero")
    if not any(found):
        raise InvalidParameter(name, "zeros only", "coefficients that are not all zero")
    return rpc00b_order(found) if fields.is_rpc00a else found
