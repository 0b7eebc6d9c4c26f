"""Tables of exterior orientations in many flavours, and broken ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidParameter
from engine.geotransforms.camera_orientation import OmegaPhiKappa, RollPitchYaw
from raster_types.sensor_files.exterior_table import read_exterior_table

OPK = OmegaPhiKappa(omega_deg=1.0, phi_deg=-2.0, kappa_deg=3.0)

FLAVOURS = {
    "commas": "filename,x,y,z,omega,phi,kappa\na.tif,100,200,300,1,-2,3\n",
    "semicolons": "Image;X;Y;Z;Omega;Phi;Kappa\na.tif;100;200;300;1;-2;3\n",
    "tabs": "Label\tEasting\tNorthing\tAltitude\tOmega\tPhi\tKappa\na.tif\t100\t200\t300\t1\t-2\t3",
    "units": "name, X [m], Y [m], Z [m], Omega (deg), Phi (deg), Kappa (deg)\na.tif,100,200,300,1,-2,3",
    "bare": "a.tif 100 200 300 1 -2 3",
    "bare commas": "a.tif,100,200,300,1,-2,3\n",
    "comments": "# made by hand\na.tif 100 200 300 1 -2 3\n\n",
    "quotes and a mark": '\ufeff"filename","x","y","z","omega","phi","kappa"\n"a.tif","100","200","300","1","-2","3"\n',
    "esri": "OBJECTID,CameraID,Raster,PerspectiveX,PerspectiveY,PerspectiveZ,Omega,Phi,Kappa,SRS\n"
    "1,,a.tif,100,200,300,1,-2,3,\n",
    "other order": "kappa,phi,omega,z,y,x,filename\n3,-2,1,300,200,100,a.tif\n",
    "windows": "filename,x,y,z,omega,phi,kappa\r\na.tif,100,200,300,1,-2,3\r\n",
}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_all_flavours_say_the_same(flavour: str) -> None:
    (got,) = read_exterior_table(FLAVOURS[flavour])
    assert (got.image, got.camera, got.crs) == ("a.tif", "", "")
    assert (got.x, got.y, got.z_m) == (100.0, 200.0, 300.0)
    assert got.orientation == OPK


def test_degrees_are_said_to_be_degrees() -> None:
    text = "filename,latitude,longitude,altitude,roll,pitch,yaw,camera\na,-33,24,90,1,2,3,dji\n"
    (got,) = read_exterior_table(text)
    assert (got.x, got.y, got.crs, got.camera) == (24.0, -33.0, "EPSG:4326", "dji")
    assert got.orientation == RollPitchYaw(roll_deg=1.0, pitch_deg=2.0, yaw_deg=3.0)


def test_grid_coordinates_are_taken_where_a_table_has_both() -> None:
    text = (
        "id,easting,northing,ellipsoid height,omega,phi,kappa,lat,long\na,100,200,300,1,-2,3,9,8\n"
    )
    (got,) = read_exterior_table(text)
    assert (got.x, got.y, got.z_m, got.crs) == (100.0, 200.0, 300.0, "")


def test_a_matrix_may_have_nine_columns() -> None:
    names = ",".join(f"r{i}{j}" for i in (1, 2, 3) for j in (1, 2, 3))
    (got,) = read_exterior_table(f"image,x,y,z,{names}\na,1,2,3,1,0,0,0,1,0,0,0,1\n")
    assert got.orientation.map_to_camera().diagonal().tolist() == [1, -1, -1]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "at least one row"),
        ("filename,x,y,z,omega,phi,kappa\n", "at least one row"),
        ("a.tif 100 200", "z of a.tif"),
        ("a.tif 100 200 north 1 2 3", "z of a.tif"),
        ("a.tif 100 200 nan 1 2 3", "z of a.tif"),
        ("filename,x,y,z,omega,phi\na,1,2,3,4,5\n", "kappa of a"),
        ("filename,x,y,z\na,1,2,3\n", "orientation of a"),
        ("filename,x,y,z,matrix\na,1,2,3,1 0 0\n", "orientation of a"),
        ("filename,x,y,z,omega,phi,kappa\n,1,2,3,4,5,6\n", "row 1"),
    ],
)
def test_what_is_missing_is_named(text: str, match: str) -> None:
    with pytest.raises(InvalidParameter, match=match):
        read_exterior_table(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_exterior_table(text)
    except InvalidParameter as err:
        assert "expected" in str(err)  # noqa: PT017 -- either outcome is right
