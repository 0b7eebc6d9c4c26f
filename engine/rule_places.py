"""Places in rendering rules: those without a CRS are in the service's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.function_rules.places import Shape
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from typing import Any


def placed_rule(rule: RenderingRule, crs: str) -> RenderingRule:
    """Return a rule in which every shape says its CRS.

    Parameters
    ----------
    crs : str
        Of those that say none.
    """
    changes: dict[str, Any] = {}
    if rule.arguments is not None:
        own = {
            field: msgspec.structs.replace(value, crs=crs)
            for field in rule.arguments.__struct_fields__
            if isinstance(value := getattr(rule.arguments, field), Shape) and not value.crs
        }
        if own:
            changes["arguments"] = msgspec.structs.replace(rule.arguments, **own)
    inputs = tuple(
        placed_rule(each, crs) if isinstance(each, RenderingRule) else each for each in rule.inputs
    )
    if inputs != rule.inputs:
        changes["inputs"] = inputs
    return msgspec.structs.replace(rule, **changes) if changes else rule
