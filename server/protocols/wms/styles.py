"""Layers and styles: a service is one layer, and its styles are its rendering templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.protocols.arcgis.image_parameters import band_ids_parameter
from server.protocols.arcgis.rendering_rule import rendering_rule, rendering_rule_of_json
from server.protocols.input_limits import MAX_LAYERS
from server.protocols.wms.refusal import WmsRefusal
from server.protocols.wms.sld import read_sld

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule
    from server.protocols.wms.operations.base import Question

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Drawing:
    """How samples become a picture: bands first, then the rule; () and None = as the service has it."""

    rule: RenderingRule | None = None
    band_ids: tuple[int, ...] = ()


def check_layers(question: Question, parameter: str) -> None:
    """Check that a list of layers names this one; several times is once.

    Raises
    ------
    WmsRefusal
    """
    text = question.parameters.text(parameter)
    names = [name.strip() for name in text.split(",", MAX_LAYERS)]
    known = (question.layer, question.service)
    unknown = [name for name in names if name not in known]
    if unknown or len(names) > MAX_LAYERS:
        raise WmsRefusal("LayerNotDefined", parameter, text, f"{question.layer}, the only layer")


def style_names(question: Question) -> list[str]:
    """Return the names that STYLES may have."""
    names = [template.name for template in question.summary.templates]
    return [DEFAULT, *(name for name in names if name.casefold() != DEFAULT)]


def drawing(question: Question, parameter: str = "STYLES") -> Drawing:
    """Read how the map is drawn: a style, or in its place an SLD or what clients of ArcGIS send.

    Raises
    ------
    WmsRefusal
        There is no such style.
    """
    parameters = question.parameters
    if parameters.text("SLD"):
        accepted = "nothing: styles are not fetched, SLD_BODY takes them"
        raise WmsRefusal("OperationNotSupported", "SLD", parameters.text("SLD"), accepted)
    band_ids = band_ids_parameter(parameters, question.summary)
    own = rendering_rule(parameters, question.rule_scope)
    if parameters.text("SLD_BODY"):
        style = read_sld(
            parameters.text("SLD_BODY"), (question.layer, question.service), question.summary
        )
        if own is not None or (band_ids and style.band_ids):
            raise WmsRefusal("", "SLD_BODY", "a style", "no rule or bands beside it")
        rule = style.rule if not style.name else _rule(question, _template(question, style.name))
        return Drawing(rule, style.band_ids or band_ids)
    name = _template(question, parameters.text(parameter), parameter)
    if name and own is not None:
        accepted = f"a rule or a style in {parameter}, not both"
        raise WmsRefusal("", "RENDERINGRULE", name, accepted)
    return Drawing(_rule(question, name) or own, band_ids)


def _rule(question: Question, name: str) -> RenderingRule | None:
    return rendering_rule_of_json(name, question.rule_scope) if name else None


def _template(question: Question, text: str, parameter: str = "SLD_BODY") -> str:
    """Return the name of a template, "" for the default style."""
    templates = {t.name.casefold(): t.name for t in question.summary.templates}
    # One name may hold commas; of several, one a layer, the last is drawn on top.
    for name in (text, text.rpartition(",")[2].strip()):
        if name.casefold() in templates:
            return templates[name.casefold()]
        if name.casefold() in ("", DEFAULT):
            return ""
    accepted = ", ".join(style_names(question)[:20])
    raise WmsRefusal("StyleNotDefined", parameter, text, f"one of {accepted}")
