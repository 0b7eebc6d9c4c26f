"""Sensor files that are wrong in every way: their item fails with a message, the service stands.

Covers what raster_types.items.sensor_item and raster_types.rpc_image make of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from raster_types.base import ItemOptions
from tests.raster_types.products import GROUND, HEIGHT, RECORD, WIDTH, add, write_window
from tests.raster_types.sensor_files import rpc_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES: dict[str, str] = {
    "bad_RPC.TXT": rpc_files.rpc_text(RECORD),
    "bad.RPB": rpc_files.rpb(RECORD),
    "bad.geom": rpc_files.geom(RECORD),
    "rpc_bad.xml": rpc_files.dimap(RECORD),
    "bad.xml": rpc_files.digitalglobe_xml(RECORD),
}
_HEIGHT = re.compile(r"(height_?scale\D{0,4}?[ =:>]+)[\d.]+", re.IGNORECASE)


def _replaced(word: str) -> Callable[[str], str]:
    """Return what puts a word in the place of the height's scale."""

    def damage(text: str) -> str:
        changed = _HEIGHT.sub(lambda found: found[1] + word, text, count=1)
        assert changed != text
        return changed

    return damage


def _fewer(text: str) -> str:
    """Leave out a coefficient, in lists and where they are numbered."""
    changed = re.sub(
        r"(?im)^.*line_num_coeff_0?7: .*$|<LINE_NUM_COEFF_7>.*?</LINE_NUM_COEFF_7>", "", text
    )
    changed = re.sub(r"(lineNumCoef = \()\s*[-\d.e]+,", r"\1", changed)
    changed = re.sub(r"(<LINENUMCOEF>)[-\d.e]+ ", r"\1", changed)
    assert changed != text
    return changed


DAMAGES: dict[str, Callable[[str], str]] = {
    "a placeholder": _replaced("HEIGHT_SCALE"),
    "not a number": _replaced("nan"),
    "infinite": _replaced("inf"),
    "zero": _replaced("0"),
    "a coefficient less": _fewer,
    "cut off": lambda text: text[: len(text) * 2 // 3],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_bad_rpc_file_fails_its_item_alone(tmp_path: Path, name: str, damage: str) -> None:
    images = tmp_path / "images"
    images.mkdir()
    write_window(images / "bad.tif", (0, WIDTH, 0, HEIGHT))
    (images / name).write_text(DAMAGES[damage](FILES[name]), encoding="utf-8")
    write_window(images / "good.tif", (0, WIDTH, 0, HEIGHT))
    (images / "good_RPC.TXT").write_text(rpc_files.rpc_text(RECORD), encoding="utf-8")
    definition, report = add(tmp_path, "rpc", [images], ItemOptions(terrain=GROUND))
    ((path, why),) = report.failed
    assert path.endswith("bad.tif")
    assert why.startswith("Its sensor model cannot be used: ")
    assert "expected" in why or "well-formed" in why
    built = build_definition(definition, BuildOptions(overviews="none", statistics=False))
    assert built.built == 1
    with definition.table() as table:
        failed = {row.name: row.message for row in table.rows() if row.status.is_failed}
    assert failed == {"bad": why}


def test_an_undamaged_file_of_each_kind_makes_an_item(tmp_path: Path) -> None:
    for number, (name, text) in enumerate(FILES.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_window(folder / "bad.tif", (0, WIDTH, 0, HEIGHT))
        (folder / name).write_text(text, encoding="utf-8")
        _, report = add(folder, "rpc", [folder], ItemOptions())
        assert (report.added, report.failed) == (1, [])
