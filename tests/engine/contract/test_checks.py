"""The checks for plug-ins: all that Swath brings passes, and what breaks a promise does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from engine.contract.checks import (
    ContractBroken,
    check_format,
    check_function,
    check_plane_transform,
    check_record,
    check_sensor_model,
)
from engine.format_names import FORMAT_NAMES
from engine.formats import FORMATS
from engine.formats.base import Encoded, EncodeOptions
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.geotransforms import GEOTRANSFORMS
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from tests.conformance.geotransform_samples import SAMPLES
from tests.conformance.test_functions import BANDS, MAKES_DATA, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable

PLANE = [name for name in GEOTRANSFORMS if hasattr(SAMPLES[name].record.bind(), "to_source")]
PICTURES = [name for name in FORMATS if FORMATS[name].is_picture and name != "jpgpng"]


# Functions that ask for more than samples, or make some where there are none: plug-ins' are not like these.
SPECIAL = {"Threshold", "ColormapToRGB", "Python", *MAKES_DATA}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - SPECIAL))
def test_every_function_holds_the_contract(name: str) -> None:
    check_function(FUNCTIONS[name], rule_of(name), bands=BANDS.get(name, 2))


@pytest.mark.parametrize("name", GEOTRANSFORMS)
def test_every_geotransform_holds_the_contract(name: str) -> None:
    sample = SAMPLES[name]
    check_record(sample.record)
    check = check_plane_transform if name in PLANE else check_sensor_model
    check(sample.record.bind(), sample.low, sample.high)  # type: ignore[operator]  # -- of its kind


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_format_holds_the_contract(name: str) -> None:
    check_format(FORMATS[name], FORMAT_NAMES[name].media_type)


@dataclass(frozen=True)
class _Bound:
    output: BandsInfo
    run: Callable[[PixelBlock], PixelBlock]

    def apply(self, block: PixelBlock) -> PixelBlock:
        return self.run(block)


@dataclass(frozen=True)
class _Function:
    run: Callable[[PixelBlock], PixelBlock]
    pad: int = 0

    def padding(self, rule: RenderingRule) -> int:
        return self.pad

    def bind(self, info: BandsInfo, rule: RenderingRule) -> _Bound:
        return _Bound(BandsInfo(PixelType.F32, info.bands), self.run)


def _fair(block: PixelBlock) -> PixelBlock:
    return PixelBlock(block.data.astype(np.float32), block.valid)


def _writing(block: PixelBlock) -> PixelBlock:
    block.data[:] = 0
    return _fair(block)


BROKEN = {
    "is no count": _Function(_fair, -1),
    "is not float32": _Function(lambda block: block),
    "is not (2": _Function(lambda block: PixelBlock(_fair(block).data[:1], block.valid)),
    "became valid": _Function(
        lambda block: PixelBlock(_fair(block).data, np.ones_like(block.valid))
    ),
    "was written to": _Function(_writing),
    "invalid pixels hold shows": _Function(
        lambda block: PixelBlock(_fair(block).data + np.float32(block.data.sum()), block.valid)
    ),
}


def test_a_fair_function_passes() -> None:
    check_function(_Function(_fair), RenderingRule(function="Fair"))


@pytest.mark.parametrize("why", BROKEN)
def test_a_function_that_breaks_a_promise_is_found(why: str) -> None:
    with pytest.raises(ContractBroken) as caught:
        check_function(BROKEN[why], RenderingRule(function="Broken"))
    assert why in str(caught.value)


class _Plane:
    def __init__(self, back: float = 0.0, nan: Any = np.nan) -> None:
        self.back, self.nan = back, nan

    def to_source(self, x: Any, y: Any) -> tuple[Any, Any]:
        x, y = np.where(np.isnan(x), self.nan, x), np.where(np.isnan(y), self.nan, y)
        return x - 5 + self.back + 0 * y, y - 5 + 0 * x

    def to_output(self, x: Any, y: Any) -> tuple[Any, Any]:
        return x + 5, y + 5


def test_a_transform_that_does_not_come_back_or_loses_nan_is_found() -> None:
    box = (0.0, 0.0), (10.0, 10.0)
    check_plane_transform(_Plane(), *box)
    with pytest.raises(ContractBroken, match="there and back is"):
        check_plane_transform(_Plane(back=1e-3), *box)
    with pytest.raises(ContractBroken, match="NaN did not stay"):
        check_plane_transform(_Plane(nan=0.0), *box)


class _Lax(msgspec.Struct, frozen=True):
    size: float = 1.0

    def bind(self) -> _Plane:
        return _Plane()


def test_a_record_that_takes_nan_is_found() -> None:
    with pytest.raises(ContractBroken, match="size = NaN"):
        check_record(_Lax())


class _Format:
    extension = "raw"
    is_picture = True

    def encode(self, pixels: PixelBlock, options: EncodeOptions) -> Encoded:
        return Encoded(pixels.data.tobytes(), "image/raw")


def test_a_format_that_shows_invalid_pixels_or_says_another_type_is_found() -> None:
    with pytest.raises(ContractBroken, match="reaches the bytes"):
        check_format(_Format(), "image/raw")  # type: ignore[arg-type]  # -- takes planes alone
    with pytest.raises(ContractBroken, match="announced as image/png"):
        check_format(_Format(), "image/png")  # type: ignore[arg-type]  # -- takes planes alone
