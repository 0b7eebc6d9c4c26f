"""Rasters weighed, compared and coloured, against numpy and published examples.

Covers engine.functions.weighted_sum, engine.functions.weighted_overlay, engine.functions.compute_change,
engine.functions.complex_values, engine.function_rules.overlay, engine.functions.create_color_composite and engine.functions.constant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import (
    ComplexRule,
    ComputeChangeRule,
    ConstantRule,
    CreateColorCompositeRule,
    FunctionArguments,
    WeightedOverlayRule,
    WeightedSumRule,
)
from engine.function_tree import function_tree
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo, CombiningFunction
from engine.geometry.ground_cells import GroundCells
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RNG = np.random.default_rng(23)
SHAPE = (8, 11)
KINDS = {"uint8": PixelType.U8, "int16": PixelType.S16, "float32": PixelType.F32}


def _classes(bands: int = 1, most: int = 5, dtype: str = "uint8") -> PixelBlock:
    data = RNG.integers(0, most, (bands, *SHAPE)).astype(dtype)
    return PixelBlock(data, RNG.random((1, *SHAPE)) > 0.1)


def _floats(bands: int) -> PixelBlock:
    data = RNG.normal(1.0, 2.0, (bands, *SHAPE)).astype(np.float32)
    return PixelBlock(data, RNG.random((1, *SHAPE)) > 0.1)


def _info(block: PixelBlock, names: tuple[str, ...] = ()) -> BandsInfo:
    return BandsInfo(KINDS[block.data.dtype.name], block.bands, names=names)


def _ran(arguments: FunctionArguments, *blocks: PixelBlock) -> PixelBlock:
    name = str(arguments.__struct_config__.tag)
    function = FUNCTIONS[name]
    assert isinstance(function, CombiningFunction)
    rule = RenderingRule(function=name, arguments=arguments)
    made = function.bind_inputs([_info(block) for block in blocks], rule)
    got = made.combine(blocks)
    assert got.data.dtype.name == made.output.pixel_type.dtype_name
    return got


def _check(got: PixelBlock, want: Floats, good: NDArray[np.bool_]) -> None:
    np.testing.assert_array_equal(np.broadcast_to(got.valid, got.data.shape)[0], good)
    np.testing.assert_allclose(got.data[0][good], want[good], rtol=1e-5, atol=1e-6)


def _valid(*blocks: PixelBlock) -> NDArray[np.bool_]:
    return np.asarray(np.logical_and.reduce([block.valid[0] for block in blocks]))


def test_sums_are_weighed() -> None:
    blocks = [_floats(1), _classes(), _floats(1)]
    weights = (0.5, -2.0, 3.0)
    want = np.tensordot(weights, [block.data[0].astype(float) for block in blocks], 1)
    _check(_ran(WeightedSumRule(weights=weights), *blocks), want, _valid(*blocks))


def test_sums_without_weights_are_plain_and_of_every_band() -> None:
    several, one = _classes(3), _classes()
    got = _ran(WeightedSumRule(fields=("VALUE", "")), several, one)
    np.testing.assert_array_equal(got.data, several.data.astype(float) + one.data)


def test_the_overlay_of_esris_documentation() -> None:
    # Classes 2 and 3 at 75 and 25 percent: 1.5 + 0.75 = 2.25, rounded 2.
    blocks = [
        PixelBlock(np.full((1, 1, 1), value, np.uint8), np.ones((1, 1, 1), np.bool_))
        for value in (2, 3)
    ]
    arguments = WeightedOverlayRule(
        influences=(75, 25), remaps=("1 1;2 2;3 3", "1 1;2 2;3 3"), eval_to=3
    )
    assert _ran(arguments, *blocks).data[0, 0, 0] == 2


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_overlays_map_ranges_bars_and_holes(dtype: str) -> None:
    one, other = _classes(most=8, dtype=dtype), _classes(most=4)
    arguments = WeightedOverlayRule(
        influences=(60, 40),
        remaps=("0 2 1; 2 4 5; 5 Restricted; 6 9; NODATA NODATA", "0 3;1 7;2 NoData;3 1"),
    )
    first = {0: 1, 1: 1, 2: 5, 3: 5, 4: 5, 5: -1, 6: 9}
    second = {0: 3, 1: 7, 3: 1}
    got = _ran(arguments, one, other)
    for row, col in np.ndindex(*SHAPE):
        a = first.get(int(one.data[0, row, col]))
        b = second.get(int(other.data[0, row, col]))
        is_there = one.valid[0, row, col] and other.valid[0, row, col]
        is_good = bool(is_there and a is not None and b is not None)
        assert got.valid[0, row, col] == is_good
        if is_good:
            assert a is not None
            assert b is not None
            # A bar gives the start of the scale less 1.
            want = 0 if a == -1 else round(0.6 * a + 0.4 * b)
            assert got.data[0, row, col] == want


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (WeightedSumRule(weights=(1.0,)), "Weights"),
        (WeightedSumRule(weights=(1.0, np.inf)), "Weights"),
        (WeightedSumRule(fields=("Suitability",)), "Fields"),
        (WeightedOverlayRule(influences=(50, 40)), "Influences"),
        (WeightedOverlayRule(influences=(100,)), "Influences"),
        (WeightedOverlayRule(remaps=("1 2",)), "Remaps"),
        (WeightedOverlayRule(remaps=("1 2", "1 x")), "Remaps"),
        (WeightedOverlayRule(remaps=("1 2", "5 3 1")), "Remaps"),
        (WeightedOverlayRule(remaps=("1 2", "1e999 1")), "Remaps"),
        (WeightedOverlayRule(remaps=("1 2", "0 1; 900000 3")), "Remaps"),
        (WeightedOverlayRule(remaps=("1 2", "1 2 3 4")), "Remaps"),
    ],
)
def test_bad_weights_and_remaps_are_named(arguments: FunctionArguments, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _ran(arguments, _classes(), _classes())


@pytest.mark.parametrize("method", range(6))
def test_changes_are_those_of_numpy(method: int) -> None:
    before, after = _floats(4), _floats(4)
    a, b = before.data.astype(float), after.data.astype(float)
    with np.errstate(all="ignore"):
        want = [
            b[0] - a[0],
            (b[0] - a[0]) / np.maximum(a[0], b[0]),
            np.rint(a[0]) * 10_000 + np.rint(b[0]),
            np.linalg.norm(b - a, axis=0),
            np.arccos((a * b).sum(axis=0) / np.linalg.norm(a, axis=0) / np.linalg.norm(b, axis=0)),
            np.abs(b - a).argmax(axis=0),
        ][method]
    good = _valid(before, after)
    if method == 2:
        good = good & (np.rint(a[0]) >= 0) & (np.rint(b[0]) >= 0)
    _check(_ran(ComputeChangeRule(method=method), before, after), want, good)


@pytest.mark.parametrize("keep", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("old_ones", "new_ones"), [((), ()), ((1, 2), ()), ((), (3,)), ((0,), (0, 4))]
)
def test_changes_of_class_keep_what_is_asked_for(
    keep: int, old_ones: tuple[int, ...], new_ones: tuple[int, ...]
) -> None:
    before, after = _classes(), _classes()
    arguments = ComputeChangeRule(
        method=2, keep_method=keep, from_class_values=old_ones, to_class_values=new_ones
    )
    got = _ran(arguments, before, after)
    a, b = before.data[0].astype(int), after.data[0].astype(int)
    good = _valid(before, after)
    good &= np.isin(a, old_ones) | (not old_ones)
    good &= np.isin(b, new_ones) | (not new_ones)
    good &= {2: a != b, 3: a == b}.get(keep, True)
    _check(got, np.asarray(a * 1000.0 + b), good)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (ComputeChangeRule(method=6), "Method"),
        (ComputeChangeRule(method=2, keep_method=4), "KeepMethod"),
        (ComputeChangeRule(method=3), "Raster2"),
    ],
)
def test_bad_changes_are_named(arguments: ComputeChangeRule, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _ran(arguments, _classes(2), _classes(3))


@pytest.mark.parametrize("parts", [1, 2])
def test_complex_numbers_are_those_of_numpy(parts: int) -> None:
    if parts == 2:
        blocks = [_floats(1), _floats(1)]
        real, imaginary = (block.data[0] for block in blocks)
    else:
        blocks = [_floats(2)]
        real, imaginary = blocks[0].data
    numbers, good = real + 1j * imaginary, _valid(*blocks)
    _check(_ran(ComplexRule(), *blocks), np.abs(numbers).astype(float), good)
    _check(_ran(ComplexRule(value_type="phase"), *blocks), np.angle(numbers).astype(float), good)
    both = _ran(ComplexRule(value_type="COMPLEX"), *blocks)
    np.testing.assert_array_equal(both.data, [real, imaginary])


def test_bad_complex_arguments_are_named() -> None:
    with pytest.raises(InvalidParameter, match="ValueType"):
        _ran(ComplexRule(value_type="MODULUS"), _floats(2))
    with pytest.raises(InvalidParameter, match="ImaginaryRaster"):
        _ran(ComplexRule(), _floats(3))


NAMES = ("VV", "VH", "Near Infrared", "b4")


def _composed(arguments: CreateColorCompositeRule) -> tuple[BandsInfo, PixelBlock]:
    rule = RenderingRule(function="CreateColorComposite", arguments=arguments)
    made = FUNCTIONS["CreateColorComposite"].bind(_info(RADAR, NAMES), rule)
    return made.output, made.apply(RADAR)


RADAR = _classes(4, most=90)


def test_colours_by_name_number_and_expression() -> None:
    output, got = _composed(CreateColorCompositeRule(red="VV", green="vh", blue="VV - VH*2"))
    assert output.pixel_type is PixelType.F32
    data = RADAR.data.astype(float)
    np.testing.assert_array_equal(got.data, [data[0], data[1], data[0] - 2 * data[1]])


def test_bands_alone_keep_their_type_and_names() -> None:
    for arguments in (
        CreateColorCompositeRule(red="near infrared", green="VH", blue="VV"),
        CreateColorCompositeRule(method=2, red="B3", green="2", blue="b1"),
    ):
        output, got = _composed(arguments)
        assert output.pixel_type is PixelType.U8
        assert output.names == ("Near Infrared", "VH", "VV")
        np.testing.assert_array_equal(got.data, RADAR.data[[2, 1, 0]])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (CreateColorCompositeRule(red="VV", green="VH"), "BandIndexesB"),
        (CreateColorCompositeRule(red="VV", green="HH", blue="VV"), "BandIndexesG"),
        (CreateColorCompositeRule(red="B5", green="VH", blue="VV", method=2), "BandIndexesR"),
        (CreateColorCompositeRule(red="VV", green="VH", blue="VV", method=1), "Method"),
    ],
)
def test_bad_colours_are_named(arguments: CreateColorCompositeRule, named: str) -> None:
    with pytest.raises(InvalidParameter, match=named):
        _composed(arguments)


def test_constants_are_everywhere_as_large_as_the_view() -> None:
    rule = RenderingRule(function="Constant", arguments=ConstantRule(constant=(3.0, 4.5)))
    tree = function_tree(rule, lambda _leaf: BandsInfo(PixelType.U8, 2))
    empty = PixelBlock(np.zeros((1, *SHAPE), np.uint8), np.zeros((1, *SHAPE), np.bool_))
    one = np.ones((1, 1))
    got = tree.run([empty], lambda: GroundCells(one, one))
    assert got.valid.all()
    assert got.data.shape == (2, *SHAPE)
    np.testing.assert_array_equal(got.data[:, 0, 0], [3.0, 4.5])


@pytest.mark.parametrize("values", [(), (np.nan,), (1.0,) * 300])
def test_bad_constants_are_named(values: Sequence[float]) -> None:
    rule = RenderingRule(function="Constant", arguments=ConstantRule(constant=tuple(values)))
    with pytest.raises(InvalidParameter, match="Constant"):
        FUNCTIONS["Constant"].bind(BandsInfo(PixelType.U8, 1), rule)
