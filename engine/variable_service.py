"""A multidimensional service as one of its variables: what requests that name a variable are answered with.

Pictures, legends and statistics of a variable are made of that variable's own statistics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from engine.dimension_selection import asked_variables
from engine.dimensions import variable_of
from engine.request import ValidateRequest
from engine.request_parts import DimensionValues, MosaicRule
from engine.summary import Histogram
from engine.zmd import VARIABLE_HISTOGRAMS

if TYPE_CHECKING:
    from engine.catalog import Catalog
    from engine.request import Request
    from engine.service import ImageService
    from engine.summary import ServiceSummary

_decode_by_variable = msgspec.msgpack.Decoder(dict[str, tuple[Histogram, ...]]).decode


def service_of(service: ImageService, request: Request) -> ImageService:
    """Return the service as the variable that a request is about; of several, the first.

    Raises
    ------
    InvalidParameter
        There is no such variable or slice.
    """
    if not service.summary.variables or isinstance(request, ValidateRequest):
        # What is wrong with a rule is the answer there.
        return service
    chosen = asked_variables(service.summary, rule_of(request))
    if not chosen or chosen[0].name == service.summary.default_variable:
        return service
    return service.of_variable(chosen[0].name)


def rule_of(request: Request) -> MosaicRule:
    """Return the mosaic rule by which a request selects; of one about a variable, for that."""
    image = getattr(request, "image", request)
    variable = getattr(request, "variable", "")
    if variable:
        return MosaicRule(dimensions=(DimensionValues(variable=variable),))
    return getattr(image, "mosaic", None) or MosaicRule()


def histograms_of(catalog: Catalog, variable: str) -> tuple[Histogram, ...]:
    """Return the histograms of one variable, of the default one for "", one per band or none."""
    if not variable:
        return catalog.histograms
    return _decode_by_variable(catalog.meta(VARIABLE_HISTOGRAMS) or b"\x80").get(variable, ())


def summary_of_variable(summary: ServiceSummary, name: str) -> ServiceSummary:
    """Return the head of a service as if a variable was its default one; "" = as it is.

    What templates make of the default variable is not what they make of another. A band that is called
    as a variable is called as this one.
    """
    variable = variable_of(summary.variables, name) if name else None
    if variable is None:
        return summary
    templates = tuple(
        msgspec.structs.replace(each, statistics=(), histograms=()) for each in summary.templates
    )
    names = {each.name for each in summary.variables}
    bands = tuple(
        msgspec.structs.replace(band, name=variable.name) if band.name in names else band
        for band in summary.bands
    )
    return msgspec.structs.replace(
        summary,
        bands=bands,
        default_variable=variable.name,
        statistics=variable.statistics,
        templates=templates,
    )
