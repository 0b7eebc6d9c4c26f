"""The user of pyproj: CRS texts, pinned operations and point transformations, always x, y (geodesics: `geodesic.py`).

Rules: a CRS text from outside is parsed here and never handed to a general parser (some fetch URLs).
Between two CRSs one operation is chosen once and known by its pipeline text; a Transformer made from
two CRSs would pick the operation point by point and jump by metres. Transformers belong to a thread.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyproj
from numpy.typing import NDArray
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.datadir import (  # type: ignore[attr-defined]  # -- documented there, made elsewhere
    get_data_dir,
    get_user_data_dir,
)
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from engine.errors import InvalidParameter
from engine.extent import Extent

if TYPE_CHECKING:
    from collections.abc import Iterator

Floats = NDArray[np.float64]

MERCATOR = "EPSG:3857"
LONLAT = "EPSG:4326"
MAX_WKT_CHARS = 16_000
_CODE = re.compile(r"^\s*(?:(EPSG|ESRI|OGC|IAU_2015)\s*:+\s*)?(\d{1,7}|CRS84)\s*$", re.IGNORECASE)
_URN = re.compile(
    r"^\s*(?:urn:ogc:def:crs:|https?://www\.opengis\.net/def/crs/)(EPSG|OGC|ESRI)[:/][\w.]*[:/](\w+)\s*$",
    re.IGNORECASE,
)
_MERCATOR_ALIASES = {102100, 102113, 900913, 3785}
_WKT_START = re.compile(
    r"^\s*(PROJCRS|PROJCS|GEOGCRS|GEOGCS|GEODCRS|BOUNDCRS|COMPOUNDCRS|COMPD_CS|GEODETICCRS|"
    r"PROJECTEDCRS|GEOGRAPHICCRS|LOCAL_CS|ENGCRS|ENGINEERINGCRS|DERIVEDPROJCRS|GEOCCS)\s*\[",
    re.IGNORECASE,
)
_ACCEPTED = "a map's EPSG or ESRI code, OGC CRS URN, or WKT of at most 16,000 characters"
_DEGREE_M = 111319.49079327357


class CrsInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a CRS.

    Attributes
    ----------
    wkid, latest_wkid : int
        Esri's and EPSG's code; 0 where there is none.
    metres_per_unit : float
        Of the map axes; for degrees the length of one degree at the equator.
    area_lonlat : Extent or None
        Area of use; xmax may exceed 180 where it crosses the antimeridian.
    """

    key: str
    name: str
    wkid: int
    latest_wkid: int
    wkt: str
    is_geographic: bool
    metres_per_unit: float
    area_lonlat: Extent | None


class Operation(msgspec.Struct, frozen=True):
    """One pinned coordinate operation; `key` is short and stable, `pipeline` what PROJ runs."""

    key: str
    pipeline: str


@lru_cache(maxsize=512)
def canonical_crs(text: str, parameter: str = "crs") -> str:
    """Return the canonical key of a CRS: "EPSG:n", "ESRI:n", "OGC:CRS84" or WKT.

    Raises
    ------
    InvalidParameter
        The text is none of the accepted forms or names no known CRS.
    """
    if match := _CODE.match(text) or _URN.match(text):
        authority, code = (match.group(1) or "").upper(), match.group(2).upper()
        return _key_of_code(authority, code, text, parameter)
    if len(text) > MAX_WKT_CHARS or not _WKT_START.match(text):
        raise InvalidParameter(parameter, text, _ACCEPTED)
    try:
        crs = _of_maps(pyproj.CRS.from_wkt(text))
    except CRSError as err:
        raise InvalidParameter(parameter, text, _ACCEPTED) from err
    return _stated_key(crs) or str(crs.to_wkt("WKT2_2019"))


def _of_maps(crs: pyproj.CRS) -> pyproj.CRS:
    """Return a CRS whose x and y alone are places: not metres from the Earth's centre, not heights."""
    if crs.is_geocentric or crs.is_vertical:
        raise CRSError("of no map")
    return crs


def _key_of_code(authority: str, code: str, text: str, parameter: str) -> str:
    if code == "CRS84":
        return "OGC:CRS84"
    if int(code) in _MERCATOR_ALIASES:
        return MERCATOR
    for name in (authority,) if authority else ("EPSG", "ESRI"):
        try:
            _of_maps(pyproj.CRS.from_authority(name, code))
        except CRSError:
            continue
        return f"{name}:{int(code)}"
    raise InvalidParameter(parameter, text, _ACCEPTED)


def _stated_key(crs: pyproj.CRS) -> str:
    """Return the key of the CRS whose code or name is stated, if it really is that one, else "".

    PROJ takes up to two seconds to look for one of the same parameters: too long for a request's.
    """
    for candidate in (crs, crs.to_2d()) if crs.is_geographic else (crs,):
        for key in _keys_to_try(candidate):
            if _same(candidate, key):
                return MERCATOR if int(key.partition(":")[2]) in _MERCATOR_ALIASES else key
    return ""


def _keys_to_try(crs: pyproj.CRS) -> Iterator[str]:
    stated = crs.to_json_dict().get("id", {})
    if stated.get("authority") in ("EPSG", "ESRI"):
        yield f"{stated['authority']}:{stated['code']}"
    names = [crs.name]
    if crs.utm_zone and crs.geodetic_crs:
        names.append(f"{crs.geodetic_crs.name} / UTM zone {crs.utm_zone}")
    for name in names:
        yield from _keys_by_name().get(name.casefold(), ())


@lru_cache(maxsize=1)
def _keys_by_name() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for authority in ("EPSG", "ESRI"):
        for info in query_crs_info(auth_name=authority):
            found.setdefault(info.name.casefold(), []).append(f"{authority}:{info.code}")
    return found


def _same(crs: pyproj.CRS, key: str) -> bool:
    """Tell whether `crs` puts points where `key` does (names and axis order aside)."""
    try:
        known = _crs(key)
    except CRSError:
        return False
    if crs.equals(known, ignore_axis_order=True):
        return True
    return crs.is_projected and _projection_facts(crs) == _projection_facts(known)


def _projection_facts(crs: pyproj.CRS) -> object:
    """Return what a projected CRS does; PROJ's own comparison heeds names of axes and ensembles."""
    base, step = crs.geodetic_crs, crs.coordinate_operation
    if crs.is_bound or crs.is_compound or base is None or step is None or base.name == "unknown":
        return object()
    parameters = sorted(
        (p.name, round(float(p.value) * p.unit_conversion_factor, 12)) for p in step.params
    )
    axes = sorted((axis.direction, axis.unit_conversion_factor) for axis in crs.axis_info)
    shape = crs.ellipsoid and (crs.ellipsoid.semi_major_metre, crs.ellipsoid.inverse_flattening)
    return step.method_name, parameters, axes, base.name, shape


@lru_cache(maxsize=256)
def _crs(key: str) -> pyproj.CRS:
    if _WKT_START.match(key):
        return pyproj.CRS.from_wkt(key)
    authority, _, code = key.partition(":")
    return pyproj.CRS.from_authority(authority, code)


@lru_cache(maxsize=256)
def describe_crs(key: str) -> CrsInfo:
    """Return the facts about the CRS of a canonical key."""
    crs = _crs(key)
    _, _, code = key.partition(":") if not _WKT_START.match(key) else ("", "", "0")
    number = int(code) if code.isdigit() else (4326 if code == "CRS84" else 0)
    axis = crs.axis_info[0] if crs.axis_info else None
    geographic = bool(crs.is_geographic)
    factor = float(axis.unit_conversion_factor) if axis else 1.0
    use = crs.area_of_use
    area = None
    if use is not None:
        east = use.east if use.east >= use.west else use.east + 360.0
        area = Extent(use.west, use.south, east, use.north)
    return CrsInfo(
        key=key,
        name=str(crs.name),
        wkid=102100 if key == MERCATOR else number,
        latest_wkid=number,
        wkt=str(crs.to_wkt("WKT1_ESRI" if crs.is_projected or geographic else "WKT2_2019")),
        is_geographic=geographic,
        metres_per_unit=_DEGREE_M * factor * 180.0 / np.pi if geographic else factor,
        area_lonlat=area,
    )


def crs_of_wkt(wkt: str | dict[str, object]) -> str:
    """Return the key of a CRS of a raster's header or a .prj file: WKT, a PROJ string, a CF grid mapping.

    It is trusted, whatever its length; finding a CRS of the same parameters may take PROJ seconds.
    """
    try:
        plain = "from_proj4" if str(wkt).startswith("+proj=") else "from_wkt"
        crs = getattr(pyproj.CRS, "from_cf" if isinstance(wkt, dict) else plain)(wkt)
    except (CRSError, KeyError) as err:
        raise InvalidParameter("crs", wkt, "a coordinate system that PROJ knows") from err
    key = _stated_key(crs)
    found = None if key else crs.to_authority(min_confidence=70)
    if found is not None and found[0] in ("EPSG", "ESRI") and _same(crs, ":".join(found)):
        key = ":".join(found)
    return key or str(crs.to_wkt("WKT2_2019"))


def wkt_of(key: str) -> str:
    """Return WKT 2 of a canonical key, for writers of files."""
    return str(_crs(key).to_wkt("WKT2_2019"))


@lru_cache(maxsize=2048)
def operation(from_crs: str, to_crs: str, area_lonlat: Extent | None = None) -> Operation:
    """Choose the one operation between two CRSs that is best within an area.

    The same arguments give the same pipeline; where only one operation exists the area does not
    matter and all callers share it.

    Raises
    ------
    InvalidParameter
        No operation exists between the two.
    """
    if from_crs == to_crs or {from_crs, to_crs} == {LONLAT, "OGC:CRS84"}:
        return Operation("noop", "proj=noop")
    area = None
    if area_lonlat is not None and has_one_operation(from_crs, to_crs):
        return operation(from_crs, to_crs)
    if area_lonlat is not None:
        edges = (area_lonlat.xmin, area_lonlat.xmax)
        west, east = (x if abs(x) <= 180.0 else (x + 180.0) % 360.0 - 180.0 for x in edges)
        if area_lonlat.width >= 360:
            west, east = -180.0, 180.0
        south, north = max(-90.0, area_lonlat.ymin), min(90.0, area_lonlat.ymax)
        area = AreaOfInterest(west, south, east, north)
    try:
        best = _candidates(from_crs, to_crs, area).transformers[0]
    except (ProjError, CRSError, IndexError) as err:
        raise InvalidParameter(
            "crs", from_crs, f"a CRS that can be transformed to {to_crs}"
        ) from err
    pipeline = str(best.definition)
    return Operation(f"{zlib.crc32(pipeline.encode()):08x}", pipeline)


@lru_cache(maxsize=1024)
def has_one_operation(from_crs: str, to_crs: str) -> bool:
    """Tell whether the area cannot matter; choosing by area takes milliseconds a raster."""
    try:
        group = _candidates(from_crs, to_crs, None)
    except (ProjError, CRSError):
        return False
    return len(group.transformers) + len(group.unavailable_operations) == 1


def _candidates(from_crs: str, to_crs: str, area: AreaOfInterest | None) -> TransformerGroup:
    """Return the operations between two CRSs, best first."""
    with warnings.catch_warnings():
        # It says that a better one needs a grid that is not installed; the best of the rest serves.
        warnings.simplefilter("ignore", UserWarning)
        return TransformerGroup(
            _crs(from_crs),
            _crs(to_crs),
            always_xy=True,
            area_of_interest=area,  # type: ignore[arg-type]  # -- pyproj's stub names its private twin
        )


class _Transformers(threading.local):
    def __init__(self) -> None:
        self.by_pipeline: dict[str, pyproj.Transformer] = {}


_local = _Transformers()
_MAX_TRANSFORMERS = 256


def _transformer(pipeline: str) -> pyproj.Transformer:
    found = _local.by_pipeline.get(pipeline)
    if found is None:
        if len(_local.by_pipeline) >= _MAX_TRANSFORMERS:
            _local.by_pipeline.pop(next(iter(_local.by_pipeline)))
        found = pyproj.Transformer.from_pipeline(pipeline)
        _local.by_pipeline[pipeline] = found
    return found


def transform(pipeline: str, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Transform points; what cannot be transformed comes back as inf.

    Parameters
    ----------
    pipeline : str
        As in `Operation.pipeline`.
    x, y : float64, any one shape
        Left as they are; new arrays are returned.
    """
    out_x, out_y = np.array(x, np.float64, order="C"), np.array(y, np.float64, order="C")
    if pipeline != "proj=noop":
        _transformer(pipeline).transform(out_x, out_y, inplace=True, errcheck=False)
    return out_x, out_y


def inverse(pipeline: str, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Transform points against the pipeline's direction; failures come back as inf."""
    out_x, out_y = np.array(x, np.float64), np.array(y, np.float64)
    if pipeline == "proj=noop":
        return out_x, out_y
    _transformer(pipeline).transform(
        out_x, out_y, inplace=True, errcheck=False, direction=TransformDirection.INVERSE
    )
    return out_x, out_y


def transform_checked(
    pipeline: str,
    x: Floats,
    y: Floats,
    tolerance_x: float,
    tolerance_y: float,
    period_x: float = 0.0,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Transform points and tell which of them come back by the inverse.

    PROJ returns finite nonsense far outside a zone: a point counts only if transforming it back
    returns it within the tolerances (in units of `x` and `y`). `period_x` is the length of the world
    along x, 0 = none: a point just beyond the antimeridian comes back at the other end of the map.
    """
    out_x, out_y = transform(pipeline, x, y)
    if pipeline == "proj=noop":
        return out_x, out_y, np.isfinite(x) & np.isfinite(y)
    back_x, back_y = inverse(pipeline, out_x, out_y)
    with np.errstate(invalid="ignore"):
        good = (np.abs(back_x - x) <= tolerance_x) & (np.abs(back_y - y) <= tolerance_y)
        if period_x and not good.all():
            turned = np.abs(np.abs(back_x - x) - period_x) <= tolerance_x
            good |= turned & (np.abs(back_y - y) <= tolerance_y)
    return out_x, out_y, good


def horizontal_crs(key: str) -> str:
    """Return the key of the CRS on the map alone: without heights, where `key` has them."""
    crs = _crs(key)
    if crs.is_compound:
        return crs_of_wkt(str(crs.sub_crs_list[0].to_wkt("WKT2_2019")))
    return crs_of_wkt(str(crs.to_2d().to_wkt("WKT2_2019"))) if len(crs.axis_info) > 2 else key


def vertical_crs(key: str) -> tuple[str, float]:
    """Return what heights of a CRS count from, and metres per unit of them.

    Returns
    -------
    name : str
        Of the vertical CRS of a compound one ("EGM2008 height"), "ellipsoid" for a three-dimensional
        geographic one, "" where the CRS says nothing of heights.
    metres_per_unit : float
    """
    crs = _crs(key)
    if crs.is_compound:
        vertical = crs.sub_crs_list[-1]
        return str(vertical.name), float(vertical.axis_info[0].unit_conversion_factor)
    if len(crs.axis_info) > 2:
        return "ellipsoid", float(crs.axis_info[2].unit_conversion_factor)
    return "", 1.0


def grid_folders() -> tuple[str, ...]:
    """Return the folders in which PROJ of this process looks for its grids."""
    return (*get_data_dir().split(os.pathsep), get_user_data_dir())
