"""The comparison runs from end to end on tiny scenes, so that it never rots."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks import aliasing, compare
from benchmarks.peers import MapServer, Swath, TiTiler
from benchmarks.peers.titiler import is_installed
from benchmarks.rows import Figure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.peers.base import Peer

IN_CI = os.environ.get("CI", "").lower() == "true"


@pytest.fixture
def peer(request: pytest.FixtureRequest, require_program: Callable[[str], Path]) -> Peer:
    """One server that can run here; else the test skips, in CI it fails."""
    require_program("wrk")
    made: Peer = request.param()
    if isinstance(made, MapServer):
        for program in ("lighttpd", "gdaltindex"):
            require_program(program)
    if isinstance(made, TiTiler) and not is_installed() and not IN_CI:
        pytest.skip("TiTiler's environment is not made here; `make bench-tiny` makes it")
    made.check()
    return made


@pytest.mark.parametrize("peer", [Swath, MapServer, TiTiler], indirect=True)
def test_tiny_comparison_writes_a_figure_for_every_row_a_server_answers(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    arguments = ["--tiny", "--rounds", "1", "--seconds", "1", "--only", peer.name]
    assert compare.main([*arguments, "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "compare-tiny.jsonl").read_bytes().splitlines()
    figures = [msgspec.json.decode(line, type=Figure) for line in lines]
    rows = {"one-jpg", "mosaic-jpg", "mosaic-png"} | (
        set() if isinstance(peer, TiTiler) else {"views-jpg"}
    )
    assert {figure.row for figure in figures} == rows
    for figure in figures:
        assert figure.server == peer.name
        assert figure.non_empty_share == 1.0
        assert figure.rate > 0
        assert figure.memory_mb > 1
    assert (tmp_path / "compare-tiny.png").stat().st_size > 0


@pytest.mark.parametrize("peer", [Swath, MapServer, TiTiler], indirect=True)
def test_every_server_draws_the_scene_in_its_place(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A picture shifted by one pixel is 6 grey values off this texture, by half a pixel 3.
    monkeypatch.setenv("SWATH_BENCH_DATA", str(tmp_path / "data"))
    assert aliasing.main(["--tiny", "--only", peer.name, "--results", str(tmp_path)]) == 0
    lines = (tmp_path / "aliasing.jsonl").read_bytes().splitlines()
    found = [msgspec.json.decode(line, type=aliasing.Aliasing) for line in lines]
    native = next(figure for figure in found if figure.ratio == 1.0)
    assert native.mean_difference < 1.5
