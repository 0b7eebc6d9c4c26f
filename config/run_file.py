"""One file that makes a service: every step of `swath definition`, from create to publish.

Rules: the keys of a table are the options of the command of its name, with _ for -. Relative paths count from the file. A table that is left out is a step that is not made.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from config.layers import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 4_000_000

# Options of a command, whatever it has: `server.authoring.run_options` checks them before the first step.
Options: TypeAlias = dict[str, str | int | float | bool | list[str | int | float]]


class DefinitionStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[definition]: the folder, made where it is not there yet; options of `create`."""

    path: str
    crs: str = ""
    bands: int = 0
    pixel_type: str = ""
    catalog: str = ""


class FieldStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[field]]: a field of the author's, empty at first."""

    name: str
    type: str = "text"


class CalculateStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[calculate]]: a field set to what an expression gives; options of `calculate`."""

    field: str
    expression: str
    where: str = ""


class CompileStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[compile]: `output`, left out = NAME.zmd beside the definition."""

    output: str = ""


class PublishStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[publish]: options of `publish`; name left out = the definition's."""

    name: str = ""
    data: str | None = None


class RunFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run file.

    Attributes
    ----------
    service : dict
        Properties for definition.toml; those left out stay as they are there.
    add : tuple of dict
        Options of `add`, with its `paths`.
    footprints, seamlines, balance, overviews : dict or None
        Options of the commands (of `build` for overviews); None = no such step.
    build : dict
        Further options of `build`, which is a step of its own.
    """

    definition: DefinitionStep
    service: dict[str, object] = {}
    add: tuple[Options, ...] = ()
    field: tuple[FieldStep, ...] = ()
    calculate: tuple[CalculateStep, ...] = ()
    footprints: Options | None = None
    build: Options = {}
    seamlines: Options | None = None
    balance: Options | None = None
    overviews: Options | None = None
    compile: CompileStep | None = None
    publish: PublishStep | None = None


_TABLES: dict[str, type[msgspec.Struct]] = {
    "definition": DefinitionStep,
    "field": FieldStep,
    "calculate": CalculateStep,
    "compile": CompileStep,
    "publish": PublishStep,
}


def read_run_file(path: Path) -> RunFile:
    """Read and check a run file.

    Raises
    ------
    SettingsError
        Naming the table and the key, and what is known there.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(str(path), "", f"is larger than {MAX_BYTES} bytes")
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as err:
        raise SettingsError(str(path), "", f"cannot be read: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise SettingsError(str(path), "", f"is not TOML: {err}") from err
    try:
        found = msgspec.convert(tables, RunFile)
    except msgspec.ValidationError as err:
        what, _, place = str(err).partition(" - at ")
        key = place.strip("`").removeprefix("$").lstrip(".")
        raise SettingsError(str(path), key, _explain(what, key)) from err
    for number, step in enumerate(found.add):
        if not step.get("paths"):
            raise SettingsError(str(path), f"add[{number}].paths", "names no file or folder")
    if found.publish is not None and found.compile is None:
        raise SettingsError(str(path), "publish", "needs the table [compile], what it publishes")
    return found


def _explain(what: str, key: str) -> str:
    if "unknown field" not in what:
        return what
    record = _TABLES.get(key.partition("[")[0].partition(".")[0])
    names = (record or RunFile).__struct_encode_fields__
    return f"{what}; known: {', '.join(names)}"
