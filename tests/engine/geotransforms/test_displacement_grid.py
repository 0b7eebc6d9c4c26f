"""The displacement grid against scipy-like bilinear arithmetic, its edges and its holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.displacement_grid import DisplacementGrid, Shifts

ZERO: Shifts = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def random_grid(size: float) -> DisplacementGrid:
    """A grid of 5 × 7 nodes 10 apart, rows southwards."""
    random = np.random.default_rng(2)
    dx, dy = (
        tuple(tuple(row) for row in random.uniform(-size, size, (5, 7)).tolist()) for _ in range(2)
    )
    return DisplacementGrid(origin=(100.0, 40.0), step=(10.0, -10.0), dx=dx, dy=dy)


@pytest.mark.small
def test_shifts_are_bilinear_between_nodes() -> None:
    record = random_grid(3.0)
    x, y = np.array([100.0, 123.0, 160.0]), np.array([40.0, 27.0, 0.0])
    got = record.bind().to_source(x, y)
    for i, (u, v) in enumerate([(0, 0), (2.3, 1.3), (6, 4)]):
        for axis, shifts in enumerate((record.dx, record.dy)):
            rows = np.array([np.interp(u, range(7), row) for row in np.array(shifts, float)])
            want = (x, y)[axis][i] + np.interp(v, range(5), rows)
            assert got[axis][i] == pytest.approx(want, abs=1e-12)


@given(share=st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8)))
def test_the_way_back_is_exact_across_the_bends_at_nodes(share: tuple[float, float]) -> None:
    bound = random_grid(2.0).bind()
    x, y = np.array([100 + 60 * share[0]]), np.array([40 * share[1]])
    back = bound.to_source(*bound.to_output(x, y))
    assert np.hypot(back[0][0] - x[0], back[1][0] - y[0]) < 1e-6


@pytest.mark.small
def test_beside_the_grid_nothing_is_defined_but_its_very_edge_is() -> None:
    bound = DisplacementGrid(origin=(0.0, 0.0), step=(0.1, 0.1), dx=ZERO, dy=ZERO).bind()
    x = np.array([0.0, 0.2, 0.1 + 0.1, -0.001, 0.2001])
    col, row = bound.to_source(x, np.full(5, 0.1))
    assert np.isfinite(col[:3]).all()
    assert np.isnan(col[3:]).all()
    assert np.isnan(row[3:]).all()
    back, _ = bound.to_output(np.array([-0.001, 0.1, 0.2001]), np.full(3, 0.1))
    assert np.isnan(back[[0, 2]]).all()
    assert back[1] == pytest.approx(0.1)


@pytest.mark.small
def test_quads_with_an_unknown_node_are_not_defined() -> None:
    dx: Shifts = ((1.0, 1.0, 1.0), (1.0, 1.0, None))
    bound = DisplacementGrid(origin=(0.0, 0.0), step=(1.0, 1.0), dx=dx, dy=ZERO).bind()
    col, _ = bound.to_source(np.array([0.5, 1.5]), np.array([0.5, 0.5]))
    assert col[0] == 1.5
    assert np.isnan(col[1])


@pytest.mark.small
def test_where_the_grid_folds_the_answer_is_a_true_inverse_or_nan() -> None:
    dx: Shifts = ((0.0, -3.0, 0.0), (0.0, -3.0, 0.0))
    bound = DisplacementGrid(origin=(0.0, 0.0), step=(1.0, 1.0), dx=dx, dy=ZERO).bind()
    sources = np.linspace(-3, 3, 61)
    x, y = bound.to_output(sources, np.full(61, 0.5))
    back, _ = bound.to_source(x, y)
    found = np.isfinite(x)
    assert found.any()
    assert np.abs(back[found] - sources[found]).max() < 1e-6


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        ({"dx": ((0.0, 0.0, 0.0),)}, "at least 2 rows"),
        ({"dx": ((0.0, 0.0, 0.0), (0.0, 0.0))}, "rows of one length"),
        ({"dx": ()}, "at least 2 rows"),
        ({"dy": ((0.0, 0.0), (0.0, 0.0))}, "2 × 3 nodes like dx"),
        ({"dx": ((0.0, None, 0.0), (0.0, 0.0, 0.0))}, "at least one"),
        ({"step": (0.0, 1.0)}, "not zero"),
    ],
)
def test_a_grid_that_is_none_is_refused(change: dict[str, Shifts], accepted: str) -> None:
    fields = {"origin": (0.0, 0.0), "step": (1.0, 1.0), "dx": ZERO, "dy": ZERO} | change
    with pytest.raises(InvalidParameter, match=accepted):
        DisplacementGrid(**fields).bind()  # type: ignore[arg-type]  # -- a table of fields
