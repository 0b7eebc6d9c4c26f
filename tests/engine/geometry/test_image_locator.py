"""The locator of image space: exact, without steps between."""

from __future__ import annotations

import numpy as np

from engine.geometry.image_locator import ImageLocator
from engine.geometry.position_grid import cell_nodes
from engine.target_grid import CELL, Lattice

LATTICE = Lattice("ICS:1", 1.0, 1.0, 0.0, 0.0, -0.5, 0.5)


def test_native_pixels_are_met_exactly_at_their_centres() -> None:
    nodes = cell_nodes(ImageLocator((0.0, 1.0, 0.0, 0.0, 0.0, 1.0)), LATTICE, (3, 2), 0.125)
    assert nodes.step == CELL
    assert nodes.error_px <= 1e-4
    assert nodes.quads.all()
    assert nodes.x[0, 0] == 3 * CELL + 0.5
    assert nodes.y[0, 0] == 2 * CELL + 0.5


def test_a_raster_on_a_map_is_met_at_its_map_coordinates() -> None:
    locator = ImageLocator((500000.0, 10.0, 1.0, 5e6, 2.0, -10.0))
    survey = locator.survey(np.array([[0.0, 4.0]]), np.array([[0.0, -9.0]]), LATTICE)
    assert survey.x.tolist() == [[500005.5, 500054.5]]
    assert survey.y.tolist() == [[4999996.0, 4999914.0]]
    assert survey.good.all()
    assert survey.rough_error == 0.0
    assert locator.describe() == "image space"
