"""Options of commands in run files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer

from engine.errors import ConfigError
from server.authoring.run_options import command_arguments, option_names


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def command(
    definition: Path,
    paths: list[Path],
    kind: Annotated[str, typer.Option("--type", "-t")] = "",
    *,
    loud: Annotated[bool, typer.Option("--loud/--quiet")] = False,
    colour: Colour = Colour.RED,
    size: float | None = None,
    bands: str = "",
    file: Path | None = None,
) -> None:
    """Stand for a command."""


def test_options_are_called_as_on_the_command_line() -> None:
    assert option_names(command) == {
        "definition": "definition",
        "paths": "paths",
        "type": "kind",
        "loud": "loud",
        "colour": "colour",
        "size": "size",
        "bands": "bands",
        "file": "file",
    }


def test_values_become_what_the_command_takes() -> None:
    options = {
        "paths": ["a", "b"],
        "type": "x",
        "loud": True,
        "colour": "blue",
        "size": 2,
        "bands": [4, 3, 2],
        "file": "f.csv",
    }
    assert command_arguments(command, options, "[x]") == {
        "paths": [Path("a"), Path("b")],
        "kind": "x",
        "loud": True,
        "colour": Colour.BLUE,
        "size": 2.0,
        "bands": "4,3,2",
        "file": Path("f.csv"),
    }
    assert command_arguments(command, {"paths": "a", "size": None}, "[x]") == {"paths": [Path("a")]}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"colours": "red"}, "known: paths, type, loud"),
        ({"definition": "x"}, "is unknown"),
        ({"colour": "green"}, "one of red, blue"),
        ({"loud": "yes"}, "true or false"),
        ({"size": "big"}, "a number"),
        ({"size": True}, "a number"),
        ({"file": 3}, "a path"),
    ],
)
def test_mistakes_name_the_table_and_the_key(options: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        command_arguments(command, options, "[x]")
    assert "[x]" in str(caught.value)
    assert says in str(caught.value)
