"""Overviews follow seamlines under the mosaic method Seamline, and only then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import rasterio

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.seamlines.make import make_seamlines
from engine.build.seamlines.options import SeamlineOptions, SeamMethod

if TYPE_CHECKING:
    from engine.build.definition_folder import DefinitionFolder

ALL = BuildOptions(overviews="all", statistics=False)
VORONOI = SeamlineOptions(method=SeamMethod.VORONOI)


def _pixels(folder: DefinitionFolder) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    (path,) = folder.overviews.glob("*.tif")
    with rasterio.open(path) as dataset:
        return np.asarray(dataset.read())


def test_they_are_made_again_where_seamlines_changed(folder: DefinitionFolder) -> None:
    folder.toml.write_text('[service]\nmosaic_method = "Seamline"\n', encoding="utf-8")
    assert build_definition(folder, ALL).overviews == 1
    without = _pixels(folder)
    make_seamlines(folder, VORONOI)
    assert build_definition(folder, ALL).overviews == 1
    straight = _pixels(folder)
    assert (straight != without).any()
    assert build_definition(folder, ALL).overviews == 0
    # The same shapes with another width.
    make_seamlines(folder, replace(VORONOI, blend_width=0.0))
    assert build_definition(folder, ALL).overviews == 1
    assert (_pixels(folder) != straight).any()


def test_they_stay_where_the_mosaic_does_not_ask_for_seamlines(folder: DefinitionFolder) -> None:
    assert build_definition(folder, ALL).overviews == 1
    make_seamlines(folder, VORONOI)
    assert build_definition(folder, ALL).overviews == 0
