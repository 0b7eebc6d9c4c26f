"""Which files beside an image say how its camera stood: from a dict of names and texts, without files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import msgspec
import pytest

from engine.errors import InvalidParameter
from raster_types.sensor_files.frame_files import FrameOrientation, find_orientation

TABLE = "image,x,y,z,omega,phi,kappa\nframe_1,10,20,300,1,2,3\n"
YAML = "C1:\n  type: pinhole\n  im_size: [40, 30]\n  focal_len: 1\n"
CAMERAS = "CameraID,FocalLength,PixelSize,NColumns,NRows\nE1,120000,10,40,30\n"
GEOJSON = msgspec.json.encode(
    {
        "world_crs": "EPSG:32633",
        "features": [
            {"properties": {"filename": "frame_1", "xyz": [11, 20, 300], "opk": [0, 0, 0]}}
        ],
    }
).decode()
OPENSFM = msgspec.json.encode(
    [
        {
            "cameras": {
                "v2": {"projection_type": "perspective", "width": 40, "height": 30, "focal": 1.0}
            },
            "shots": {
                "frame_1.tif": {"rotation": [0, 0, 0], "translation": [0, 0, 0], "camera": "v2"}
            },
            "reference_lla": {"latitude": 45, "longitude": 3},
        }
    ]
).decode()


@dataclass(frozen=True)
class _Folder:
    """A product of one image among texts."""

    texts: dict[str, str]
    main: str = "/images/frame_1.tif"

    def text(self, path: str, _limit: int = 0) -> str:
        return self.texts[PurePath(path).name]

    def beside(self, path: str) -> list[str]:
        return [str(PurePath(path).parent / name) for name in sorted(self.texts)]


def _find(texts: dict[str, str], exterior: str = "", interior: str = "") -> FrameOrientation:
    return find_orientation(_Folder(texts), exterior, interior)  # type: ignore[arg-type]  # -- stands in


def test_a_table_and_cameras_are_found_among_other_files() -> None:
    texts = {
        "a.csv": "date,remark\n2020,none\n",
        "camera.csv": CAMERAS,
        "notes.txt": "nothing here",
        "z.csv": TABLE,
    }
    found = _find(texts)
    assert (found.exterior.x, found.path) == (10.0, "/images/z.csv")
    assert list(found.interiors) == ["E1"]
    assert not found.is_local


def test_geojson_goes_before_a_table() -> None:
    found = _find({"a.csv": TABLE, "b.geojson": GEOJSON, "c.yaml": YAML})
    assert (found.exterior.x, found.exterior.crs) == (11.0, "EPSG:32633")


def test_a_reconstruction_is_both() -> None:
    found = _find({"reconstruction.json": OPENSFM})
    assert found.exterior.camera == "v2"
    assert "v2" in found.interiors
    assert found.is_local


def test_files_that_are_named_go_before_those_beside() -> None:
    texts = {"a.csv": TABLE, "b.yaml": YAML, "c.txt": TABLE.replace("10,", "12,"), "d.csv": CAMERAS}
    found = _find(texts, "/images/c.txt", "/images/d.csv")
    assert found.exterior.x == 12.0
    assert list(found.interiors) == ["E1"]


def test_an_image_that_no_table_names_is_told_where_was_looked() -> None:
    with pytest.raises(InvalidParameter, match=r"frame_1.tif.*not in a.csv"):
        _find({"a.csv": TABLE.replace("frame_1", "frame_2"), "b.yaml": YAML})
    with pytest.raises(InvalidParameter, match="no table of orientations beside it"):
        _find({"b.yaml": YAML})


def test_an_image_without_cameras_is_told_of_the_option() -> None:
    with pytest.raises(InvalidParameter, match="--interior"):
        _find({"a.csv": TABLE})


def test_a_named_file_that_is_none_is_an_error_of_its_own() -> None:
    texts = {"a.csv": TABLE, "b.yaml": YAML, "bad.csv": "image,x,y,z\nframe_1,a,b,c\n"}
    with pytest.raises(InvalidParameter, match="x of frame_1"):
        _find(texts, exterior="/images/bad.csv")
    with pytest.raises(InvalidParameter, match="interior file"):
        _find(texts | {"bad.yaml": "- 1"}, interior="/images/bad.yaml")
