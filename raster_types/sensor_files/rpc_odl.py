"""RPC in "key = value;" files: DigitalGlobe's .RPB and OrbView's .pvl. Pixel centres count from 0."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_fields import RpcFields, rpc_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.geotransforms.rpc import RpcRecord

# Every repetition ends at a character that begins none: time grows with the length, not its square.
_STATEMENT = re.compile(
    r"^[ \t]*(\w+)[ \t]*=[ \t]*(?:[\r\n]+[ \t]*(?=\())?(\([^()=;]*\)|[^;\r\n]*)", re.MULTILINE
)
_RPB = {
    "LINE_OFF": "lineOffset",
    "SAMP_OFF": "sampOffset",
    "LAT_OFF": "latOffset",
    "LONG_OFF": "longOffset",
    "HEIGHT_OFF": "heightOffset",
    "LINE_SCALE": "lineScale",
    "SAMP_SCALE": "sampScale",
    "LAT_SCALE": "latScale",
    "LONG_SCALE": "longScale",
    "HEIGHT_SCALE": "heightScale",
    "LINE_NUM_COEFF": "lineNumCoef",
    "LINE_DEN_COEFF": "lineDenCoef",
    "SAMP_NUM_COEFF": "sampNumCoef",
    "SAMP_DEN_COEFF": "sampDenCoef",
    "ERR_BIAS": "errBias",
    "ERR_RAND": "errRand",
}
_PVL = {
    "LINE_OFF": "lineOffset",
    "SAMP_OFF": "pixelOffset",
    "LAT_OFF": "latitudeOffset",
    "LONG_OFF": "longitudeOffset",
    "HEIGHT_OFF": "heightOffset",
    "LINE_SCALE": "lineScale",
    "SAMP_SCALE": "pixelScale",
    "LAT_SCALE": "latitudeScale",
    "LONG_SCALE": "longitudeScale",
    "HEIGHT_SCALE": "heightScale",
    "LINE_NUM_COEFF": "lineNumeratorCoefficients",
    "LINE_DEN_COEFF": "lineDenominatorCoefficients",
    "SAMP_NUM_COEFF": "pixelNumeratorCoefficients",
    "SAMP_DEN_COEFF": "pixelDenominatorCoefficients",
    "ERR_BIAS": "errorBias",
    "ERR_RAND": "errorRand",
}


def read_rpb(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of an .RPB file; of a product cut into tiles it describes the whole.

    Raises
    ------
    InvalidParameter
    """
    found = _statements(text)
    order = str(found.get("specid", "")).upper()
    return rpc_record(
        RpcFields("RPB file", _picked(found, _RPB), _RPB, is_rpc00a=order == "RPC00A"), window
    )


def read_pvl(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of the group rationalFunctions of an OrbView .pvl file.

    Raises
    ------
    InvalidParameter
    """
    _, start, rest = text.partition("BEGIN_GROUP = rationalFunctions")
    if not start:
        raise InvalidParameter("PVL file", "nothing", "a group rationalFunctions")
    group = rest.partition("END_GROUP")[0]
    return rpc_record(RpcFields("PVL file", _picked(_statements(group), _PVL), _PVL), window)


def _picked(found: Mapping[str, object], spelling: Mapping[str, str]) -> dict[str, object]:
    """Return the statements that matter, under GDAL's keys."""
    return {key: found[own.lower()] for key, own in spelling.items() if own.lower() in found}


def _statements(text: str) -> dict[str, object]:
    """Return the statements by key in lower case: texts, and lists for what stands in parentheses."""
    found: dict[str, object] = {}
    for key, value in _STATEMENT.findall(text):
        if value.startswith("("):
            found[key.lower()] = [part.strip() for part in value[1:-1].split(",")]
        else:
            found[key.lower()] = value.strip().strip('"')
    return found
