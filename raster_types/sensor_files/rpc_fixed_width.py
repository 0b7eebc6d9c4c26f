"""RPC in fields of fixed width: the NITF extensions RPC00A and RPC00B, and ALOS's RPC-*.txt.

Pixel centres count from 0.

References
----------
NGA STDI-0002 vol. 1, Appendix E, tables of RPC00A and RPC00B (1041 bytes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import COEFFICIENTS
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_fields import LISTS, SCALARS, RpcFields, rpc_record

if TYPE_CHECKING:
    from engine.geotransforms.rpc import RpcRecord

# In the order of SCALARS: offsets of line, sample, latitude, longitude, height; then their scales.
_WIDTHS = (6, 5, 8, 9, 5, 6, 5, 8, 9, 5)
_COEFFICIENT_WIDTH = 12
_ALOS_LENGTH = sum(_WIDTHS) + 4 * COEFFICIENTS * _COEFFICIENT_WIDTH
# SUCCESS, ERR_BIAS, ERR_RAND stand before.
_NITF_HEAD = (1, 7, 7)
_NITF_LENGTH = sum(_NITF_HEAD) + _ALOS_LENGTH


def read_nitf_rpc(
    name: Literal["RPC00A", "RPC00B"], text: str, window: ImageWindow = WHOLE_IMAGE
) -> RpcRecord:
    """Return the record of a NITF extension (TRE) as it stands in the file.

    Parameters
    ----------
    name
        Says the order of the coefficients.

    Raises
    ------
    InvalidParameter
        Also: the extension says that it is not usable (SUCCESS 0).
    """
    if len(text) < _NITF_LENGTH:
        raise InvalidParameter(f"NITF {name}", f"{len(text)} bytes", f"{_NITF_LENGTH} bytes")
    success, bias, random = text[0], text[1:8], text[8:15]
    if success != "1":
        raise InvalidParameter(f"NITF {name}: SUCCESS", success, "1")
    values = _fixed_width(text[sum(_NITF_HEAD) :])
    values |= {"ERR_BIAS": bias, "ERR_RAND": random}
    fields = RpcFields(f"NITF {name}", values, is_rpc00a=name == "RPC00A")
    return rpc_record(fields, window)


def is_alos_rpc(text: str) -> bool:
    """Tell whether a text has the form of ALOS's RPC file."""
    return len(text.strip()) == _ALOS_LENGTH and ":" not in text


def read_alos_rpc(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of ALOS's RPC-*.txt.

    Raises
    ------
    InvalidParameter
    """
    if not is_alos_rpc(text):
        length = f"{len(text.strip())} characters"
        raise InvalidParameter("ALOS RPC text", length, f"{_ALOS_LENGTH} without separators")
    return rpc_record(RpcFields("ALOS RPC text", _fixed_width(text.strip())), window)


def _fixed_width(text: str) -> dict[str, object]:
    values: dict[str, object] = {}
    at = 0
    for key, width in zip(SCALARS, _WIDTHS, strict=True):
        values[key] = text[at : at + width]
        at += width
    for key in LISTS:
        starts = range(at, at + COEFFICIENTS * _COEFFICIENT_WIDTH, _COEFFICIENT_WIDTH)
        values[key] = [text[start : start + _COEFFICIENT_WIDTH] for start in starts]
        at += COEFFICIENTS * _COEFFICIENT_WIDTH
    return values
