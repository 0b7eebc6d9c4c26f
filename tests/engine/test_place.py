"""Positions between maps and image spaces, on small scenes and against the kit's reference values."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.answer import answer
from engine.budget import UNLIMITED
from engine.errors import Cancelled, InvalidParameter, ItemNotFound
from engine.geometry.terrain_definition import ConstantHeight, RasterTerrain
from engine.place import convert, pack_points, unpack_points
from engine.request import PlaceRequest
from raster_types.adding.item_options import parse_item_options
from tests.engine.image_pairs import COLS, ROWS, moved, pair_service, points
from tests.engine.sensor_scenes import over, sensor_service, write_image, write_terrain
from tests.engine.test_frame_ortho import _ids as ids_by_name
from tests.engine.test_frame_ortho import _service as frame_service

if TYPE_CHECKING:
    from pathlib import Path

    from engine.geometry.terrain_definition import TerrainDefinition
    from engine.service import ImageService

LONLAT = "EPSG:4326"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ImageService:
    return pair_service(tmp_path_factory.mktemp("pair"))


def _centres(count: int = 1200) -> np.ndarray:
    """Positions all over the image, in image space; more than are followed at once."""
    random = np.random.default_rng(7)
    return np.stack(
        [random.uniform(0, COLS - 1, count), -random.uniform(0, ROWS - 1, count)], axis=1
    )


def test_image_to_map_and_back_is_the_same_pixel(pair: ImageService) -> None:
    image = _centres()
    ground = moved(pair, image, from_crs="ICS:1", to_crs="EPSG:3857")
    back = moved(pair, ground[:, :2], from_crs="EPSG:3857", to_crs="ICS:1")
    assert np.abs(back[:, :2] - image).max() < 1e-5
    assert np.abs(back[:, 2] - ground[:, 2]).max() < 1e-5


def test_one_image_shows_the_ground_of_another(pair: ImageService) -> None:
    image = _centres(50)
    other = moved(pair, image, from_crs="ICS:1", to_crs="ICS:2")
    ground = moved(pair, image, from_crs="ICS:1", to_crs=LONLAT)
    assert np.allclose(other, moved(pair, ground, from_crs=LONLAT, to_crs="ICS:2"), atol=1e-6)
    assert np.abs(other[:, :2] - image).max() > 5


def test_what_an_image_does_not_show_is_nowhere_when_only_visible_ground_counts(
    pair: ImageService,
) -> None:
    image = np.array([[10.0, -10.0], [-3.0, -10.0], [10.0, -ROWS - 2.0]])
    ground = moved(pair, image, from_crs="ICS:1", to_crs="")[:, :2]
    seen = moved(pair, ground, to_crs="ICS:1", visible_only=True)
    assert np.isfinite(seen[:, 0]).tolist() == [True, False, False]
    everything = moved(pair, ground, to_crs="ICS:1")
    assert np.allclose(everything[:, :2], image, atol=1e-5)


def test_a_depth_offset_moves_the_ground_along_the_line_of_sight(pair: ImageService) -> None:
    image = _centres(20)
    ground = moved(pair, image, from_crs="ICS:1")
    nearer = moved(pair, image, from_crs="ICS:1", depth_offset_m=30.0)
    step = nearer - ground
    assert np.linalg.norm(step, axis=1) == pytest.approx(np.full(20, 30.0), rel=2e-3)
    assert (step[:, 2] > 20).all()
    # It is still seen in the same pixels.
    assert np.allclose(moved(pair, nearer, to_crs="ICS:1")[:, :2], image, atol=1e-4)


def test_lines_that_miss_the_terrain_end_at_the_height_of_the_others_if_asked(
    tmp_path: Path,
) -> None:
    # Terrain under the western half alone.
    terrain = over(write_terrain(tmp_path / "west.tif", west=493_000.0))
    service = sensor_service(tmp_path, [write_image(tmp_path / "a.tif")], terrain)
    far = np.array([[100.0, -100.0], [390.0, -100.0]])
    assert np.isfinite(moved(service, far, from_crs="ICS:1")[:, 0]).tolist() == [True, False]
    filled = moved(service, far, from_crs="ICS:1", fill_missing=True)
    assert np.isfinite(filled).all()
    assert filled[0, 2] == filled[1, 2]


def test_positions_between_maps_go_by_the_projection(pair: ImageService) -> None:
    found = moved(pair, np.array([[3.0, 45.0], [3.0, 500.0]]), from_crs=LONLAT)
    assert found[0, :2] == pytest.approx([500000.0, 4982950.4], abs=0.1)
    assert np.isnan(found[1, 0])
    assert moved(pair, np.array([[1.0, 2.0, 3.0]]))[0].tolist() == [1.0, 2.0, 3.0]


def test_positions_travel_unharmed() -> None:
    given = points((1.5, -2.5), (np.inf, 0.0, 7.0))
    back = unpack_points(pack_points(given))
    assert back.x[0] == 1.5
    assert np.isnan([back.z[0], back.x[1]]).all()
    assert unpack_points(b"").x.size == 0
    with pytest.raises(InvalidParameter, match="23 bytes"):
        unpack_points(bytes(23))


@pytest.mark.parametrize(
    ("crs", "error"),
    [("ICS:99", ItemNotFound), ("EPSG:999999", InvalidParameter), ("ICS:x", InvalidParameter)],
)
def test_a_system_that_is_none_is_named(crs: str, error: type, pair: ImageService) -> None:
    for request in (
        PlaceRequest(positions=bytes(24), from_crs=crs),
        PlaceRequest(positions=bytes(24), to_crs=crs),
    ):
        with pytest.raises(error):
            answer(pair, request, UNLIMITED)


class _Gone:
    """A caller who leaves after the first part."""

    calls = 0

    def check(self) -> None:
        self.calls += 1
        if self.calls > 1:
            raise Cancelled

    def remaining_s(self) -> float:
        return 1.0


def test_nobody_is_followed_when_nobody_waits(pair: ImageService) -> None:
    positions = np.zeros((2000, 3)).astype("<f8").tobytes()
    gone = _Gone()
    with pytest.raises(Cancelled):
        answer(pair, PlaceRequest(positions=positions, to_crs="ICS:1"), gone)
    assert gone.calls == 2


# The kit's reference values: whole numbers at pixel centres, as in image space.


def _rpc_service(
    folder: Path, image: Path, terrain: TerrainDefinition | None = None
) -> ImageService:
    copied = folder / "images"
    copied.mkdir()
    for file in image.parent.glob(f"{image.stem}.*"):
        shutil.copyfile(file, copied / file.name)
    return sensor_service(folder, [copied], terrain or ConstantHeight(height_m=0.0), "EPSG:3857")


def _check_inverse(service: ImageService, rows: list[dict[str, float]]) -> None:
    given = np.array([[row["lon"], row["lat"], row["h"]] for row in rows])
    known = np.array([[row["col"], -row["row"]] for row in rows])
    found = moved(service, given, from_crs=LONLAT, to_crs="ICS:1")
    assert np.abs(found[:, :2] - known).max() < 1e-3
    back = moved(service, found, from_crs="ICS:1", to_crs=LONLAT)
    assert np.abs(back[:, :2] - given[:, :2]).max() < 2e-8


@pytest.mark.parametrize(
    ("folder", "image", "key"),
    [
        ("phr_ventoux", "left_image.tif", "inverse"),
        ("phr_ventoux", "right_image.tif", "inverse"),
        ("qb2_baviaans", "qb2_basic1b.tif", "inverse_ground_to_image"),
        ("s2p_pair_reunion", "img_01.tif", "inverse_ground_to_image"),
        ("s2p_pair_reunion", "img_02.tif", "inverse_ground_to_image"),
    ],
)
def test_satellite_images_agree_with_the_reference_values(
    folder: str, image: str, key: str, shared_data: Path, tmp_path: Path
) -> None:
    kit = shared_data / "04_rpc_satellite" / folder
    truth = json.loads((kit / "reference" / "truth.json").read_text())
    images = truth["computed" if "computed" in truth else "images"]
    (rows,) = (entry[key] for entry in images if entry["image"] == image)
    _check_inverse(_rpc_service(tmp_path, kit / image), rows)


def test_a_pleiades_pixel_lies_where_cnes_has_it(shared_data: Path, tmp_path: Path) -> None:
    kit = shared_data / "04_rpc_satellite" / "phr_ventoux"
    terrain = RasterTerrain(
        path=str(kit / "dem" / "N44E005.hgt"), vertical_datum=str(kit / "dem" / "egm96_15.gtx")
    )
    service = _rpc_service(tmp_path, kit / "left_image.tif", terrain)
    first = json.loads((kit / "reference" / "truth.json").read_text())["published"]["cases"][0]
    found = moved(service, np.array([[0.0, 0.0]]), from_crs="ICS:1", to_crs=LONLAT)[0]
    # CNES follows a chord of the line of sight: 3 mm (tests/engine/geometry/test_sight_line.py).
    assert found[:2] == pytest.approx([first["lon"], first["lat"]], abs=4 * first["tol_deg"])
    assert found[2] == pytest.approx(first["h"], abs=0.01)


def test_frames_agree_with_the_reference_values(shared_data: Path, tmp_path: Path) -> None:
    kit = shared_data / "05_frame_camera" / "ngi"
    truth = json.loads((kit / "reference" / "truth.json").read_text())
    options = parse_item_options(dem=str(kit / "dem.tif"), exterior=kit / "ngi_xyz_opk.csv")
    service = frame_service(tmp_path, kit, options)
    for frame in truth["frames"]:
        number = ids_by_name(service)[frame["image"].removesuffix(".tif")]
        rows = frame["pixel_at_z_to_world"]
        image = np.array([[row["col"], -row["row"], row["z"]] for row in rows])
        world = np.array([[row["x"], row["y"]] for row in rows])
        found = moved(service, image, from_crs=f"ICS:{number}")
        assert np.abs(found[:, :2] - world).max() < 1e-3
        on_map = np.column_stack([world, image[:, 2]])
        back = moved(service, on_map, to_crs=f"ICS:{number}")
        assert np.abs(back[:, :2] - image[:, :2]).max() < 1e-3


def test_a_few_points_are_converted_at_once(pair: ImageService) -> None:
    found = convert(pair, points((0.0, 0.0)), "ICS:1", "ICS:1")
    assert (found.x[0], found.y[0]) == (0.0, 0.0)
