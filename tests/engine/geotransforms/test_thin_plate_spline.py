"""The thin-plate spline against GDAL's, and against its own points."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.errors import InvalidParameter
from engine.geotransforms.gcps import Gcp
from engine.geotransforms.thin_plate_spline import MAX_POINTS, ThinPlateSpline
from tests.conformance.geotransform_samples import bent, bent_gcps
from tests.engine.geotransforms.gdal_gcps import spline_to_source


def scattered(count: int) -> tuple[Gcp, ...]:
    """Control points at random places, in degrees of a box much wider than high."""
    random = np.random.default_rng(5)
    return tuple(
        Gcp(col=col, row=row, x=10 + col / 500, y=50 - row / 3000 + wave)
        for col, row, wave in random.uniform((0, 0, -1e-3), (5000, 4000, 1e-3), (count, 3)).tolist()
    )


@pytest.mark.parametrize("gcps", [bent_gcps(), scattered(40)], ids=["metres", "degrees"])
def test_it_equals_gdals_spline(gcps: tuple[Gcp, ...]) -> None:
    random = np.random.default_rng(3)
    xs, ys = [p.x for p in gcps], [p.y for p in gcps]
    x, y = random.uniform(min(xs), max(xs), 60), random.uniform(min(ys), max(ys), 60)
    got = ThinPlateSpline(gcps=gcps).bind().to_source(x, y)
    assert np.abs(np.subtract(got, spline_to_source(gcps, x, y))).max() < 1e-5


def test_it_meets_every_control_point_in_both_directions() -> None:
    gcps = bent_gcps()
    bound = ThinPlateSpline(gcps=gcps).bind()
    cols, rows, x, y = np.array([(p.col, p.row, p.x, p.y) for p in gcps]).T
    assert np.abs(np.subtract(bound.to_source(x, y), (cols, rows))).max() < 1e-7
    assert np.abs(np.subtract(bound.to_output(cols, rows), (x, y))).max() < 1e-6


def test_the_way_back_is_the_inverse_between_the_points_too() -> None:
    bound = ThinPlateSpline(gcps=bent_gcps(4)).bind()
    random = np.random.default_rng(9)
    cols, rows = random.uniform(0, 1000, 300), random.uniform(0, 800, 300)
    back = bound.to_source(*bound.to_output(cols, rows))
    assert np.abs(np.subtract(back, (cols, rows))).max() < 1e-6
    # A spline fitted the other way round is not the inverse: that is why it only starts the iteration.
    points = msgspec.structs.replace
    turned = ThinPlateSpline(
        gcps=tuple(points(p, col=p.x, row=p.y, x=p.col, y=p.row) for p in bent_gcps(4))
    ).bind()
    other = bound.to_source(*turned.to_source(cols, rows))
    assert np.abs(np.subtract(other, (cols, rows))).max() > 1e-3


def test_three_points_give_the_affine_transform() -> None:
    gcps = tuple(
        Gcp(col=c, row=r, x=2 * c + r, y=c - 3 * r)
        for c, r in ((0.0, 0.0), (10.0, 0.0), (0.0, 5.0))
    )
    bound = ThinPlateSpline(gcps=gcps).bind()
    x, y = bound.to_output(np.array([7.0]), np.array([-2.0]))
    assert (x[0], y[0]) == pytest.approx((12.0, 13.0))
    assert np.isnan(bound.left_out_residuals()).all()


def test_left_out_residuals_are_what_the_other_points_predict() -> None:
    gcps = scattered(25)
    got = ThinPlateSpline(gcps=gcps).bind().left_out_residuals()
    for i in (0, 11, 24):
        rest = ThinPlateSpline(gcps=gcps[:i] + gcps[i + 1 :]).bind()
        col, row = rest.to_source(np.array([gcps[i].x]), np.array([gcps[i].y]))
        assert got[i] == pytest.approx((col[0] - gcps[i].col, row[0] - gcps[i].row), abs=1e-5)


def test_left_out_residuals_find_the_bad_point() -> None:
    gcps = bent_gcps()
    x, y = bent(gcps[14].col, gcps[14].row + 60)
    spoilt = (*gcps[:14], msgspec.structs.replace(gcps[14], x=x, y=y), *gcps[15:])
    found = ThinPlateSpline(gcps=spoilt).bind().left_out_residuals()
    assert np.hypot(*found.T).argmax() == 14


def test_points_on_one_line_are_refused() -> None:
    gcps = tuple(Gcp(col=i * 1.7, row=i * 0.9, x=5e5 + i, y=4e6 - i * 2.3) for i in range(9))
    with pytest.raises(InvalidParameter, match="points on one line"):
        ThinPlateSpline(gcps=gcps).bind()


def test_the_same_point_twice_counts_once() -> None:
    gcps = bent_gcps(3)
    once, twice = (ThinPlateSpline(gcps=each).bind() for each in (gcps, gcps + gcps[:4]))
    x, y = np.array([500_300.0]), np.array([4_499_500.0])
    assert once.to_source(x, y) == twice.to_source(x, y)
    with pytest.raises(InvalidParameter, match="2 different points"):
        ThinPlateSpline(gcps=(*gcps[:2], *gcps[:2])).bind()


@pytest.mark.parametrize("change", [{"col": 3.0}, {"x": 3.0}])
def test_two_points_that_contradict_each_other_are_named(change: dict[str, float]) -> None:
    gcps = bent_gcps(3)
    clash = msgspec.structs.replace(gcps[4], id="again", **change)
    with pytest.raises(InvalidParameter, match=r"p4 .* and again .*one position in the source"):
        ThinPlateSpline(gcps=(*gcps, clash)).bind()


def test_more_points_than_a_server_can_evaluate_are_refused() -> None:
    gcps = tuple(Gcp(col=float(i), row=0.0, x=0.0, y=0.0) for i in range(MAX_POINTS + 1))
    with pytest.raises(InvalidParameter, match=f"at most {MAX_POINTS}"):
        ThinPlateSpline(gcps=gcps).bind()
