"""multidimensionalInfo: the variables of a service, their dimensions and the values along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from server.protocols.arcgis.esri_json import number
from server.protocols.arcgis.needs import DIMENSIONS
from server.protocols.arcgis.operations.area_form import statistics
from server.protocols.arcgis.operations.base import OperationInfo

if TYPE_CHECKING:
    from engine.dimensions import Dimension, Variable
    from server.protocols.arcgis.operations.base import Question

INFO = OperationInfo(
    title="Multidimensional info",
    hint="Variables, their dimensions and the values along them.",
    is_resource=True,
    needs=DIMENSIONS,
    empty="No variables: the service is not multidimensional.",
)


def describe(question: Question) -> dict[str, Any]:
    """Return the variables by name; none where the service has no dimensions."""
    variables = [_variable(each) for each in question.summary.variables]
    return {"multidimensionalInfo": {"variables": variables}}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "description": variable.description,
        "unit": variable.unit,
        "dimensions": [_dimension(each) for each in variable.dimensions],
        "statistics": [statistics(each) for each in variable.statistics],
        "histograms": [],
    }


def _dimension(dimension: Dimension) -> dict[str, Any]:
    step, values = dimension.step, [number(value) for value in dimension.values]
    found: dict[str, Any] = {
        "name": dimension.name,
        "field": dimension.name,
        "unit": dimension.unit,
        "hasRegularIntervals": step is not None,
        "hasRanges": False,
    }
    if step is not None:
        found["interval"], found["intervalUnit"] = step
    return {**found, "extent": [values[0], values[-1]], "values": values}
