"""RPC of DIMAP XML: SPOT, Pléiades (v1, v2: centres counted from 1), Pléiades Neo (v3: from 0).

The file has two models with coefficients of the same names: Direct_Model (image to ground) and
Inverse_Model (ground to image). An RPC in everybody else's sense is the inverse one; the way back is
computed from it, so that both ways agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import COEFFICIENTS
from raster_types.sensor_files.image_window import WHOLE_IMAGE, ImageWindow
from raster_types.sensor_files.rpc_fields import (
    CENTERS_FROM_0,
    CENTERS_FROM_1,
    LISTS,
    SCALARS,
    RpcFields,
    rpc_record,
)
from raster_types.sensor_files.rpc_text import gathered
from raster_types.sensor_files.xml_tree import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from engine.geotransforms.rpc import RpcRecord

_KIND = "DIMAP RPC"
_INVERSE = ("Inverse_Model", "GroundtoImage_Values")


def read_dimap_rpc(text: str, window: ImageWindow = WHOLE_IMAGE) -> RpcRecord:
    """Return the record of a DIMAP RPC file; of a product cut into tiles it describes the whole.

    Raises
    ------
    InvalidParameter
        Also: no RPC in the document, or the direct model alone.
    """
    root = parse_xml(_KIND, text)
    model = root.find(".//Global_RFM")
    if model is None:
        model = root.find(".//Rational_Function_Model")
    if model is None:
        raise InvalidParameter(_KIND, f"<{root.tag}>", "an element Rational_Function_Model")
    inverse = _first(model, _INVERSE)
    if inverse is None:
        raise InvalidParameter(f"{_KIND}: Inverse_Model", "nothing", "coefficients ground to image")
    values: dict[str, object] = {key: _validity(model, key) for key in SCALARS}
    lists = {
        key: {
            index: found
            for index in range(1, COEFFICIENTS + 1)
            if (found := inverse.findtext(f"{key}_{index}")) is not None
        }
        for key in LISTS
    }
    values.update(gathered(_KIND, lists.items()))
    shift = CENTERS_FROM_0 if _counts_from_0(root) else CENTERS_FROM_1
    return rpc_record(RpcFields(_KIND, values, pixel_shift=shift), window)


def _counts_from_0(root: Element) -> bool:
    """Tell whether the RPC counts centres from 0: Pléiades Neo's do, whatever PIXEL_ORIGIN says."""
    stated = root.findtext(".//METADATA_PROFILE") or ""
    form = root.find(".//METADATA_FORMAT")
    profile = form.get("profile", "") if form is not None else ""
    return "PNEO" in (stated + profile).upper()


def _first(model: Element, names: tuple[str, ...]) -> Element | None:
    for name in names:
        found = model.find(f".//{name}")
        if found is not None:
            return found
    return None


def _validity(model: Element, key: str) -> str | None:
    return model.findtext(f".//RFM_Validity/{key}")
