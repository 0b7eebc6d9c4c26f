"""GDAL's programs open the service as tiles, by nothing but its address."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import RunningServer


def _run(*command: str | Path) -> str:
    # The engine sets GDAL's options in this process (drivers left out, among them); a client has its own.
    own = {key: value for key, value in os.environ.items() if not key.startswith(("GDAL_", "CPL_"))}
    environment = {**own, "GDAL_DEFAULT_WMS_CACHE_PATH": "", "GDAL_ENABLE_WMS_CACHE": "NO"}
    result = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_gdalinfo_reads_the_tile_scheme_of_the_root(
    server: RunningServer, require_program: Callable[[str], Path]
) -> None:
    address = f"{server.rest(server.mosaic)}?f=json&pretty=true"
    info = json.loads(_run(require_program("gdalinfo"), "-json", address))
    assert info["driverShortName"] == "WMS"
    assert "3857" in json.dumps(info["coordinateSystem"]) or "Pseudo" in json.dumps(info)
    assert len(info["bands"]) >= 3
    assert info["bands"][0]["overviews"]


def test_gdal_translate_cuts_a_picture_out_of_the_service(
    server: RunningServer, require_program: Callable[[str], Path], tmp_path: Path
) -> None:
    address = f"{server.rest(server.mosaic)}?f=json&pretty=true"
    picture = tmp_path / "africa.png"
    _run(
        *(require_program("gdal_translate"), "-q", "-of", "PNG", "-outsize", "256", "256"),
        *("-projwin", "0", "2000000", "4000000", "-2000000", address, picture),
    )
    pixels = np.asarray(Image.open(picture).convert("RGB"), dtype=np.float64)
    assert pixels.shape == (256, 256, 3)
    assert pixels.std() > 15
    # The middle of Africa is forest: green above blue.
    assert pixels[118:138, 118:138, 1].mean() > pixels[118:138, 118:138, 2].mean()


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
    _run(
        require_program("gdal_translate"), "-q", "-of", "PNG", "-outsize", "256", "256",
        description, picture,
    )  # fmt: skip
    alpha = np.asarray(Image.open(picture))[..., 3]
    assert 0.03 < (alpha > 0).mean() < 0.5
