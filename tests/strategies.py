"""Hypothesis strategies for values that tests of several packages draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from engine.mosaic.methods.base import OrderView
from engine.size_bands import size_edges
from tests.engine.catalogs import make_item

if TYPE_CHECKING:
    from engine.item import Item

# Small whole numbers: ties are frequent and squares are exact.
coordinates = st.integers(-4, 4).map(float)
ground_sizes = st.sampled_from([0.3, 0.31, 0.5, 0.6, 10.0, 20.0, 300.0, 600.0, 0.0])
sort_values = st.none() | st.integers(-5, 5) | st.sampled_from([0.5, float("nan")])


@st.composite
def items(draw: st.DrawFn) -> list[Item]:
    """Up to twelve items with many ties, their OBJECTIDs in any order."""
    count = draw(st.integers(0, 12))
    keys = draw(st.permutations(range(1, count + 1)))
    return [
        make_item(
            key,
            z_order=draw(st.sampled_from([None, -1.0, 0.0, 2.0])),
            ground_size_m=draw(ground_sizes),
            center_x=draw(coordinates),
            center_y=draw(coordinates),
            nadir_x=draw(st.none() | coordinates),
            nadir_y=draw(st.none() | coordinates),
        )
        for key in keys
    ]


order_views = st.builds(
    OrderView,
    center=st.tuples(coordinates, coordinates),
    viewpoint=st.none() | st.tuples(coordinates, coordinates),
    ascending=st.booleans(),
    size_edges=st.lists(ground_sizes.filter(bool), max_size=6).map(size_edges),
    attribute_values=st.dictionaries(st.integers(1, 12), sort_values),
    sort_value=st.none() | st.integers(-3, 3),
    lock_ids=st.lists(st.integers(1, 14)).map(tuple),
)
