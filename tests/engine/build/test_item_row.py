"""A row knows whether its footprint was edited by hand."""

from __future__ import annotations

import shapely
from hypothesis import given
from hypothesis import strategies as st

from engine.build.item_row import BuiltState, ItemRow, hash_shape, wkb_extent
from engine.build.raster_record import ItemStatus
from engine.extent import Extent
from engine.item import PRIMARY

_BOX = shapely.box(0.0, 1.0, 20.0, 11.0)


def _row(shape: shapely.Geometry | None, built: BuiltState, **attributes: object) -> ItemRow:
    return ItemRow(
        id=1,
        status=ItemStatus.READY,
        message="",
        attributes=attributes,  # type: ignore[arg-type]  # -- a shorthand
        raster_text="",
        header_text="",
        wkb=b"" if shape is None else shapely.to_wkb(shape),
        built=built,
    )


def test_a_footprint_as_build_wrote_it_is_not_edited() -> None:
    built = BuiltState(shape_hash=hash_shape(shapely.to_wkb(_BOX)))
    assert not _row(_BOX, built).is_edited
    assert _row(shapely.affinity.translate(_BOX, 0.5), built).is_edited
    assert not _row(None, built).is_edited


@given(x=st.floats(-1e6, 1e6), y=st.floats(-1e6, 1e6), order=st.sampled_from([0, 1]))
def test_writing_a_footprint_anew_is_no_edit(x: float, y: float, order: int) -> None:
    shape = shapely.affinity.translate(_BOX, x, y)
    noisy = shapely.affinity.translate(shape, 1e-9, 0.0)
    assert hash_shape(shapely.to_wkb(shape, byte_order=order)) == hash_shape(shapely.to_wkb(shape))
    moved = hash_shape(shapely.to_wkb(shapely.affinity.translate(shape, 0.001, 0.0)))
    assert moved != hash_shape(shapely.to_wkb(noisy))


def test_the_extent_is_the_box_of_the_footprint_and_none_of_an_empty_one() -> None:
    assert wkb_extent(shapely.to_wkb(_BOX)) == Extent(0.0, 1.0, 20.0, 11.0)
    assert wkb_extent(shapely.to_wkb(shapely.Polygon())) is None


def test_missing_attributes_have_their_defaults() -> None:
    row = _row(None, BuiltState(), Name=None, Category=None)
    assert (row.name, row.category, row.headers) == ("", PRIMARY, ())
