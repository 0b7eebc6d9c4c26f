"""keyProperties: what is known of the bands, the sensor and the data, of a service or of one raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.request import KeyPropertiesRequest
from server.protocols.arcgis.data_types import key_data_type
from server.protocols.arcgis.esri_json import encode
from server.protocols.arcgis.operations.base import Asked, OperationInfo
from server.protocols.input_limits import MAX_ID

if TYPE_CHECKING:
    from engine.results import KeyPropertiesResult
    from engine.summary import BandInfo
    from server.instances.answer_context import AnswerContext
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Key properties",
    hint="Names and wavelengths of the bands, sensor, sun and clouds as far as they are known.",
    capability="Metadata",
    is_resource=True,
)


def parse(question: Question) -> Asked:
    """Ask what the catalog knows: of one raster, or of all where they agree.

    Raises
    ------
    InvalidParameter
    """
    item = question.parameters.integer("rasterId", 0, MAX_ID)
    return Asked(request=KeyPropertiesRequest(item=item))


def answer(result: KeyPropertiesResult, context: AnswerContext) -> tuple[str, bytes]:
    """Write BandProperties and DataType, then whatever else is known."""
    summary = context.summary
    body: dict[str, Any] = {
        "BandProperties": [_band(band) for band in summary.bands],
        "DataType": key_data_type(summary),
        **result.properties,
    }
    if summary.variables:
        body["DefaultVariable"] = summary.default_variable
    return encode(body, context.options)


def _band(band: BandInfo) -> dict[str, Any]:
    properties: dict[str, Any] = {"BandName": band.name}
    if band.wavelength_min_nm is not None and band.wavelength_max_nm is not None:
        properties["WavelengthMin"] = band.wavelength_min_nm
        properties["WavelengthMax"] = band.wavelength_max_nm
    return properties
