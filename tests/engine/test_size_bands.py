"""Bands of ground pixel size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.size_bands import BAND_FACTOR, SizeBandCollector, size_band, size_edges


def _edges(*sizes: float) -> tuple[float, ...]:
    collector = SizeBandCollector()
    for size in sizes:
        collector.add(size)
    return collector.edges()


def test_thirty_and_thirty_one_centimetres_count_as_equal() -> None:
    edges = _edges(0.30, 0.31, 0.5, 10.0)
    assert size_band(0.30, edges) == size_band(0.31, edges)


def test_300_and_600_metres_never_count_as_equal() -> None:
    for coarse in (600.0, 599.1, 601.0):
        edges = _edges(300.0, 301.0, coarse)
        assert size_band(301.0, edges) < size_band(coarse, edges)


def test_near_neighbours_are_not_split_where_a_wider_gap_is_near() -> None:
    edges = _edges(1.0, 1.05, 1.5, 1.79, 1.81)
    assert size_band(1.79, edges) == size_band(1.81, edges)


def test_one_size_makes_no_edges() -> None:
    assert _edges(10.0, 10.0) == ()
    assert _edges() == ()


def test_an_unknown_size_is_the_coarsest() -> None:
    edges = _edges(1.0, 100.0)
    assert size_band(0.0, edges) > size_band(100.0, edges)


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=60))
def test_a_band_holds_sizes_within_the_factor_and_finer_is_never_later(sizes: list[float]) -> None:
    edges = size_edges(sizes)
    bands: dict[int, list[float]] = {}
    for size in sizes:
        bands.setdefault(size_band(size, edges), []).append(size)
    assert all(max(band) < BAND_FACTOR * min(band) * (1 + 1e-9) for band in bands.values())
    ordered = [size_band(size, edges) for size in sorted(sizes)]
    assert ordered == sorted(ordered)


@given(st.lists(st.floats(0.01, 1e5), min_size=1, max_size=30))
def test_the_edges_do_not_depend_on_the_order_of_the_sizes(sizes: list[float]) -> None:
    assert _edges(*sizes) == _edges(*reversed(sizes))
