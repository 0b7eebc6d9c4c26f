"""A raster function: as many steps as asked for between 0 and 255."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.functions.base import BandsInfo, outside_arguments
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from engine.request_parts import RenderingRule


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names are in lower case: Esri's clients write them as they please."""

    steps: int = 4


@dataclass(frozen=True, slots=True)
class _Bound:
    output: BandsInfo
    steps: int

    def apply(self, block: PixelBlock) -> PixelBlock:
        step = 256 / self.steps
        data = (np.clip(block.data, 0, 255) // step * step).astype(np.uint8)
        return PixelBlock(data, block.valid)


class _Posterize:
    def padding(self, rule: RenderingRule) -> int:
        """Each pixel by itself."""
        return 0

    def bind(self, info: BandsInfo, rule: RenderingRule) -> _Bound:
        """Check the count of steps."""
        steps = outside_arguments(rule, Arguments).steps
        if not 2 <= steps <= 256:
            raise InvalidParameter("steps", steps, "2 to 256")
        return _Bound(BandsInfo(PixelType.U8, info.bands), steps)


POSTERIZE = _Posterize()
