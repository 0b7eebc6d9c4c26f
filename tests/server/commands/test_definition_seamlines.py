"""`swath definition seamlines` as typed, on real aerial photographs with ragged edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from PIL import Image
from typer.testing import CliRunner

from engine.build.definition_folder import DefinitionFolder
from engine.build.seamline_rows import seamlines_by_item
from server.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def typed(*words: object) -> str:
    """Run a command that ends well, and return what it says."""
    result = CliRunner().invoke(app, ["definition", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: object) -> str:
    """Run a command that is refused, and return why."""
    result = CliRunner().invoke(app, ["definition", *map(str, words)])
    assert result.exit_code != 0
    return f"{result.output} {result.exception}"


@pytest.fixture
def definition(shared_data: Path, tmp_path: Path) -> Path:
    """A built definition of the four photographs."""
    source = shared_data / "03_aerial_mosaics" / "ngi_ortho"
    made = tmp_path / "ortho.isdef"
    typed("create", made)
    typed("add", made, *(source / f"ngi_rgb_byte_{number}.tif" for number in range(1, 5)))
    typed("build", made, "--overviews", "none")
    return made


def _shapes(definition: Path) -> dict[int, shapely.Geometry]:
    with DefinitionFolder(definition).table() as table:
        return {fid: shapely.from_wkb(each.wkb) for fid, each in seamlines_by_item(table).items()}


def _shared(one: shapely.Geometry, other: shapely.Geometry) -> float:
    return float(shapely.length(shapely.intersection(one.boundary, other.boundary)))


def test_all_of_it_as_typed(definition: Path, tmp_path: Path) -> None:
    said = typed("seamlines", definition, "--method", "voronoi")
    assert "4 seamlines made, 0 removed, 0 drawn or edited by hand kept." in said
    straight = _shapes(definition)
    picture = tmp_path / "seams.png"
    said = typed("seamlines", definition)
    # Every pair that meets along a line; the fifth pair meets in a point at most.
    assert "4 borders follow where neighbours look alike." in said
    assert 'set mosaic_method = "Seamline"' in said
    assert typed("seamlines", definition, "--picture", picture) == f"Picture: {picture}\n"
    follows = _shapes(definition)
    whole = shapely.union_all(list(straight.values())).area
    for shapes in (straight, follows):
        assert sum(each.area for each in shapes.values()) == pytest.approx(whole, rel=1e-6)
        assert shapely.union_all(list(shapes.values())).area == pytest.approx(whole, rel=1e-6)
    # Paths are longer than straight lines, but not wildly so.
    assert 1.0 < _shared(follows[1], follows[2]) / _shared(straight[1], straight[2]) < 3.0
    with Image.open(picture) as drawn:
        assert max(drawn.size) == 1200
        lines = (np.asarray(drawn) == (255, 235, 59)).all(axis=2)
    assert lines.sum() > 3000
    said = typed("seamlines", definition, "--remove")
    assert "0 seamlines made, 4 removed, 0 drawn or edited by hand kept." in said
    assert _shapes(definition) == {}
    assert "seamlines" in typed("history", definition)


def test_seamlines_of_one_definition_are_taken_by_another(definition: Path, tmp_path: Path) -> None:
    typed("seamlines", definition, "--method", "order", "--by", "Name", "--descending")
    before = _shapes(definition)
    kept = tmp_path / "kept.gpkg"
    kept.write_bytes(DefinitionFolder(definition).catalog.read_bytes())
    typed("seamlines", definition, "--method", "voronoi")
    said = typed("seamlines", definition, "--file", kept, "--layer", "seamlines")
    assert "4 seamlines made" in said
    after = _shapes(definition)
    assert {fid: shape.area for fid, shape in after.items()} == pytest.approx(
        {fid: shape.area for fid, shape in before.items()}
    )


def test_words_that_do_not_go_together_are_refused(definition: Path, tmp_path: Path) -> None:
    assert "--file" in refused("seamlines", definition, "--method", "import")
    file = tmp_path / "x.gpkg"
    why = refused("seamlines", definition, "--method", "voronoi", "--file", file)
    assert "belongs to --method import" in why
    why = refused("seamlines", definition, "--file", file, "--where", "OBJECTID = 1")
    assert "has no meaning with --method import" in why
    why = refused("seamlines", definition, "--remove", "--method", "order")
    assert "has no meaning with --remove" in why
    why = refused("seamlines", definition, "--picture", tmp_path / "x.png")
    assert "has no seamlines" in why
    why = refused("seamlines", definition, "--method", "order", "--by", "Moon")
    assert "is no field to order by" in why


def test_a_definition_that_is_not_built_is_refused(tmp_path: Path) -> None:
    made = tmp_path / "empty.isdef"
    typed("create", made)
    assert "is not built" in refused("seamlines", made)


def test_compile_tells_of_items_without_a_seamline(definition: Path, tmp_path: Path) -> None:
    toml = definition / "definition.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace('"NorthWest"', '"Seamline"'), encoding="utf-8")
    out = tmp_path / "ortho.zmd"
    assert "no item has a seamline" in typed("compile", definition, "-o", out)
    said = typed("seamlines", definition, "--method", "voronoi", "--where", "OBJECTID < 4")
    assert "which makes its overviews follow" in said
    assert "1 items have no seamline and only fill" in typed("compile", definition, "-o", out)
    typed("seamlines", definition, "--method", "voronoi")
    assert "seamline" not in typed("compile", definition, "-o", out)
