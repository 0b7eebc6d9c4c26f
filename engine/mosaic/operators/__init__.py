"""Mosaic operators: how overlapping pixels combine. First and Last are orders and stand apart."""

from engine.mosaic.operators.base import MosaicOperator
from engine.mosaic.operators.extremes import Max, Min
from engine.mosaic.operators.sums import Blend, Mean, Sum
from engine.registry import Registry

OPERATORS: Registry[MosaicOperator] = Registry(
    "mosaic operator",
    {"Min": Min(), "Max": Max(), "Mean": Mean(), "Sum": Sum(), "Blend": Blend()},
)
