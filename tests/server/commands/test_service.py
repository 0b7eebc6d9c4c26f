"""`swath publish` and `swath service`, as a person types them.

Covers server.commands.options and server.commands.publish too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from typer.testing import CliRunner

from config.layers import SettingsError
from engine.build.zmd_writer import ZmdExtras, write_zmd
from engine.errors import ConfigError, ImageServerError, InvalidParameter
from server.cli import app
from server.site.service_registry import ServiceRegistry
from tests.engine.catalogs import make_item, make_row, make_summary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def _swath(*arguments: object, said: str = "") -> str:
    ran = CliRunner().invoke(app, [str(argument) for argument in arguments], input=said)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == 0, ran.output
    return ran.output


def _compiled(path: Path, count: int) -> Path:
    rows = [make_row(make_item(key)) for key in range(1, count + 1)]
    write_zmd(path, make_summary(), rows, ZmdExtras())
    return path


def _raster(path: Path) -> Path:
    profile = {"driver": "GTiff", "width": 20, "height": 10, "count": 1, "dtype": "uint8"}
    place = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    with rasterio.open(path, "w", **profile, crs="EPSG:32633", transform=place) as file:
        file.write(np.arange(200, dtype=np.uint8).reshape(1, 10, 20))
    return path


def test_a_single_raster_is_published_without_a_definition(tmp_path: Path, data: Path) -> None:
    said = _swath("publish", _raster(tmp_path / "a.tif"), "--name", "f/a", "--data", data)
    assert said.startswith("Published f/a, version ")
    registry = ServiceRegistry(data)
    registry.poll()
    service = registry.get("f/a")
    assert service is not None
    assert service.summary.source_type == "raster"


def test_the_name_of_the_file_is_the_name_where_none_is_given(tmp_path: Path, data: Path) -> None:
    _swath("publish", _compiled(tmp_path / "scenes.zmd", 3), "--data", data)
    assert "scenes  started   shared  3 items, 1 × U8, EPSG:3857" in _swath(
        "service", "list", "--data", data
    )


def test_the_data_folder_may_come_from_the_environment(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_DATA", str(data))
    _swath("publish", _compiled(tmp_path / "a.zmd", 1))
    assert (data / "services" / "a" / "current").is_file()


def test_the_life_of_a_service(tmp_path: Path, data: Path) -> None:
    for count in (1, 2):
        _swath(
            "publish", _compiled(tmp_path / f"{count}.zmd", count), "--name", "a", "--data", data
        )
    assert "items        2" in _swath("service", "show", "a", "--data", data)
    assert "a now serves version" in _swath("service", "rollback", "a", "--data", data)
    shown = _swath("service", "show", "a", "--data", data)
    assert "items        1" in shown
    assert shown.count("(serves)") == 1
    _swath("service", "stop", "a", "--data", data)
    assert "a  stopped" in _swath("service", "list", "--data", data)
    _swath("service", "start", "a", "--data", data)
    _swath("service", "rename", "a", "b/c", "--data", data)
    assert "b/c  started" in _swath("service", "list", "--data", data)
    assert "Delete service b/c" in _swath("service", "delete", "b/c", "--data", data, said="y\n")
    assert "No services in" in _swath("service", "list", "--data", data)


def test_a_service_is_not_deleted_without_a_yes(tmp_path: Path, data: Path) -> None:
    _swath("publish", _compiled(tmp_path / "a.zmd", 1), "--data", data)
    ran = CliRunner().invoke(app, ["service", "delete", "a", "--data", str(data)], input="n\n")
    assert ran.exit_code == 1
    assert "a  started" in _swath("service", "list", "--data", data)


def test_a_broken_service_is_listed_as_such(tmp_path: Path, data: Path) -> None:
    _swath("publish", _compiled(tmp_path / "a.zmd", 1), "--data", data)
    (data / "services" / "a" / "current").write_text("nonsense", encoding="ascii")
    assert "a  broken    shared  'current' holds 'nonsense'" in _swath(
        "service", "list", "--data", data
    )
    assert "problem" in _swath("service", "show", "a", "--data", data)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("x.isdef", ConfigError, r"is a definition; compile it: swath definition compile"),
        ("none.tif", ConfigError, "there is no such file"),
        ("text.tif", ImageServerError, "recogni"),
    ],
)
def test_what_cannot_be_published_says_what_to_do(
    tmp_path: Path, data: Path, name: str, error: type[Exception], message: str
) -> None:
    (tmp_path / "x.isdef").mkdir()
    (tmp_path / "text.tif").write_text("no raster", encoding="ascii")
    with pytest.raises(error, match=message):
        _swath("publish", tmp_path / name, "--data", data)
    assert not (data / "services").exists()


def test_a_bad_name_is_refused_before_any_work(tmp_path: Path, data: Path) -> None:
    with pytest.raises(InvalidParameter, match="NAME or FOLDER/NAME"):
        _swath("publish", _raster(tmp_path / "a.tif"), "--name", "../a", "--data", data)
    assert not data.exists()


@pytest.mark.parametrize("command", ["show", "start", "stop", "rollback"])
def test_an_unknown_service_lists_the_known_ones(tmp_path: Path, data: Path, command: str) -> None:
    _swath("publish", _compiled(tmp_path / "a.zmd", 1), "--data", data)
    with pytest.raises(ConfigError, match="zzz: is no published service; published are: a"):
        _swath("service", command, "zzz", "--data", data)


def test_a_service_gets_instances_of_its_own_and_shares_again(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_MEMORY_TOTAL_MB", "4000")
    monkeypatch.setenv("SWATH_INSTANCES", "1")
    _swath("publish", _compiled(tmp_path / "a.zmd", 1), "--name", "f/a", "--data", data)
    ask = ("service", "instances", "f/a", "--data", data)
    assert _swath(*ask).strip() == "f/a: shared"
    said = _swath(*ask, "--dedicated", "--min", "1", "--max", "4")
    assert said.strip() == "f/a has 1 to 4 instances of its own."
    assert "dedicated 1–4" in _swath("service", "list", "--data", data)
    registry = ServiceRegistry(data)
    registry.poll()
    service = registry.get("f/a")
    assert service is not None
    assert (service.placement.minimum, service.placement.maximum) == (1, 4)

    _swath("service", "rename", "f/a", "b", "--data", data)
    ask = ("service", "instances", "b", "--data", data)
    assert _swath(*ask).strip() == "b: dedicated 1–4"
    _swath(*ask, "--dedicated", "--min", "0")
    assert _swath(*ask).strip() == "b: dedicated 0–1"
    _swath(*ask, "--shared")
    assert _swath(*ask).strip() == "b: shared"
    registry.poll()
    service = registry.get("b")
    assert service is not None
    assert not service.placement.is_dedicated


@pytest.mark.parametrize(
    ("options", "accepted"),
    [
        (("--dedicated", "--min", "3", "--max", "2"), "expected 0 to --max, which is 2"),
        (("--dedicated", "--min", "-1"), "expected 0 to --max"),
        (("--dedicated", "--max", "0"), "expected 1 to 256"),
        (("--dedicated", "--max", "100000"), "expected 1 to 256"),
        (("--max", "2"), "only with --dedicated"),
        (("--shared", "--min", "1"), "only with --dedicated"),
    ],
)
def test_instances_that_are_no_range_are_refused(
    tmp_path: Path, data: Path, options: tuple[str, ...], accepted: str
) -> None:
    _swath("publish", _compiled(tmp_path / "a.zmd", 1), "--name", "a", "--data", data)
    with pytest.raises(InvalidParameter, match=accepted):
        _swath("service", "instances", "a", "--data", data, *options)
    assert _swath("service", "instances", "a", "--data", data).strip() == "a: shared"


def test_instances_for_which_there_is_no_memory_are_refused_with_the_sum(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_MEMORY_TOTAL_MB", "2000")
    monkeypatch.setenv("SWATH_INSTANCES", "1")
    _swath("publish", _compiled(tmp_path / "a.zmd", 1), "--name", "a", "--data", data)
    with pytest.raises(SettingsError, match=r"need \d+ MB .* the total is 2000 MB"):
        _swath("service", "instances", "a", "--data", data, "--dedicated", "--max", "9")
    assert _swath("service", "instances", "a", "--data", data).strip() == "a: shared"


def test_a_deleted_services_instances_are_not_those_of_the_next_of_its_name(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWATH_MEMORY_TOTAL_MB", "4000")
    monkeypatch.setenv("SWATH_INSTANCES", "1")
    compiled = _compiled(tmp_path / "a.zmd", 1)
    _swath("publish", compiled, "--name", "a", "--data", data)
    _swath("service", "instances", "a", "--data", data, "--dedicated")
    _swath("service", "delete", "a", "--yes", "--data", data)
    _swath("publish", compiled, "--name", "a", "--data", data)
    assert _swath("service", "instances", "a", "--data", data).strip() == "a: shared"
