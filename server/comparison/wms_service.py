"""A Web Map Service, asked by GetMap 1.3.0 or 1.1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.geometry.axis_order import is_north_first
from engine.geometry.projection import LONLAT
from server.comparison.address import parameters_of, shown_url, with_query
from server.comparison.picture_service import ServiceFacts
from server.comparison.wms_capabilities import read_capabilities

if TYPE_CHECKING:
    from engine.extent import Extent
    from server.comparison.fetcher import Fetcher
    from server.comparison.view import View
    from server.comparison.wms_capabilities import Capabilities, Layer

# What the request and a view decide; all else that the operator's URL says (map=, a key) goes along.
_OF_THE_REQUEST = frozenset(
    {
        *("service", "version", "request", "layers", "styles", "style", "crs", "srs", "bbox"),
        *("width", "height", "format", "transparent", "exceptions", "bgcolor"),
    }
)
_PNG = ("image/png", "image/png; mode=24bit", "image/png; mode=32bit", "image/png32")


class WmsService:
    """One or more layers of a WMS, drawn as one picture."""

    def __init__(
        self, url: str, layers: tuple[str, ...], capabilities: Capabilities, facts: ServiceFacts
    ) -> None:
        self._url, self._layers = url, layers
        self._version = capabilities.version
        given = parameters_of(url)
        self._kept = _kept(url)
        self._styles = next((v for n, v in given if n.casefold() in ("styles", "style")), "")
        named = [name for name in _PNG if name in capabilities.formats]
        self._format = named[0] if named else _PNG[0]
        self.facts = facts

    def picture_url(self, view: View) -> str:
        """Return the GetMap request of a view.

        Raises
        ------
        InvalidParameter
            The view's CRS has no code that WMS could name.
        """
        if ":" not in view.crs or "[" in view.crs:
            raise InvalidParameter("--crs", view.crs, "a CRS with a code, which WMS can name")
        box = view.extent
        corners = (box.xmin, box.ymin, box.xmax, box.ymax)
        name = "CRS" if self._version == "1.3.0" else "SRS"
        if self._version == "1.3.0" and is_north_first(view.crs):
            corners = (box.ymin, box.xmin, box.ymax, box.xmax)
        crs = "CRS:84" if view.crs == "OGC:CRS84" and name == "CRS" else view.crs
        pairs = [
            ("SERVICE", "WMS"),
            ("VERSION", self._version),
            ("REQUEST", "GetMap"),
            ("LAYERS", ",".join(self._layers)),
            ("STYLES", self._styles),
            (name, LONLAT if crs == "OGC:CRS84" else crs),
            ("BBOX", ",".join(repr(value) for value in corners)),
            ("WIDTH", str(view.width)),
            ("HEIGHT", str(view.height)),
            ("FORMAT", self._format),
            ("TRANSPARENT", "TRUE"),
        ]
        return with_query(self._url, [*self._kept, *pairs])


def open_wms(url: str, layers: tuple[str, ...], fetcher: Fetcher) -> WmsService:
    """Ask a WMS for its capabilities and find the layers in them.

    Parameters
    ----------
    layers : tuple of str
        () = those that the URL names as LAYERS, or the only one there is.

    Raises
    ------
    SourceUnavailable
        It does not answer, or not with capabilities.
    InvalidParameter
        No layers are named, or such that it does not have.
    """
    given = {name.casefold(): value for name, value in parameters_of(url)}
    asked = [("SERVICE", "WMS"), ("REQUEST", "GetCapabilities")]
    asked += [("VERSION", given.get("version") or "1.3.0")]
    capabilities = read_capabilities(fetcher.get(with_query(url, [*_kept(url), *asked])))
    named = layers or tuple(name for name in given.get("layers", "").split(",") if name)
    chosen = _chosen(named, capabilities.layers)
    facts = ServiceFacts(
        kind=f"WMS {capabilities.version} ({', '.join(layer.name for layer in chosen)})",
        address=shown_url(url),
        boxes=_common_boxes(chosen),
        max_side=capabilities.max_side,
    )
    return WmsService(url, tuple(layer.name for layer in chosen), capabilities, facts)


def _kept(url: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in parameters_of(url) if pair[0].casefold() not in _OF_THE_REQUEST)


def _chosen(named: tuple[str, ...], layers: dict[str, Layer]) -> list[Layer]:
    if not named and len(layers) == 1:
        return list(layers.values())
    known = ", ".join(list(layers)[:20]) or "none"
    missing = [name for name in named if name not in layers]
    if missing or not named:
        raise InvalidParameter("--layers", ",".join(missing), f"layers of the WMS: {known}")
    return [layers[name] for name in named]


def _common_boxes(layers: list[Layer]) -> dict[str, Extent]:
    """Return the boxes around all layers, in the CRSs in which each says its own; lon/lat first."""
    boxes = dict(layers[0].boxes)
    for layer in layers[1:]:
        boxes = {
            crs: box.union(layer.boxes[crs]) for crs, box in boxes.items() if crs in layer.boxes
        }
    return boxes
