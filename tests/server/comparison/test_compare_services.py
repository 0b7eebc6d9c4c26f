"""Services of two live servers, and of a real MapServer, compared by the command.

Covers server.commands.compare, server.comparison.comparing, server.comparison.arcgis_service,
server.comparison.wms_service.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from engine.errors import InvalidParameter, SourceUnavailable
from server.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Urls = Callable[[int, str], str]


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in an empty folder; the figures are in figures.json."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        options = ["--json", "figures.json", "--size", "256", "--views", "6"]
        return CliRunner().invoke(app, ["compare", *arguments, *options])

    return run


def _figures(folder: Path) -> dict:
    return json.loads((folder / "figures.json").read_text())


_STRICT = ("--max-share-differing", "0", "--max-share-one-only", "0", "--max-shift", "0.01")


def test_equal_services_of_two_servers_do_not_differ(
    two_servers: Urls, compare: Callable[..., Result], tmp_path: Path
) -> None:
    result = compare(two_servers(0, "picture"), two_servers(1, "picture"), *_STRICT)
    assert result.exit_code == 0, result.output + str(result.exception)
    figures = _figures(tmp_path)
    totals = figures["totals"]
    assert totals["views"] == 6
    assert (totals["failed"], totals["empty"], totals["max_abs"]) == (0, 0, 0)
    assert totals["compared"] > 200_000
    assert totals["shifts"] == 6
    assert all(service["p95_ms"] > 0 for service in figures["services"])
    page = (tmp_path / "compare.html").read_text()
    assert "All views are within the limits</strong>: at most 0.00%" in page
    assert page.count("<img") == 18
    assert "views, worst first" in result.output


def test_half_a_pixel_is_found_within_a_tenth(
    two_servers: Urls, compare: Callable[..., Result], tmp_path: Path
) -> None:
    urls = two_servers(0, "picture"), two_servers(1, "shifted")
    result = compare(*urls, "--crs", "service", "--max-shift", "0.3")
    assert result.exit_code == 1
    assert "a view is shifted by 0." in result.output
    views = _figures(tmp_path)["views"]
    assert {view["view"]["pixel_size"] for view in views} >= {10.0}
    for view in views:
        expected = 5.0 / view["view"]["pixel_size"]
        assert view["difference"]["shift"]["right_px"] == pytest.approx(expected, abs=0.1)
        assert view["difference"]["shift"]["down_px"] == pytest.approx(0.0, abs=0.1)


def test_other_colours_differ_without_a_shift(
    two_servers: Urls, compare: Callable[..., Result], tmp_path: Path
) -> None:
    urls = two_servers(0, "picture"), two_servers(1, "colours")
    result = compare(*urls, "--max-share-differing", "0.5", "--max-shift", "0.1")
    assert result.exit_code == 1
    totals = _figures(tmp_path)["totals"]
    assert totals["share_differing"] > 0.9
    assert 25 < totals["mean_abs"] <= 30
    assert totals["worst_shift_px"] < 0.1
    assert "of a view's pixels differ, at most 50.00% may" in result.output
    assert "shifted by" not in result.output


def test_pixels_that_one_alone_has_are_told(
    two_servers: Urls, compare: Callable[..., Result], tmp_path: Path
) -> None:
    urls = two_servers(0, "picture"), two_servers(1, "part")
    result = compare(*urls, "--crs", "service", "--max-share-one-only", "0.1")
    assert result.exit_code == 1
    whole = _figures(tmp_path)["views"][0]["difference"]
    assert whole["share_one_only"] == pytest.approx(0.5, abs=0.01)
    assert whole["share_differing"] < 0.02
    assert "valid in one alone, at most 10.00% may" in result.output


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326", "service"])
@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_swath_and_mapserver_show_the_same_place(
    two_servers: Urls, wms: str, compare: Callable[..., Result], tmp_path: Path, crs, version
) -> None:
    url = f"{wms}&VERSION={version}&LAYERS=texture"
    result = compare(two_servers(0, "picture"), url, "--crs", crs, "--max-shift", "0.25")
    assert result.exit_code == 0, result.output + str(result.exception)
    figures = _figures(tmp_path)
    assert figures["services"][1]["kind"] == f"WMS {version} (texture)"
    totals = figures["totals"]
    assert (totals["failed"], totals["shifts"]) == (0, 6)
    assert totals["mean_abs"] < 6
    assert totals["share_one_only"] < 0.02


def test_layers_of_a_wms_are_named_or_listed(
    two_servers: Urls, wms: str, compare: Callable[..., Result], tmp_path: Path
) -> None:
    ours = two_servers(0, "picture")
    assert compare(ours, wms, "--layers", "texture").exit_code == 0
    unknown = compare(ours, wms, "--layers", "textur").exception
    assert isinstance(unknown, InvalidParameter)
    assert "layers of the WMS: " in str(unknown)
    assert "texture" in str(unknown)


def test_what_a_server_answers_instead_is_told(
    two_servers: Urls, wms: str, compare: Callable[..., Result]
) -> None:
    ours = two_servers(0, "picture")
    missing = compare(ours, ours.replace("picture", "missing")).exception
    assert isinstance(missing, SourceUnavailable)
    assert "/missing/ImageServer?f=json: answered" in str(missing)
    assert "not found" in str(missing)
    broken = compare(ours, f"{wms}&LAYERS=broken").exception
    assert isinstance(broken, SourceUnavailable)
    assert "LAYERS=broken" in str(broken)
    assert "instead of a picture: " in str(broken)
    assert "msDrawMap" in str(broken)


def test_no_server_is_one_sentence(compare: Callable[..., Result], two_servers: Urls) -> None:
    nobody = compare(two_servers(0, "picture"), "http://127.0.0.1:9/x/ImageServer").exception
    assert isinstance(nobody, SourceUnavailable)
    assert "http://127.0.0.1:9/x/ImageServer?f=json: no answer: " in str(nobody)
    for url in ("ftp://host/x/ImageServer", "host/ImageServer", "http:///ImageServer"):
        assert isinstance(compare(url, url).exception, InvalidParameter)


def test_several_views_at_once_give_the_same_figures(
    two_servers: Urls, compare: Callable[..., Result], tmp_path: Path
) -> None:
    urls = two_servers(0, "picture"), two_servers(1, "shifted")
    seen = []
    for at_once in ("1", "3"):
        compare(*urls, "--concurrency", at_once)
        seen.append([view["difference"] for view in _figures(tmp_path)["views"]])
    assert seen[0] == seen[1]
