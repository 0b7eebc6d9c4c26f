"""Pansharpening against its formulas by numpy; every method, infrared from either place, statistics.

Covers engine.function_rules.bands.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.function_rules import PansharpeningRule
from engine.function_tree import Leaf, function_tree
from engine.functions import FUNCTIONS
from engine.functions.base import BandsInfo
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import ItemInput, RenderingRule
from engine.summary import BandStatistics

RNG = np.random.default_rng(11)
MS = RNG.uniform(20, 200, (5, 12, 17)).astype(np.float32)
PAN = RNG.uniform(20, 200, (1, 12, 17)).astype(np.float32)
INFRARED = RNG.uniform(20, 200, (1, 12, 17)).astype(np.float32)
WEIGHTS = (0.2, 0.3, 0.1, 0.4)


def _stats(data: np.ndarray) -> tuple[BandStatistics, ...]:
    return tuple(
        BandStatistics(
            min=float(band.min()),
            max=float(band.max()),
            mean=float(band.mean()),
            std=float(band.std()),
            count=band.size,
        )
        for band in data
    )


def _sharpened(
    rule: PansharpeningRule, ms: np.ndarray, infrared: np.ndarray | None = None
) -> PixelBlock:
    """Run the function on rasters that are items of a service each."""
    rasters = {1: PAN, 2: ms} | ({} if infrared is None else {3: infrared})

    def of(leaf: Leaf) -> np.ndarray:
        assert isinstance(leaf, ItemInput)
        return rasters[leaf.item]

    tree = function_tree(
        RenderingRule(
            function="Pansharpening",
            arguments=rule,
            inputs=tuple(ItemInput(item=n) for n in rasters),
        ),
        lambda leaf: BandsInfo(PixelType.F32, len(of(leaf)), statistics=_stats(of(leaf))),
    )
    valid = np.ones((1, 12, 17), np.bool_)
    blocks = [
        PixelBlock(np.ascontiguousarray(of(leaf.source)[list(leaf.bands)]), valid)
        for leaf in tree.leaves
    ]
    return tree.run(blocks, lambda: pytest.fail("it looks at no ground"))


def _want(kind: int, ms: np.ndarray, infrared: int | None) -> np.ndarray:
    """The published formulas, in full arrays of doubles."""
    pan, bands = PAN[0].astype(float), ms.astype(float)
    colours = [n for n in range(len(bands)) if n != infrared][:3]
    red, green, blue = (bands[n] for n in colours)
    w = np.array(WEIGHTS if infrared is not None else WEIGHTS[:3])
    w = w / w.sum()
    ir = bands[infrared] * w[3] if infrared is not None else np.zeros_like(pan)
    weighted = w[0] * red + w[1] * green + w[2] * blue
    if kind == 0:
        return np.stack([bands[n] + (pan - ir) - (red + green + blue) / 3 for n in colours])
    if kind == 1:
        return np.asarray(bands * ((pan - ir) / weighted))
    if kind == 2:
        return np.asarray(bands + (pan - (weighted + ir)))
    if kind == 3:
        return np.asarray((bands + pan) / 2)
    means, stds = bands.mean((1, 2)), bands.std((1, 2))
    used = [*colours, infrared] if infrared is not None else colours
    mean, std = w @ means[used], w @ stds[used]
    matched = (pan - pan.mean()) / pan.std() * std + mean
    return np.stack(
        [
            band + own / std * (matched - weighted - ir)
            for band, own in zip(bands, stds, strict=True)
        ]
    )


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize("bands", [3, 4, 5])
def test_methods_are_the_published_formulas(kind: int, bands: int) -> None:
    ms = MS[:bands]
    rule = PansharpeningRule(pansharpening_type=kind, weights=WEIGHTS)
    infrared = 3 if bands > 3 else None
    want = _want(kind, ms, infrared)
    got = _sharpened(rule, ms)
    assert got.data.dtype == np.float32
    np.testing.assert_allclose(got.data, want, rtol=2e-5, atol=1e-3)
    assert got.valid.all()


@pytest.mark.parametrize("kind", range(5))
def test_the_infrared_may_be_a_raster_of_its_own(kind: int) -> None:
    rule = PansharpeningRule(pansharpening_type=kind, weights=WEIGHTS)
    with_it = np.concatenate([MS[:3], INFRARED])
    got = _sharpened(rule, MS[:3], INFRARED)
    np.testing.assert_allclose(got.data, _want(kind, with_it, 3), rtol=2e-5, atol=1e-3)


@pytest.mark.parametrize("kind", range(5))
def test_a_fourth_band_may_be_no_infrared(kind: int) -> None:
    rule = PansharpeningRule(
        pansharpening_type=kind, weights=WEIGHTS, use_fourth_band_of_ms_as_ir=False
    )
    np.testing.assert_allclose(
        _sharpened(rule, MS[:4]).data, _want(kind, MS[:4], None), rtol=2e-5, atol=1e-3
    )


def test_a_pan_band_that_is_the_intensity_changes_nothing() -> None:
    """What all but the simple mean have in common; Gram-Schmidt where bands rise and fall together."""
    one = RNG.uniform(20, 200, (12, 17))
    ms = np.stack([one, 2 * one, 0.5 * one]).astype(np.float32)
    pan = (np.array(WEIGHTS[:3]) / 0.6 @ ms.reshape(3, -1)).reshape(1, 12, 17).astype(np.float32)
    for kind in (1, 2, 4):
        rule = RenderingRule(
            function="Pansharpening",
            arguments=PansharpeningRule(pansharpening_type=kind, weights=WEIGHTS),
        )
        infos = [BandsInfo(PixelType.F32, len(x), statistics=_stats(x)) for x in (pan, ms)]
        bound = FUNCTIONS["Pansharpening"].bind_inputs(infos, rule)  # type: ignore[attr-defined]  # -- it takes several
        valid = np.ones((1, 12, 17), np.bool_)
        got = bound.combine([PixelBlock(pan, valid), PixelBlock(ms, valid)])
        np.testing.assert_allclose(got.data, ms, rtol=1e-4)


def test_bands_of_one_raster_are_told_apart_by_name() -> None:
    info = BandsInfo(PixelType.U16, 4, names=("Red", "Green", "Pan", "Blue"))
    data = RNG.integers(0, 3000, (4, 5, 6)).astype(np.uint16)
    valid = np.ones((4, 5, 6), np.bool_)
    valid[2, 0, 0] = valid[0, 1, 1] = False
    rule = RenderingRule(
        function="Pansharpening", arguments=PansharpeningRule(pansharpening_type=3)
    )
    bound = FUNCTIONS["Pansharpening"].bind(info, rule)
    got = bound.apply(PixelBlock(data, valid))
    assert (bound.output.names, bound.output.pixel_type) == (
        ("Red", "Green", "Blue"),
        PixelType.U16,
    )
    np.testing.assert_array_equal(got.data, np.rint((data[[0, 1, 3]] + data[2].astype(float)) / 2))
    assert not got.valid[:, 0, 0].any()
    assert got.valid[:, 1, 1].tolist() == [False, True, True]


def test_multispectral_bands_alone_are_as_they_are() -> None:
    for kind, count in ((0, 3), (2, 5)):
        rule = PansharpeningRule(pansharpening_type=kind, multispectral_only=True)
        np.testing.assert_array_equal(_sharpened(rule, MS).data, MS[:count])


@pytest.mark.parametrize(
    ("rule", "names", "says"),
    [
        (PansharpeningRule(pansharpening_type=5), (), "PansharpeningType"),
        (PansharpeningRule(weights=(1.0,)), (), "Weights"),
        (PansharpeningRule(weights=(0.0, 0.0, 0.0, 1.0)), (), "Weights"),
        (PansharpeningRule(weights=(1.0, float("nan"), 1.0, 1.0)), (), "Weights"),
        (PansharpeningRule(pansharpening_type=4), (), "statistics"),
        (PansharpeningRule(), ("a", "b"), "PanImage"),
    ],
)
def test_what_cannot_be_is_named(
    rule: PansharpeningRule, names: tuple[str, ...], says: str
) -> None:
    asked = RenderingRule(function="Pansharpening", arguments=rule)
    with pytest.raises(InvalidParameter, match=says):
        FUNCTIONS["Pansharpening"].bind(BandsInfo(PixelType.U8, 2, names=names), asked)


def test_a_panchromatic_band_alone_has_nothing_to_sharpen() -> None:
    asked = RenderingRule(function="Pansharpening", arguments=PansharpeningRule())
    with pytest.raises(InvalidParameter, match="MSImage"):
        FUNCTIONS["Pansharpening"].bind(BandsInfo(PixelType.U8, 1, names=("Pan",)), asked)
