"""An ArcGIS ImageServer, Swath's or another's, asked by exportImage."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from engine.errors import InvalidParameter, SourceUnavailable
from engine.extent import Extent
from engine.geometry.projection import canonical_crs, describe_crs
from server.comparison.address import parameters_of, shown_url, with_query
from server.comparison.picture_service import ServiceFacts
from server.comparison.refusal import arcgis_error, refusal

if TYPE_CHECKING:
    from server.comparison.fetcher import Fetcher
    from server.comparison.view import View

_ROOT = re.compile(r"^(.*?/ImageServer)(?:/(?:exportImage)?)?$", re.IGNORECASE)
# What a view decides; all else that the operator's URL says (a token, a rule) goes along.
_OF_THE_VIEW = frozenset({"f", "bbox", "bboxsr", "imagesr", "size", "format", "dpi"})


def is_arcgis(url: str) -> bool:
    """Tell whether a URL is that of an ImageServer (and not of the WMS that it may have)."""
    return _ROOT.match(urlsplit(url).path) is not None


class ArcgisService:
    """One ImageServer."""

    def __init__(self, root: str, kept: tuple[tuple[str, str], ...], facts: ServiceFacts) -> None:
        self._root, self._kept = root, kept
        self.facts = facts

    def picture_url(self, view: View) -> str:
        """Return the exportImage request of a view."""
        box = view.extent
        reference = _reference(view.crs)
        pairs = [
            ("bbox", ",".join(repr(v) for v in (box.xmin, box.ymin, box.xmax, box.ymax))),
            ("bboxSR", reference),
            ("imageSR", reference),
            ("size", f"{view.width},{view.height}"),
            ("format", "png32"),
            ("f", "image"),
        ]
        return with_query(f"{self._root}/exportImage", [*pairs, *self._kept])


def open_arcgis(url: str, fetcher: Fetcher) -> ArcgisService:
    """Ask an ImageServer what it is.

    Raises
    ------
    SourceUnavailable
        It does not answer, or with something else than its description.
    """
    match = _ROOT.match(urlsplit(url).path)
    if match is None:
        raise InvalidParameter("URL", shown_url(url), "…/ImageServer")
    root = urlunsplit(urlsplit(url)._replace(path=match[1], query=""))
    given = parameters_of(url)
    kept = tuple(pair for pair in given if pair[0].casefold() not in _OF_THE_VIEW)
    answer = fetcher.get(with_query(root, [*kept, ("f", "json")]))
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError) as err:
        raise refusal(answer, "the JSON of an ImageServer") from err
    if answer.status != 200 or not isinstance(value, dict) or arcgis_error(value):
        raise refusal(answer, "the JSON of an ImageServer")
    try:
        facts = _facts(value, shown_url(with_query(root, given)))
    except (KeyError, TypeError, ValueError, InvalidParameter) as err:
        raise SourceUnavailable(answer.url, f"its extent cannot be used: {err}") from err
    return ArcgisService(root, kept, facts)


def _facts(value: dict[str, Any], address: str) -> ServiceFacts:
    box = value.get("fullExtent") or value["extent"]
    extent = Extent(*(float(box[name]) for name in ("xmin", "ymin", "xmax", "ymax")))
    if not extent.is_finite or extent.width <= 0 or extent.height <= 0:
        raise ValueError(f"{extent} is not a box")
    crs = _crs(box.get("spatialReference") or value["spatialReference"])
    sizes = (float(value.get(name) or 0.0) for name in ("pixelSizeX", "pixelSizeY"))
    sides = (int(value.get(name) or 0) for name in ("maxImageWidth", "maxImageHeight"))
    return ServiceFacts(
        kind="ArcGIS ImageServer",
        address=address,
        boxes={crs: extent},
        pixel_size=min(sizes),
        max_side=min(sides),
    )


def _crs(reference: dict[str, Any]) -> str:
    for name in ("latestWkid", "wkid"):
        if code := reference.get(name):
            return canonical_crs(str(int(code)), "spatialReference")
    return canonical_crs(str(reference.get("wkt2") or reference.get("wkt")), "spatialReference")


def _reference(crs: str) -> str:
    info = describe_crs(crs)
    code = info.latest_wkid or info.wkid
    return str(code) if code else json.dumps({"wkt": info.wkt})
