"""Pictures of seamlines: a golden one of how each type of edge fades, and those of no seamlines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from PIL import Image, ImageChops

from config.definition import MosaicMethod
from engine.build.build_options import BuildOptions
from engine.build.seamline_rows import Seamline
from engine.build.seamlines.make import make_seamlines
from engine.build.seamlines.options import SeamlineOptions, SeamMethod
from engine.build.seamlines.picture import draw_seamlines
from engine.errors import ConfigError
from engine.extent import Extent
from engine.read_view import read_view
from engine.request_parts import MosaicRule, View
from engine.service import open_service
from tests.engine.mosaics import compile_mosaic
from tests.synthetic import UTM33, place, write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.build.definition_folder import DefinitionFolder

    Check = Callable[[str, Image.Image], None]

_GOLDEN = Path(__file__).resolve().parents[3] / "golden"
_NONE = BuildOptions(overviews="none", statistics=False)


@pytest.fixture
def looks_like(request: pytest.FixtureRequest) -> Check:
    """A function that compares a picture with a golden one, of 64 colours."""

    def check(name: str, picture: Image.Image) -> None:
        few = picture.convert("RGB").quantize(64, dither=Image.Dither.NONE)
        if request.config.getoption("--regenerate-golden"):
            few.save(_GOLDEN / name, optimize=True)
        with Image.open(_GOLDEN / name) as golden:
            assert golden.size == few.size
            apart = ImageChops.difference(golden.convert("RGB"), few.convert("RGB"))
        difference = np.asarray(apart).max(axis=2)
        assert (difference > 60).mean() < 0.01
        assert difference.mean() < 3

    return check


def test_each_type_of_edge_looks_like_its_golden_picture(tmp_path: Path, looks_like: Check) -> None:
    """Dark on the west and bright on the east, both from column 40 to 80; from above: hard, both, …"""
    scenes = [
        write_geotiff(tmp_path / f"s{n}.tif", np.full((3, 60, 80), 60 + 120 * n, "uint8"), at)
        for n, at in enumerate((place(0, 0), place(400, 0)))
    ]
    x, y = 500_000.0, 5_000_000.0
    line = [(x + 560, y + 10), (x + 560, y - 250), (x + 660, y - 400), (x + 600, y - 610)]
    west = shapely.Polygon([*line, (x - 10, y - 610), (x - 10, y + 10)])
    east = shapely.Polygon([*line, (x + 1210, y - 610), (x + 1210, y + 10)])
    box = Extent(x, y - 600, x + 1200, y)
    whole = Image.new("RGB", (120, 4 * 64 - 4), "white")
    for number, (width, side) in enumerate(
        ((0.0, "both"), (20.0, "both"), (20.0, "inside"), (20.0, "outside"))
    ):
        lines = {
            fid: Seamline(bytes(shapely.to_wkb(shape)), width, side)
            for fid, shape in ((1, west), (2, east))
        }
        out = tmp_path / f"m{number}.zmd"
        compile_mosaic(scenes, out, UTM33, seamlines=lines)
        service = open_service(str(out))
        view = View(extent=box, width=120, height=60)
        block = read_view(service, view, MosaicRule(method=MosaicMethod.SEAMLINE))
        service.close()
        assert block.valid_any().all()
        strip = np.ascontiguousarray(np.moveaxis(block.data, 0, 2))
        whole.paste(Image.fromarray(strip), (0, 64 * number))
    looks_like("seamline_edges.png", whole)


def test_a_picture_of_no_seamlines_is_refused(folder: DefinitionFolder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no seamlines"):
        draw_seamlines(folder, tmp_path / "x.png")
    make_seamlines(folder, SeamlineOptions(method=SeamMethod.VORONOI))
    with pytest.raises(ConfigError, match="cannot be written"):
        draw_seamlines(folder, tmp_path / "missing" / "x.png")
