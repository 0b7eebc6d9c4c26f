"""Run files: read, checked, every mistake named."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.layers import SettingsError
from config.run_file import MAX_BYTES, read_run_file

_EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "examples" / "run.toml"


def test_the_example_is_a_run_file() -> None:
    found = read_run_file(_EXAMPLE)
    assert found.definition.path == "scenes.isdef"
    assert found.publish is not None
    assert [step.field for step in found.calculate] == ["Month", "Zone"]


def test_what_is_left_out_is_no_step(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('[definition]\npath = "a.isdef"\n')
    found = read_run_file(file)
    assert (found.add, found.calculate, found.build) == ((), (), {})
    assert found.compile is found.publish is found.balance is found.seamlines is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "definition"),
        ("[definition]\n", "path"),
        ('[definition]\npath = "a"\n[compil]\n', "known: definition, service, add"),
        ('[definition]\npath = "a"\ncrss = "x"\n', "known: path, crs"),
        ('[definition]\npath = "a"\n[[calculate]]\nfield = "a"\n', "expression"),
        ('[definition]\npath = "a"\n[[calculate]]\nfields = "a"\n', "known: field, expression"),
        ('[definition]\npath = "a"\n[[add]]\ntype = "x"\n', "names no file or folder"),
        ('[definition]\npath = "a"\n[publish]\n', "needs the table [compile]"),
        ('[definition]\npath = "a"\n[add]\npaths = ["x"]\n', "array"),
        ("[definition", "is not TOML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_run_file(file)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_run_file(tmp_path / "none.toml")
    (tmp_path / "big.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(SettingsError, match="larger than"):
        read_run_file(tmp_path / "big.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not TOML"):
        read_run_file(tmp_path / "odd.toml")
