"""Which files beside a raster say how and when it was taken, and the reader for each."""

from __future__ import annotations

import re
from pathlib import PurePath

from engine.errors import InvalidParameter
from raster_types.sensor_files.acquisition import Acquisition
from raster_types.sensor_files.acquisition_dimap import read_dimap_acquisition
from raster_types.sensor_files.acquisition_maxar import lower_texts, maxar_acquisition
from raster_types.sensor_files.acquisition_text import (
    read_alos_acquisition,
    read_eros_acquisition,
    read_ikonos_metadata,
    read_kompsat_acquisition,
    read_orbview_acquisition,
)
from raster_types.sensor_files.acquisition_xml import (
    read_rapideye_acquisition,
    read_resurs_acquisition,
)
from raster_types.sensor_files.odl_groups import read_odl
from raster_types.sensor_files.xml_tree import parse_xml

_COMPONENT = re.compile(r"_(?:rgb|pan|blu|grn|red|nir|bgrn|msi|ps)?_?\d{7}$", re.IGNORECASE)


def acquisition_names(raster: str) -> tuple[str, ...]:
    """Return names, in lower case, of files that may say how a raster was taken, likeliest first.

    Parameters
    ----------
    raster : str
        Name of the raster's file, with or without its folder.
    """
    stem = PurePath(raster).stem.lower()
    start = _COMPONENT.sub("", stem)
    tail = stem.split("_", 1)[-1]
    return tuple(
        dict.fromkeys(
            [
                *(f"{stem}.imd", f"{stem}.pvl", f"{stem}.pass", f"{stem}_metadata.xml"),
                *(f"{stem}_metadata.txt", f"{start}_metadata.txt", f"dim_{tail}.xml"),
                *(f"{stem}.xml", f"{stem}.txt", "metadata.dim", "summary.txt"),
            ]
        )
    )


def read_acquisition(name: str, text: str, raster: str) -> Acquisition:
    """Return what a file says, by its name and content; an empty record where it is about other things.

    Parameters
    ----------
    raster : str
        Name of the raster's file.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix == ".imd":
        return maxar_acquisition(read_odl(text).flat())
    if suffix == ".pvl":
        return read_orbview_acquisition(text)
    if suffix == ".pass":
        return read_eros_acquisition(text)
    if suffix == ".txt":
        return _of_text(text, PurePath(raster).stem)
    return _of_xml(text)


def _of_text(text: str, raster: str) -> Acquisition:
    if "Product Order Metadata" in text or "Source Image ID" in text:
        return read_ikonos_metadata(text, raster)
    if "AUX_SATELLITE_NAME" in text:
        return read_kompsat_acquisition(text)
    if "Lbi_Satellite" in text:
        return read_alos_acquisition(text)
    return Acquisition()


def _of_xml(text: str) -> Acquisition:
    if "EarthObservation" in text:
        return read_rapideye_acquisition(text)
    if "<MSP_ROOT" in text:
        return read_resurs_acquisition(text)
    try:
        root = parse_xml("metadata", text)
    except InvalidParameter:
        # "scene.xml" is the name of many things; what places the image is read, and refused, elsewhere.
        return Acquisition()
    if root.tag == "Dimap_Document":
        return read_dimap_acquisition(root)
    imd = root if root.tag == "IMD" else root.find("IMD")
    return Acquisition() if imd is None else maxar_acquisition(lower_texts(imd))
