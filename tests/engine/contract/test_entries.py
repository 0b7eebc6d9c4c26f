"""Plug-ins of other distributions: found when asked for, refused in a sentence, never in the way."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from engine.contract import PluginFailed, entry_points_of
from engine.contract.entries import strangers
from engine.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GROUP = "swath.v1.testing"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed distribution with two plug-ins that load, one that fails and one for a later contract."""
    (tmp_path / "plugin_under_test.py").write_text("ONE = 1\nOWN = 2\n")
    info = tmp_path / "plugin_under_test-3.4.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-under-test\nVersion: 3.4\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\nOne = plugin_under_test:ONE\nown = plugin_under_test:OWN\n"
        "Broken = plugin_under_test:GONE\n[swath.v9.testing]\nLater = plugin_under_test:ONE\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("plugin_under_test", None)


def _registry() -> Registry[int]:
    return Registry("testing kind", {"Own": 10}, GROUP)


def test_a_plugin_joins_under_its_name_in_any_case(package: Path) -> None:
    registry = _registry()
    assert registry["one"] == 1
    assert registry.own_name("ONE") == "One"
    assert list(registry) == ["Own", "One"]
    assert not registry.is_own("One")


def test_no_plugin_is_loaded_for_a_name_of_our_own(package: Path) -> None:
    assert _registry()["OWN"] == 10
    assert "plugin_under_test" not in sys.modules


def test_a_plugin_takes_no_name_of_our_own(package: Path) -> None:
    registry = _registry()
    assert registry["own"] == 10
    texts = [str(failure) for failure in registry.failed()]
    assert any("plug-in own of plugin-under-test 3.4" in text for text in texts)
    assert any("the name is taken" in text for text in texts)


def test_who_asks_for_a_plugin_that_fails_is_told_why(package: Path) -> None:
    registry = _registry()
    assert "broken" in registry
    with pytest.raises(PluginFailed, match=r"plugin-under-test 3\.4.*GONE.*AttributeError"):
        registry["Broken"]


def test_an_unknown_name_lists_plugins_among_the_known(package: Path) -> None:
    with pytest.raises(KeyError, match="known: Own, One"):
        _registry()["nothing"]


def test_entries_of_another_contract_are_told_and_not_used(package: Path) -> None:
    assert ("Later", "swath.v9.testing") in {(each.name, each.group) for each in strangers()}
    assert "Later" not in {entry.name for entry in entry_points_of(GROUP)}
