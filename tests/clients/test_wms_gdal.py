"""GDAL's programs open a service as WMS: by the address of its capabilities, and by a description."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.clients.gdal_programs import run_gdal
from tests.clients.services import TEMPLATED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.conftest import RunningServer
    from tests.clients.engine_pictures import EngineRoom

_SIZE = (320, 240)
_AFRICA = (1_500_000.0, -2_000_000.0, 3_500_000.0, -500_000.0)
_LONLAT = (16.0, -14.0, 24.0, -8.0)


@pytest.mark.drives("gdal", "WMS, by its capabilities")
@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_gdalinfo_lists_the_layer_of_the_capabilities(
    server: RunningServer, require_program: Callable[[str], Path], version: str
) -> None:
    address = f"{server.base}/arcgis/services/{TEMPLATED}/ImageServer/WMSServer"
    query = f"SERVICE=WMS&VERSION={version}&REQUEST=GetCapabilities"
    info = run_gdal(require_program("gdalinfo"), f"WMS:{address}?{query}")
    assert "SUBDATASET_1_DESC=Marble" in info
    found = re.search(r"SUBDATASET_1_NAME=(.*)", info)
    assert found is not None
    opened = json.loads(run_gdal(require_program("gdalinfo"), "-json", found[1]))
    assert opened["driverShortName"] == "WMS"
    assert len(opened["bands"]) >= 3


_CASES = [
    ("1.1.1", "SRS", "EPSG:3857", _AFRICA, "xyXY", {}),
    ("1.3.0", "CRS", "EPSG:3857", _AFRICA, "xyXY", {}),
    ("1.3.0", "CRS", "EPSG:4326", _LONLAT, "yxYX", {"bboxSR": "4326", "imageSR": "4326"}),
    ("1.1.1", "SRS", "EPSG:4326", _LONLAT, "xyXY", {"bboxSR": "4326", "imageSR": "4326"}),
]


@pytest.mark.drives("gdal", "WMS, by a description")
@pytest.mark.parametrize(("version", "word", "crs", "box", "order", "more"), _CASES)
def test_gdal_translate_copies_what_the_engine_renders(
    server: RunningServer,
    engine: EngineRoom,
    require_program: Callable[[str], Path],
    tmp_path: Path,
    version: str,
    word: str,
    crs: str,
    box: tuple[float, ...],
    order: str,
    more: dict[str, str],
) -> None:
    description = tmp_path / "wms.xml"
    description.write_text(
        f"""<GDAL_WMS><Service name="WMS"><Version>{version}</Version>
        <ServerUrl>{server.base}/wms/{TEMPLATED}?</ServerUrl><{word}>{crs}</{word}>
        <ImageFormat>image/png</ImageFormat><Layers>marble</Layers><Styles></Styles>
        <BBoxOrder>{order}</BBoxOrder></Service>
        <DataWindow><UpperLeftX>{box[0]}</UpperLeftX><UpperLeftY>{box[3]}</UpperLeftY>
        <LowerRightX>{box[2]}</LowerRightX><LowerRightY>{box[1]}</LowerRightY>
        <SizeX>{_SIZE[0]}</SizeX><SizeY>{_SIZE[1]}</SizeY></DataWindow>
        <Projection>{crs}</Projection><BandsCount>3</BandsCount>
        <BlockSizeX>{_SIZE[0]}</BlockSizeX><BlockSizeY>{_SIZE[1]}</BlockSizeY></GDAL_WMS>""",
        encoding="utf-8",
    )
    picture = tmp_path / "map.png"
    run_gdal(require_program("gdal_translate"), "-q", "-of", "PNG", description, picture)
    wanted = engine.picture(TEMPLATED, box, _SIZE, **more)
    assert wanted.std() > 10
    assert np.array_equal(np.asarray(Image.open(picture).convert("RGB")), wanted)
