"""Sums and limits (server.comparison.report), and the page (server.comparison.page) in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from engine.extent import Extent
from server.comparison.comparing import ViewPictures
from server.comparison.difference import Difference
from server.comparison.page import render_comparison
from server.comparison.picture import data_url
from server.comparison.report import (
    ComparisonReport,
    Limits,
    ServiceReport,
    ViewResult,
    limits_text,
    percentile_ms,
    problems_of,
    totals_of,
    worst_first,
)
from server.comparison.shift import Shift
from server.comparison.view import View
from tests.clients.browser import open_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _view(number: int) -> View:
    box = Extent(0, 0, 64, 64)
    return View(number=number, crs="EPSG:3857", extent=box, width=64, height=64, pixel_size=1.0)


def _result(number: int, share: float, compared: int = 100, right_px: float = 0.0) -> ViewResult:
    shift = Shift(right_px=right_px, down_px=0.0, trust=1.0) if right_px else None
    found = Difference(
        pixels=compared * 2,
        compared=compared,
        mean_abs=share * 10,
        max_abs=int(share * 100),
        share_differing=share,
        share_one_only=0.5 if compared else 0.0,
        shift=shift,
    )
    return ViewResult(view=_view(number), seconds=(0.01 * number, 0.02), difference=found)


_FAILED = ViewResult(view=_view(4), error="http://h/<script>alert(1)</script>: answered 500")
_VIEWS = (_result(1, 0.1), _result(2, 0.4, 300, 0.5), _result(3, 0.0, 0), _FAILED)


def test_totals_weigh_pixels_and_keep_the_worst() -> None:
    totals = totals_of(_VIEWS)
    assert (totals.views, totals.failed, totals.empty, totals.compared) == (4, 1, 1, 400)
    assert totals.share_differing == pytest.approx((0.1 * 100 + 0.4 * 300) / 400)
    assert totals.mean_abs == pytest.approx((1 * 100 + 4 * 300) / 400)
    assert (totals.worst_share_differing, totals.max_abs) == (0.4, 40)
    assert totals.share_one_only == 0.5
    assert (totals.shifts, totals.worst_shift_px, totals.median_shift) == (1, 0.5, "+0.50 +0.00")


def test_the_worst_come_first() -> None:
    assert [result.view.number for result in worst_first(_VIEWS)] == [4, 2, 1, 3]


@pytest.mark.parametrize(
    ("limits", "problems"),
    [
        (Limits(), []),
        (Limits(max_share_differing=0.4, max_share_one_only=0.5, max_shift_px=0.5), []),
        (
            Limits(max_share_differing=0.39),
            ["40.00% of a view's pixels differ, at most 39.00% may"],
        ),
        (
            Limits(max_share_one_only=0.0),
            ["50.00% of a view's pixels are valid in one alone, at most 0.00% may"],
        ),
        (Limits(max_shift_px=0.4), ["a view is shifted by 0.500 px, at most 0.4 px may be"]),
    ],
)
def test_limits_hold_for_the_worst_view(limits: Limits, problems: list[str]) -> None:
    assert list(problems_of(totals_of(_VIEWS[:3]), limits)) == problems
    assert bool(limits_text(limits)) is (limits != Limits())


def test_what_was_not_compared_proves_nothing() -> None:
    empty = totals_of([_result(1, 0.0, 0)])
    assert problems_of(empty, Limits()) == ()
    assert problems_of(empty, Limits(max_share_differing=1.0)) == (
        "no view has a pixel that is valid in both",
    )
    flat = totals_of([_result(1, 0.0)])
    assert "the shift can be told in no view" in problems_of(flat, Limits(max_shift_px=1))[0]
    assert problems_of(totals_of(_VIEWS), Limits()) == ("1 of 4 views could not be drawn by both",)


def test_percentiles_are_times_that_were_seen() -> None:
    seconds = [number / 1000 for number in range(20, 0, -1)]
    assert (percentile_ms(seconds, 50), percentile_ms(seconds, 95)) == pytest.approx((10, 19))
    assert (percentile_ms([0.003], 95), percentile_ms([], 50)) == pytest.approx((3, 0))


def _report() -> ComparisonReport:
    totals, limits = totals_of(_VIEWS), Limits(max_shift_px=0.1)
    return ComparisonReport(
        format_version=1,
        program="swath",
        made_at="2020-01-01 00:00 UTC",
        crs="EPSG:3857",
        seed=1,
        side=64,
        tolerance=8,
        concurrency=1,
        services=(
            ServiceReport(
                address="http://h/a?<img src=x onerror=alert(1)>", kind="ArcGIS", p50_ms=1
            ),
            ServiceReport(address="http://h/b", kind='WMS 1.3.0 ("><b>x</b>)'),
        ),
        totals=totals,
        limits=limits,
        problems=problems_of(totals, limits),
        views=_VIEWS,
    )


def _pictures() -> dict[int, ViewPictures]:
    url = data_url(np.full((64, 64, 4), 200, np.uint8))
    return {n: ViewPictures(first=url, second=url, difference=url) for n in (1, 2, 3)}


def test_the_page_escapes_texts_and_loads_nothing() -> None:
    page = render_comparison(_report(), _pictures())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "<b>x</b>" not in page
    assert set(re.findall(r"<(\w+)[^>]*onerror", page)) == set()
    assert re.findall(r'(?:src|href)="(?!data:image/webp)', page) == []
    assert re.findall(r"url\(|@import", page) == []
    assert page.index("<h3>View 2") < page.index("<h3>View 1") < page.index("<h3>View 3")


def test_figures_come_back_from_json() -> None:
    text = msgspec.json.encode(_report())
    assert msgspec.json.decode(text, type=ComparisonReport) == _report()


def test_a_browser_shows_the_page_in_both_colours_and_on_paper(
    tmp_path: Path, require_program: Callable[[str], Path]
) -> None:
    file = tmp_path / "compare.html"
    file.write_text(render_comparison(_report(), _pictures()), encoding="utf-8")
    ground = "getComputedStyle(document.body).backgroundColor"
    with open_page(require_program("chromium")) as page:
        seen = []
        for scheme in ("light", "dark"):
            page.colour_scheme(scheme)
            page.go(file.as_uri())
            seen.append(page.evaluate(ground))
        assert seen == ["rgb(243, 245, 244)", "rgb(11, 21, 27)"]
        loaded = "[...document.images].filter(i => i.complete && i.naturalWidth === 64).length"
        assert page.evaluate(loaded) == 9
        page.resize(400, 800)
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        page.call("Emulation.setEmulatedMedia", media="print", features=[])
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        assert page.console == []
        assert page.failures == []
