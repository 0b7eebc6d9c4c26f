"""keyProperties: what is known of the bands and the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.operations.base import OperationInfo

if TYPE_CHECKING:
    from engine.summary import BandInfo
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Key properties", hint="Names and wavelengths of the bands.", capability="Metadata"
)

_DATA_TYPES = {
    "generic": "Generic",
    "rgb": "Generic",
    "thematic": "Thematic",
    "elevation": "Elevation",
}


def describe(question: Question) -> dict[str, Any]:
    """Return BandProperties and DataType."""
    summary = question.summary
    return {
        "BandProperties": [_band(band) for band in summary.bands],
        "DataType": _DATA_TYPES[summary.data_type],
    }


def _band(band: BandInfo) -> dict[str, Any]:
    properties: dict[str, Any] = {"BandName": band.name}
    if band.wavelength_min_nm is not None and band.wavelength_max_nm is not None:
        properties["WavelengthMin"] = band.wavelength_min_nm
        properties["WavelengthMax"] = band.wavelength_max_nm
    return properties
