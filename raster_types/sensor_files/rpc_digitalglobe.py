"""RPC of DigitalGlobe's and Maxar's XML (<isd><RPB>: QuickBird, WorldView, GeoEye). Centres from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_fields import RpcFields, rpc_record
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from engine.geotransforms.rpc import RpcRecord

_KIND = "DigitalGlobe XML"
_KEYS = {
    "LINE_OFF": "LINEOFFSET",
    "SAMP_OFF": "SAMPOFFSET",
    "LAT_OFF": "LATOFFSET",
    "LONG_OFF": "LONGOFFSET",
    "HEIGHT_OFF": "HEIGHTOFFSET",
    "LINE_SCALE": "LINESCALE",
    "SAMP_SCALE": "SAMPSCALE",
    "LAT_SCALE": "LATSCALE",
    "LONG_SCALE": "LONGSCALE",
    "HEIGHT_SCALE": "HEIGHTSCALE",
    "ERR_BIAS": "ERRBIAS",
    "ERR_RAND": "ERRRAND",
    "LINE_NUM_COEFF": "LINENUMCOEF",
    "LINE_DEN_COEFF": "LINEDENCOEF",
    "SAMP_NUM_COEFF": "SAMPNUMCOEF",
    "SAMP_DEN_COEFF": "SAMPDENCOEF",
}


def read_digitalglobe_xml(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of a product's XML; of a product cut into tiles it describes the whole.

    Raises
    ------
    InvalidParameter
        Also: no RPC in the document.
    """
    root = parse_xml(_KIND, text)
    rpb = root if root.tag == "RPB" else root.find(".//RPB")
    image = rpb.find("IMAGE") if rpb is not None else None
    if rpb is None or image is None:
        raise InvalidParameter(_KIND, f"<{root.tag}>", "an element RPB with IMAGE")
    is_rpc00a = (rpb.findtext("SPECID") or "").strip().upper() == "RPC00A"
    values: dict[str, object] = {key: _text(image, own) for key, own in _KEYS.items()}
    return rpc_record(RpcFields(_KIND, values, _KEYS, is_rpc00a=is_rpc00a), window)


def _text(image: Element, name: str) -> str | None:
    """Return an element's text; of coefficients all, in one element or in twenty."""
    found = [element.text or "" for element in image.iter(name)]
    return " ".join(found) if found else None
