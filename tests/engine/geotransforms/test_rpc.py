"""RPC records: what binding refuses, the kit's reference values, GDAL's transformer, the antimeridian."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import RPCTransformer

from engine.errors import InvalidParameter
from engine.geotransforms.rpc import RpcRecord, rpc00b_order
from tests.engine.geotransforms.rpc_models import (
    by_formula,
    columns,
    ground_within,
    made_record,
    record_of_raster,
    truth,
)

if TYPE_CHECKING:
    from pathlib import Path

TAGGED = [
    ("s2p_pair_reunion", "img_01.tif"),
    ("s2p_pair_reunion", "img_02.tif"),
    ("qb2_baviaans", "qb2_basic1b.tif"),
    ("rioxarray_rpc", "test_rpcs.tif"),
]
MODEL = made_record().bind()


@pytest.fixture
def satellite(shared_data: Path) -> Path:
    return shared_data / "04_rpc_satellite"


@pytest.mark.parametrize(("folder", "name"), TAGGED)
def test_positions_of_ground_points_are_those_of_the_reference(
    satellite: Path, folder: str, name: str
) -> None:
    model = record_of_raster(satellite / folder / name).bind()
    images = truth(satellite / folder / "reference")["images"]
    points = next(each for each in images if each["image"] == name)["inverse_ground_to_image"]
    lon, lat, height, col, row = columns(points, "lon", "lat", "h", "col", "row")
    got = model.ground_to_image(lon, lat, height)
    assert np.abs(np.subtract(got, (col, row))).max() < 1e-3
    # The reference rounds to ten digits: what remains is the rounding.
    assert np.abs(np.subtract(got, (col, row))).max() < 2e-5


@pytest.mark.parametrize(("folder", "name"), TAGGED)
def test_ground_of_positions_is_that_of_the_reference(
    satellite: Path, folder: str, name: str
) -> None:
    model = record_of_raster(satellite / folder / name).bind()
    images = truth(satellite / folder / "reference")["images"]
    points = next(each for each in images if each["image"] == name)["direct_constant_height"]
    lon, lat, height, col, row = columns(points, "lon", "lat", "h", "col", "row")
    got = model.image_to_ground(col, row, height)
    assert np.abs(np.subtract(got, (lon, lat))).max() < 1e-8
    again = model.ground_to_image(*got, height)
    assert np.abs(np.subtract(again, (col, row))).max() < 1e-7


def test_cells_of_a_surface_model_are_seen_in_both_images(satellite: Path) -> None:
    folder = satellite / "s2p_pair_reunion"
    points = truth(folder / "reference")["dsm_points_to_images"]["points"]
    ground = columns(points, "lon", "lat", "h")
    for name in ("img_01.tif", "img_02.tif"):
        want = np.array([point["image"][name] for point in points]).T + 0.5
        got = record_of_raster(folder / name).bind().ground_to_image(*ground)
        assert np.abs(got - want).max() < 1e-3


@pytest.mark.parametrize(("folder", "name"), TAGGED)
def test_positions_are_those_of_gdals_transformer(satellite: Path, folder: str, name: str) -> None:
    path = satellite / folder / name
    record = record_of_raster(path)
    lon, lat, height = ground_within(record, 200)
    with rasterio.open(path) as dataset, RPCTransformer(dataset.rpcs) as gdal:
        rows, cols = gdal.rowcol(lon.tolist(), lat.tolist(), zs=height.tolist(), op=_as_it_is)
    got = record.bind().ground_to_image(lon, lat, height)
    assert np.abs(np.subtract(got, (cols, rows))).max() < 1e-6


@pytest.mark.parametrize(("folder", "name"), TAGGED)
def test_ground_is_that_of_gdals_transformer(satellite: Path, folder: str, name: str) -> None:
    path = satellite / folder / name
    record = record_of_raster(path)
    with rasterio.open(path) as dataset:
        random = np.random.default_rng(3)
        cols = random.uniform(0, dataset.width, 200)
        rows = random.uniform(0, dataset.height, 200)
        height = random.uniform(*record.bind().height_range, 200)
        with RPCTransformer(dataset.rpcs, RPC_PIXEL_ERROR_THRESHOLD=1e-6) as gdal:
            lon, lat = gdal.xy(rows.tolist(), cols.tolist(), zs=height.tolist(), offset="ul")
    got = record.bind().image_to_ground(cols, rows, height)
    assert np.abs(np.subtract(got, (lon, lat))).max() < 1e-10


def _as_it_is(value: Any) -> Any:
    return value


@given(
    share=st.tuples(*([st.floats(-1.2, 1.2)] * 3)),
    correction=st.tuples(st.floats(-50, 50), st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3)),
    shift=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
)
def test_ground_to_image_and_back_ends_at_the_start(
    share: tuple[float, ...], correction: tuple[float, ...], shift: tuple[float, float]
) -> None:
    move, stretch, skew = correction
    record = made_record(
        correction=(move, 1 + stretch, skew, -move, -skew, 1 - stretch), shift_px=shift
    )
    model = record.bind()
    lon = np.array([record.longitude_offset_deg + share[0] * record.longitude_scale_deg])
    lat = np.array([record.latitude_offset_deg + share[1] * record.latitude_scale_deg])
    height = np.array([record.height_offset_m + share[2] * record.height_scale_m])
    image = model.ground_to_image(lon, lat, height)
    assert np.abs(image - by_formula(record, lon, lat, height)).max() < 1e-8
    again = model.ground_to_image(*model.image_to_ground(*image, height), height)
    assert np.abs(np.subtract(image, again)).max() < 1e-6


@pytest.mark.parametrize("center", [179.99, -179.99, 180.0, -180.0])
@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_a_scene_over_the_antimeridian_is_one_scene(center: float, turn: float) -> None:
    record = made_record(longitude_offset_deg=center)
    model = record.bind()
    lon, lat, height = ground_within(record, 50)
    want = model.ground_to_image(lon, lat, height)
    wrapped = (lon + 180.0) % 360.0 - 180.0
    for other in (lon + turn, wrapped):
        assert np.abs(np.subtract(model.ground_to_image(other, lat, height), want)).max() < 1e-6
    # Back it stays in one piece: a footprint must not jump around the world.
    assert np.abs(model.image_to_ground(*want, height)[0] - lon).max() < 1e-9


def test_a_negative_scale_is_as_good_as_a_positive_one() -> None:
    record = made_record()
    signs = (1, 1, -1, 1, -1, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1)
    lists = ("row_numerator", "row_denominator", "col_numerator", "col_denominator")
    turned = {
        name: tuple(a * b for a, b in zip(getattr(record, name), signs, strict=True))
        for name in lists
    }
    flipped = made_record(latitude_scale_deg=-record.latitude_scale_deg, **turned)
    ground = ground_within(record, 30)
    got, want = flipped.bind().ground_to_image(*ground), MODEL.ground_to_image(*ground)
    assert np.abs(np.subtract(got, want)).max() < 1e-9


def test_denominators_may_both_be_negative() -> None:
    record = made_record()
    negative = made_record(
        row_numerator=tuple(-value for value in record.row_numerator),
        row_denominator=tuple(-value for value in record.row_denominator),
    )
    ground = ground_within(record, 10)
    assert (
        np.equal(negative.bind().ground_to_image(*ground), MODEL.ground_to_image(*ground))
    ).all()


def test_a_model_tells_its_ground_its_datum_and_its_heights() -> None:
    assert MODEL.ground_crs == "EPSG:4326"
    assert MODEL.vertical_datum == "ellipsoid"
    assert MODEL.height_range == (190.0, 1960.0)
    assert made_record(height_scale_m=-885.0).bind().height_range == (190.0, 1960.0)
    assert made_record(vertical_datum="egm96").bind().vertical_datum == "egm96"


def test_rpc00a_is_put_into_the_order_of_rpc00b() -> None:
    x, y, z = 0.31, -0.57, 0.83
    terms_a = [
        *(1, x, y, z, x * y, x * z, y * z, x * y * z, x * x, y * y, z * z, x**3),
        *(x * x * y, x * x * z, x * y * y, y**3, y * y * z, x * z * z, y * z * z, z**3),
    ]
    coefficients = np.random.default_rng(1).normal(size=20)
    terms_b = [
        *(1, x, y, z, x * y, x * z, y * z, x * x, y * y, z * z, x * y * z, x**3),
        *(x * y * y, x * z * z, x * x * y, y**3, y * z * z, x * x * z, y * y * z, z**3),
    ]
    ordered = rpc00b_order(coefficients.tolist())
    assert math.isclose(np.dot(ordered, terms_b), np.dot(coefficients, terms_a), rel_tol=1e-12)


REFUSED = [
    ("row_scale_px", 0.0, "other than zero"),
    ("longitude_scale_deg", 0.0, "other than zero"),
    ("height_offset_m", math.nan, "finite"),
    ("col_offset_px", math.inf, "finite"),
    ("error_bias_m", math.nan, "finite"),
    ("latitude_offset_deg", 91.0, "-90 to 90"),
    ("longitude_offset_deg", 400.0, "-360 to 360"),
    ("row_numerator", (1.0,) * 19, "20 numbers"),
    ("col_numerator", (1.0,) * 21, "20 numbers"),
    ("col_numerator", (0.0,) * 20, "not all zero"),
    ("row_denominator", (0.0, *((1.0,) * 19)), "first coefficient"),
    ("col_denominator", (1.0, math.nan, *((0.0,) * 18)), "finite"),
    ("correction", (0.0, 1.0, 0.0, 0.0, 1.0, 0.0), "determinant"),
    ("correction", (0.0, 1.0), "6 numbers"),
    ("shift_px", (0.0,), "2 numbers"),
    ("vertical_datum", " ", "ellipsoid"),
]


@pytest.mark.parametrize(("name", "value", "accepted"), REFUSED)
def test_what_cannot_be_is_refused_by_name(name: str, value: Any, accepted: str) -> None:
    with pytest.raises(InvalidParameter, match=accepted) as caught:
        made_record(**{name: value}).bind()
    assert f"'{name}'" in str(caught.value)


def test_a_record_survives_json_and_refuses_unknown_fields() -> None:
    record = made_record(shift_px=(1.5, -2.0), error_bias_m=3.0)
    text = msgspec.json.encode(record)
    assert msgspec.json.decode(text, type=RpcRecord) == record
    assert msgspec.json.decode(text)["process"] == "RPC"
    plain = msgspec.to_builtins(record)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert(plain | {"mistake": 1}, type=RpcRecord)
