"""Arguments of functions that plug-ins bring."""

from __future__ import annotations

from engine.function_rules.base import FunctionRule


class OutsideRule(FunctionRule, tag="Outside", frozen=True, kw_only=True):
    """Arguments of a plug-in's function, as JSON text; see `engine.functions.base.outside_arguments`."""

    text: str = "{}"
