"""GDAL's programs open the service as tiles, by nothing but its address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.clients.engine_pictures import assert_alike
from tests.clients.gdal_programs import run_gdal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom


@pytest.mark.drives("gdal", "ImageServer as tiles, by its JSON")
def test_gdalinfo_reads_the_tile_scheme_of_the_root(
    server: RunningServer, require_program: Callable[[str], Path]
) -> None:
    address = f"{server.rest(server.mosaic)}?f=json&pretty=true"
    info = json.loads(run_gdal(require_program("gdalinfo"), "-json", address))
    assert info["driverShortName"] == "WMS"
    assert "3857" in json.dumps(info["coordinateSystem"]) or "Pseudo" in json.dumps(info)
    assert len(info["bands"]) >= 3
    assert info["bands"][0]["overviews"]


@pytest.mark.drives("gdal", "ImageServer as tiles, by its JSON")
def test_gdal_translate_cuts_a_picture_out_of_the_service(
    server: RunningServer, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    address = f"{server.rest(server.mosaic)}?f=json&pretty=true"
    picture = tmp_path / "africa.png"
    run_gdal(
        *(require_program("gdal_translate"), "-q", "-of", "PNG", "-outsize", "256", "256"),
        *("-projwin", "0", "2000000", "4000000", "-2000000", address, picture),
    )
    pixels = np.asarray(Image.open(picture).convert("RGB"), dtype=np.float64)
    assert pixels.shape == (256, 256, 3)
    assert pixels.std() > 15
    # The middle of Africa is forest: green above blue.
    assert pixels[118:138, 118:138, 1].mean() > pixels[118:138, 118:138, 2].mean()


@pytest.mark.drives("gdal", "XYZ tiles")
def test_gdal_reads_tiles_by_a_tms_description(
    server: RunningServer, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    half = 20037508.342789244
    description = tmp_path / "tiles.xml"
    description.write_text(
        f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{server.base}/tiles/{server.mosaic}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>
        <DataWindow><UpperLeftX>-{half}</UpperLeftX><UpperLeftY>{half}</UpperLeftY>
        <LowerRightX>{half}</LowerRightX><LowerRightY>-{half}</LowerRightY>
        <TileLevel>8</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>
        <Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount></GDAL_WMS>""",
        encoding="utf-8",
    )
    picture = tmp_path / "world.png"
    run_gdal(
        require_program("gdal_translate"), "-q", "-of", "PNG", "-outsize", "256", "256",
        description, picture,
    )  # fmt: skip
    alpha = np.asarray(Image.open(picture))[..., 3]
    assert 0.03 < (alpha > 0).mean() < 0.5


# GDAL asks map services for `export`; told an address with a question mark, it takes that.
@pytest.mark.parametrize("address", ["", "/exportImage?"])
@pytest.mark.drives("gdal", "ImageServer as an ArcGIS Server (AGS)")
def test_gdal_reads_pictures_of_an_arcgis_server(
    server: RunningServer,
    engine: EngineRoom,
    require_program: Callable[[str], Path],
    tmp_path: Path,
    address: str,
) -> None:
    box = (1_500_000.0, -2_000_000.0, 3_548_000.0, 48_000.0)
    description = tmp_path / "ags.xml"
    description.write_text(
        f"""<GDAL_WMS><Service name="AGS"><ServerUrl>{server.rest(server.mosaic)}{address}</ServerUrl>
        <BBoxOrder>xyXY</BBoxOrder><SRS>3857</SRS><ImageFormat>png</ImageFormat></Service>
        <DataWindow><UpperLeftX>{box[0]}</UpperLeftX><UpperLeftY>{box[3]}</UpperLeftY>
        <LowerRightX>{box[2]}</LowerRightX><LowerRightY>{box[1]}</LowerRightY>
        <SizeX>512</SizeX><SizeY>512</SizeY></DataWindow><Projection>EPSG:3857</Projection>
        <BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount></GDAL_WMS>""",
        encoding="utf-8",
    )
    picture = tmp_path / "africa.png"
    run_gdal(require_program("gdal_translate"), "-q", "-of", "PNG", description, picture)
    pixels = np.asarray(Image.open(picture).convert("RGBA"))
    assert (pixels[..., 3] == 255).all()
    assert_alike(pixels[..., :3], engine.picture(server.mosaic, box, (512, 512)), mean=0.5)
