"""What crosses itself or has collapsed becomes a valid shape, whatever it was."""

import shapely

from engine.geometry.valid_shape import valid_shape

POINT = [(0, 0), (0, 0), (0, 0), (0, 0)]
CROSSED = [(0, 3), (3, 1), (2, 2), (1, 1), (0, 3)]


def test_rings_that_cross_count_even_odd():
    made = valid_shape(shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]))
    assert made.is_valid
    assert made.area == 2


def test_a_part_that_is_a_point_beside_one_that_crosses_itself_is_left_out():
    shape = shapely.MultiPolygon([shapely.Polygon(POINT), shapely.Polygon(CROSSED)])
    made = valid_shape(shape)
    assert made.is_valid
    assert made.geom_type in ("Polygon", "MultiPolygon")
    assert 0 < made.area < 3
