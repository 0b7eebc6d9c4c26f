"""Focal functions inside the expressions of RasterCalculator, as rasters of their own.

`Focal_Max(DEM, 3, 3)` becomes a new name, and the raster behind it the function Statistics of the raster DEM;
the expression then is one of pixels alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from engine.errors import RequestTooLarge
from engine.function_rules import RasterCalculatorRule, StatisticsRule
from engine.request_parts import MosaicInput, RenderingRule
from server.protocols.input_limits import MAX_FOCAL_CALLS

if TYPE_CHECKING:
    from engine.request_parts import RuleInput

_KINDS = {
    "min": 1,
    "max": 2,
    "mean": 3,
    "std": 4,
    "median": 5,
    "majority": 6,
    "minority": 7,
}
_CALL = re.compile(
    r"\bfocal_(?P<kind>" + "|".join(_KINDS) + r")\s*\(\s*(?P<raster>[A-Za-z_]\w*)\s*"
    r"(?:,\s*(?P<columns>\d{1,4})\s*(?:,\s*(?P<rows>\d{1,4})\s*)?)?\)",
    re.IGNORECASE,
)


def without_focal_calls(rule: RenderingRule) -> RenderingRule:
    """Return a RasterCalculator rule whose expression looks at no neighbours.

    Raises
    ------
    RequestTooLarge
        It has very many focal calls.
    """
    arguments = rule.arguments
    if not isinstance(arguments, RasterCalculatorRule):
        return rule
    names = list(arguments.input_names)
    inputs: list[RuleInput] = [*(rule.inputs or (MosaicInput(),))]
    known = {name.strip().casefold(): place for place, name in enumerate(names)}
    made: dict[StatisticsRule, dict[int, str]] = {}

    def named(call: re.Match[str]) -> str:
        place = known.get(call["raster"].casefold())
        if place is None or place >= len(inputs):
            # The expression's own error shows where it is.
            return call[0]
        columns = int(call["columns"] or 3)
        statistics = StatisticsRule(
            kind=_KINDS[call["kind"].casefold()],
            kernel_columns=columns,
            kernel_rows=int(call["rows"] or columns),
        )
        found = made.setdefault(statistics, {})
        if place not in found:
            found[place] = f"focal_{len(names)}_"
            names.append(found[place])
            focal = RenderingRule(
                function="Statistics", arguments=statistics, inputs=(inputs[place],)
            )
            inputs.append(focal)
        return found[place]

    if len(_CALL.findall(arguments.expression)) > MAX_FOCAL_CALLS:
        raise RequestTooLarge(
            "number of focal functions in Expression", MAX_FOCAL_CALLS + 1, MAX_FOCAL_CALLS
        )
    expression = _CALL.sub(named, arguments.expression)
    if expression == arguments.expression:
        return rule
    return msgspec.structs.replace(
        rule,
        inputs=tuple(inputs),
        arguments=msgspec.structs.replace(
            arguments, expression=expression, input_names=tuple(names)
        ),
    )
