"""Legends say what the picture step does with samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from engine.function_rules import StretchRule
from engine.functions.picture import bind_picture, to_picture
from engine.legend import legend_of
from engine.pixel_type import PixelType
from engine.pixels import PixelBlock
from engine.request_parts import RenderingRule
from engine.summary import BandStatistics
from tests.engine.catalogs import make_summary

if TYPE_CHECKING:
    from engine.results import LegendResult
    from engine.summary import ServiceSummary

_AS_THEY_ARE = RenderingRule(function="None")
_DEEP = make_summary(
    pixel_type=PixelType.U16, statistics=(BandStatistics(min=100, max=4000, mean=900, std=300),)
)


def _stretch(**changes: object) -> RenderingRule:
    return RenderingRule(function="Stretch", arguments=StretchRule(**changes))  # type: ignore[arg-type]  # -- a shorthand


def _legend(summary: ServiceSummary, rule: RenderingRule | None) -> LegendResult:
    return legend_of(summary, bind_picture(summary, (), (), rule))


@pytest.mark.parametrize(
    "rule",
    [
        None,
        _AS_THEY_ARE,
        _stretch(stretch_type=5),
        _stretch(stretch_type=5, out_min=40, out_max=90),
        _stretch(stretch_type=3, standard_deviations=1.0),
        _stretch(stretch_type=5, gamma=(1.7,)),
    ],
)
def test_the_ends_of_a_ramp_have_the_greys_of_the_picture(rule: RenderingRule | None) -> None:
    shown = _legend(_DEEP, rule)
    assert shown.ends is not None
    samples = np.linspace(shown.ends[1], shown.ends[0], len(shown.greys)).round()
    block = PixelBlock(samples.astype(np.uint16).reshape(1, 1, -1), np.ones((1, 1, 9), np.bool_))
    drawn = to_picture(block, bind_picture(_DEEP, (), (), rule))
    assert isinstance(drawn, PixelBlock)
    assert np.abs(drawn.data[0, 0].astype(int) - shown.greys).max() <= 1


def test_samples_shown_as_they_are_end_where_the_band_ends() -> None:
    eight = make_summary(statistics=(BandStatistics(min=3, max=77, mean=20, std=5),))
    shown = _legend(eight, None)
    assert shown.ends == (3, 77)
    assert (shown.greys[0], shown.greys[-1]) == (77, 3)


def test_a_stretch_by_the_view_has_no_ends() -> None:
    shown = _legend(_DEEP, _stretch(stretch_type=5, dynamic_range=True))
    assert shown.ends is None
    assert (shown.greys[0], shown.greys[-1]) == (255, 0)


def test_a_palette_shows_unless_a_rule_hides_it() -> None:
    classes = msgspec.structs.replace(_DEEP, colormap=((1, 255, 0, 0), (7, 0, 0, 255)))
    assert _legend(classes, None).palette == classes.colormap
    assert _legend(classes, _AS_THEY_ARE).palette == ()
    assert _legend(classes, _AS_THEY_ARE).greys
