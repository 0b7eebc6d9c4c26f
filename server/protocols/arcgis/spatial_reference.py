"""Spatial references as ArcGIS clients write them, to and from the engine's CRS text.

Rule: syntax only. Nothing is looked up, opened or fetched: a URL is refused unless it is one of the OGC's
names of an EPSG code, which are read here and never followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import ImageServerError, InvalidParameter
from engine.image_space import image_space, image_space_item
from server.protocols.arcgis.parameters import Parameters, as_integer
from server.protocols.arcgis.sloppy_json import JsonValue, decode_json
from server.protocols.input_limits import MAX_WKT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.summary import ServiceSummary

WEB_MERCATOR = "EPSG:3857"
ACCEPTED = "a WKID such as 3857, {'wkid':…}, EPSG:n, WKT, or 0:n for image space of raster n"

_WEB_MERCATOR_CODES = frozenset({3857, 102100, 102113, 900913, 3785})
_EPSG_END = 32768
_HIGHEST_CODE = 999_999
_CODE_FORMS = (
    re.compile(r"(?P<code>\d{1,9})(?:\.0*)?"),
    re.compile(r"(?P<authority>EPSG|ESRI):(?P<code>\d{1,9})", re.IGNORECASE),
    re.compile(
        r"urn:ogc:def:crs:(?P<authority>EPSG|ESRI):[\w.]{0,12}:(?P<code>\d{1,9})", re.IGNORECASE
    ),
    re.compile(
        r"https?://www\.opengis\.net/def/crs/(?P<authority>EPSG|ESRI)/[\w.]{1,12}/(?P<code>\d{1,9})",
        re.IGNORECASE,
    ),
)
_IMAGE_SPACE = re.compile(r"0:\d{1,15}", re.ASCII)
_ID_KEYS = ("id", "icsid", "rasterid", "objectid")
_OBJECT_ID = re.compile(r"OBJECTID\s*=\s*(\d{1,15})\s*$", re.IGNORECASE | re.ASCII)
_WKT = re.compile(
    r"(?:PROJCS|GEOGCS|GEOCCS|COMPD_CS|LOCAL_CS|PROJCRS|PROJECTEDCRS|GEOGCRS|GEOGRAPHICCRS|GEODCRS|"
    r"GEODETICCRS|COMPOUNDCRS|BOUNDCRS)\s*[\[(].*[\])]",
    re.IGNORECASE | re.DOTALL,
)


def parse_crs(name: str, text: str) -> str:
    """Read a spatial reference in any of its text forms.

    Parameters
    ----------
    name : str
        The parameter, for messages.
    text : str
        WKID, `EPSG:n`, OGC URN or URL, WKT, JSON, or `0:id`: image space of a raster. Blank = not given.

    Returns
    -------
    str
        "EPSG:n", "ESRI:n", "ICS:n" (see `engine.image_space`) or WKT; "" where not given.

    Raises
    ------
    InvalidParameter
        Anything else, or WKT beyond `MAX_WKT` characters.
    """
    text = text.strip()
    if text.casefold() in ("", "{}", "null", "undefined", "false"):
        return ""
    if text.startswith("{"):
        return crs_of_json(name, decode_json(name, text))
    for form in _CODE_FORMS:
        match = form.fullmatch(text)
        if match:
            groups = match.groupdict()
            return _of_code(name, int(groups["code"]), (groups.get("authority") or "").upper())
    if _IMAGE_SPACE.fullmatch(text):
        return image_space(int(text[2:]))
    return _of_wkt(name, text)


def crs_of_json(name: str, value: JsonValue) -> str:
    """Read a spatialReference object (or a bare WKID inside JSON); "" where empty.

    Raises
    ------
    InvalidParameter
        See `parse_crs`.
    """
    if value is None or value == {}:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return parse_crs(name, str(value))
    if not isinstance(value, dict):
        raise InvalidParameter(name, value, ACCEPTED)
    fields = {key.casefold(): entry for key, entry in value.items()}
    if "icsid" in fields or "ics" in fields:
        return image_space(_raster_of(name, fields))
    for key in ("latestwkid", "wkid"):
        code = fields.get(key)
        if code not in (None, 0, ""):
            return _of_code(name, as_integer(name, code, 1, _HIGHEST_CODE), "")
    wkt = fields.get("wkt")
    if isinstance(wkt, str) and wkt.strip():
        return _of_wkt(name, wkt.strip())
    raise InvalidParameter(name, value, ACCEPTED)


def _raster_of(name: str, fields: dict[str, JsonValue]) -> int:
    """Return the raster that `{"icsid": n}` or `{"ics": {…}}` names.

    Clients send the object of the ics resource back whole. Ours has the OBJECTID as its `id`; those of
    other servers have it at the end of their name, `Raster.OBJECTID = 9`. What else is in it (the sensor
    model as that server had it) is not looked at: this server knows its images.
    """
    number = fields.get("icsid")
    ics = fields.get("ics")
    if number is None and isinstance(ics, dict):
        within = {key.casefold(): entry for key, entry in ics.items()}
        number = next((within[key] for key in _ID_KEYS if within.get(key) is not None), None)
        found = _OBJECT_ID.search(str(within.get("name", ""))[-200:])
        if number is None and found:
            number = found[1]
    elif number is None:
        number = ics
    if number is None:
        raise InvalidParameter(name, "ics", "an image coordinate system with the id of its raster")
    return as_integer(f"{name}.icsid", number, 0, 10**15)


def crs_parameter(parameters: Parameters, name: str) -> str:
    """Return the CRS text of a request parameter; "" where not given."""
    return parse_crs(name, parameters.text(name))


def as_typed(error: ImageServerError, pairs: Iterable[tuple[str, str]]) -> ImageServerError:
    """Return an error that names a code as the request spelt it, without an authority if that had none."""
    if not isinstance(error, InvalidParameter):
        return error
    name, value, accepted = error.fields
    authority, _, code = str(value).partition(":")
    is_spelt = any(str(value).casefold() in text.casefold() for _, text in pairs)
    if authority not in ("EPSG", "ESRI") or not code.isdigit() or is_spelt:
        return error
    return InvalidParameter(name, code, accepted)


def unless_own(crs: str, summary: ServiceSummary) -> str:
    """Return `crs`, or "" where it is the WKT that this service itself states.

    Clients send the spatial reference of a service back word for word; that it is the service's own
    need not be found out.
    """
    return "" if crs and crs == to_json("", summary).get("wkt") else crs


def to_json(crs: str, summary: ServiceSummary) -> dict[str, JsonValue]:
    """Return the spatialReference object of a CRS text; "" = the service's.

    Web Mercator is written as 102100 with latestWkid 3857: Cesium accepts no other pair.
    """
    raster = image_space_item(crs)
    if raster is not None:
        return {"icsid": raster}
    if crs in ("", summary.crs):
        if summary.latest_wkid or summary.wkid:
            wkid = summary.wkid or summary.latest_wkid
            return _codes(wkid, summary.latest_wkid or wkid)
        return {"wkt": summary.wkt or summary.crs}
    authority, _, code = crs.partition(":")
    if authority in ("EPSG", "ESRI") and code.isdigit():
        return _codes(int(code), int(code))
    return {"wkt": crs}


def _codes(wkid: int, latest: int) -> dict[str, JsonValue]:
    if latest in _WEB_MERCATOR_CODES or wkid in _WEB_MERCATOR_CODES:
        return {"wkid": 102100, "latestWkid": 3857}
    return {"wkid": wkid, "latestWkid": latest}


def _of_code(name: str, code: int, authority: str) -> str:
    if code in _WEB_MERCATOR_CODES:
        return WEB_MERCATOR
    if not 1000 <= code <= _HIGHEST_CODE:
        raise InvalidParameter(name, code, ACCEPTED)
    # Codes up to 32767 are EPSG's; Esri's own begin above.
    return f"{authority or ('EPSG' if code < _EPSG_END else 'ESRI')}:{code}"


def _of_wkt(name: str, text: str) -> str:
    if len(text) > MAX_WKT:
        raise InvalidParameter(name, text, f"WKT of at most {MAX_WKT} characters")
    if not _WKT.fullmatch(text):
        raise InvalidParameter(name, text, ACCEPTED)
    return text
