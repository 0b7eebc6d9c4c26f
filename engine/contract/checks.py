"""What every plug-in of the engine must hold: run these over your own in your tests.

Each takes the plug-in and a sample with which it works, and raises `ContractBroken` with a sentence.
Swath's own tests run them over everything it brings.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from engine.errors import InvalidParameter
from engine.formats.base import EncodeOptions
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.formats.base import Format
    from engine.functions.base import RasterFunction
    from engine.geotransforms.base import PlaneTransform, SensorModel
    from engine.request_parts import RenderingRule

_KINDS = (PixelType.U8, PixelType.S16, PixelType.U16, PixelType.S32, PixelType.F32, PixelType.F64)
_SHAPES = ((1, 1), (5, 8), (16, 16))
_PLANE_PX = 1e-6
_SENSOR_PX = 1e-4


class ContractBroken(AssertionError):
    """A plug-in does not do what its kind promises."""


def _hold(condition: object, why: str) -> None:
    if not condition:
        raise ContractBroken(why)


def check_function(
    function: RasterFunction,
    rule: RenderingRule,
    *,
    bands: int = 2,
    kinds: Sequence[PixelType] = _KINDS,
) -> None:
    """Check a raster function with arguments that suit whole samples from 0 to 99.

    It returns the type, bands and shape that `bind` declared; what is invalid stays invalid; what
    invalid pixels hold does not show; the input is not written to; padding is a count of pixels.

    Raises
    ------
    ContractBroken
    """
    name = rule.function
    padding: Any = function.padding(rule)
    _hold(isinstance(padding, int) and padding >= 0, f"{name}: padding {padding!r} is no count")
    random = np.random.default_rng(1)
    for kind in kinds:
        bound = function.bind(BandsInfo(kind, bands), rule)
        for shape in _SHAPES:
            data = random.integers(0, 100, (bands, *shape)).astype(kind.dtype_name)
            valid = random.random((1, *shape)) > 0.5
            before = data.copy()
            answer = bound.apply(PixelBlock(data, valid))
            at = f"{name} on {kind.value} {shape}"
            _hold((data == before).all(), f"{at}: the input was written to")
            want = np.dtype(bound.output.pixel_type.dtype_name)
            _hold(answer.data.dtype == want, f"{at}: {answer.data.dtype} is not {want}")
            size = (bound.output.bands, *shape)
            _hold(answer.data.shape == size, f"{at}: {answer.data.shape} is not {size}")
            _hold(not (answer.valid & ~valid).any(), f"{at}: invalid pixels became valid")
            if padding == 0:
                spoilt = bound.apply(PixelBlock(np.where(valid, data, data.dtype.type(77)), valid))
                shown = np.broadcast_to(answer.valid, answer.data.shape)
                same = np.array_equal(answer.data[shown], spoilt.data[shown], equal_nan=True)
                _hold(same, f"{at}: what invalid pixels hold shows")
        none = bound.apply(PixelBlock(data, np.zeros((1, *shape), np.bool_)))
        _hold(not none.valid.any(), f"{name} on {kind.value}: pixels out of nothing")


def check_plane_transform(
    transform: PlaneTransform, low: tuple[float, float], high: tuple[float, float]
) -> None:
    """Check a transform in the plane over a box of source positions.

    There and back within a millionth; NaN stays NaN and touches no other point; a batch gives the
    same bits as single points; arrays of the length asked, float64.

    Raises
    ------
    ContractBroken
    """
    random = np.random.default_rng(7)
    start = [random.uniform(a, b, 200) for a, b in zip(low, high, strict=True)]
    output = transform.to_output(*start)
    back = transform.to_source(*output)
    off = max(float(np.abs(a - b).max()) for a, b in zip(start, back, strict=True))
    _hold(off <= _PLANE_PX, f"there and back is {off:g} off, more than {_PLANE_PX:g}")
    _check_positions(transform.to_source, [np.asarray(each) for each in output])


def check_sensor_model(
    model: SensorModel, low: tuple[float, float, float], high: tuple[float, float, float]
) -> None:
    """Check a sensor model over a box of ground points, in its own CRS and vertical datum.

    From the ground to the image, back, and again within 1e-4 pixels; NaN as of a plane transform.

    Raises
    ------
    ContractBroken
    """
    _hold(model.ground_crs, "ground_crs is empty")
    _hold(model.vertical_datum, "vertical_datum is empty")
    lowest, highest = model.height_range
    _hold(lowest < highest, f"height_range {lowest:g} to {highest:g} is empty")
    random = np.random.default_rng(7)
    x, y, z = (random.uniform(a, b, 200) for a, b in zip(low, high, strict=True))
    image = model.ground_to_image(x, y, z)
    _hold(np.isfinite(image).all(), "ground points of the sample have no place in the image")
    again = model.ground_to_image(*model.image_to_ground(*image, z), z)
    off = float(np.abs(np.subtract(image, again)).max())
    _hold(off <= _SENSOR_PX, f"ground, image and back is {off:g} px off, more than {_SENSOR_PX:g}")
    _check_positions(model.ground_to_image, [x, y, z])


def _check_positions(run: Any, columns: list[NDArray[np.float64]]) -> None:
    whole = run(*columns)
    for count in (0, 1, 17):
        for answer in run(*(column[:count] for column in columns)):
            right = answer.shape == (count,) and answer.dtype == np.float64
            _hold(right, f"{count} points give {answer.dtype} {answer.shape}")
    for i in range(20):
        one = run(*(column[i : i + 1] for column in columns))
        same = (one[0][0], one[1][0]) == (whole[0][i], whole[1][i])
        _hold(same, "a point alone gives other bits than among others")
    for axis in range(len(columns)):
        spoilt = [column.copy() for column in columns]
        spoilt[axis][1] = math.nan
        got = run(*spoilt)
        _hold(np.isnan(got[0][1]) and np.isnan(got[1][1]), "NaN did not stay NaN")
        rest = np.arange(columns[0].size) != 1
        same = all((w[rest] == g[rest]).all() for w, g in zip(whole, got, strict=True))
        _hold(same, "a NaN touches other points")


def check_record(record: msgspec.Struct) -> None:
    """Check the record of a geotransform: it is frozen, hashable, survives JSON, and refuses NaN.

    Raises
    ------
    ContractBroken
    """
    again = msgspec.json.decode(msgspec.json.encode(record), type=type(record))
    _hold(again == record and hash(again) == hash(record), "the record does not survive JSON")
    for field in record.__struct_fields__:
        if isinstance(getattr(record, field), float):
            _refuses(msgspec.structs.replace(record, **{field: math.nan}), field)


def _refuses(record: Any, field: str) -> None:
    try:
        record.bind()
    except InvalidParameter:
        return
    raise ContractBroken(f"{field} = NaN is not refused with InvalidParameter")


def check_format(output: Format, media_type: str) -> None:
    """Check an output format: bytes of the media type, the same for equal valid pixels.

    Raises
    ------
    ContractBroken
    """
    _hold(output.extension and "." not in output.extension, "extension is empty or has a dot")
    random = np.random.default_rng(3)
    for bands in (1, 3):
        data = random.integers(0, 256, (bands, 33, 40)).astype(np.uint8)
        valid = random.random((1, 33, 40)) > 0.3
        one = output.encode(PixelBlock(data, valid), EncodeOptions())
        other = PixelBlock(np.where(valid, data, np.uint8(99)), valid)
        two = output.encode(other, EncodeOptions())
        _hold(one.media_type == media_type, f"{one.media_type} is announced as {media_type}")
        _hold(len(one.data) > 0, "no bytes")
        _hold(bytes(one.data) == bytes(two.data), "what invalid pixels hold reaches the bytes")
