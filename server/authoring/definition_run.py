"""Run all steps that a run file says, through the commands themselves.

A definition remembers what it held at the end of a run. Where adding and calculating change nothing,
and the file says the same, the costly steps have nothing to do and are left out; so a run may be
repeated as often as one likes. One that was interrupted is run again: each step goes on by itself.
"""

from __future__ import annotations

import hashlib
import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer

from engine.build.catalog_digest import catalog_digest
from engine.build.definition_edit import set_properties
from engine.build.definition_file import checked_properties
from engine.build.definition_folder import DefinitionFolder
from engine.build.history import history, note_history
from engine.errors import ConfigError
from raster_types import RASTER_TYPES
from raster_types.adding.recognise import AUTO
from server.authoring.run_options import Command, command_arguments
from server.commands import definition as commands
from server.commands.publish import publish_file
from server.commands.stated_files import check_compiled_name
from server.site.data_folder import DataFolder, check_service_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from config.run_file import CalculateStep, FieldStep, RunFile

_STATE = "run"
_FIELD_TYPES = {"text": "TEXT", "integer": "INTEGER", "double": "DOUBLE", "date": "DATETIME"}
_CHUNK = 1 << 20


class _Kept(msgspec.Struct, frozen=True):
    """What a definition remembers of the last run that came to its end.

    Attributes
    ----------
    asked, content : str
        Digests of the run file and of the definition.
    output : (size, time of change in ns)
        Of the compiled file.
    """

    asked: str = ""
    content: str = ""
    output: tuple[int, int] = (-1, 0)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run file is run.

    Attributes
    ----------
    data
        Data folder to publish into where the file names none.
    dry_run : bool
        Tell what would be done.
    """

    data: Path
    dry_run: bool = False


def run_definition(run: RunFile, options: RunOptions) -> bool:
    """Make the steps of a run file in the current folder; tell whether any changed something.

    Raises
    ------
    ImageServerError
        As the commands do. Unknown keys and wrong values are found before the first step.
    """
    return _Run(run, options).run()


class _Run:
    def __init__(self, run: RunFile, options: RunOptions) -> None:
        self._run, self._options = run, options
        self._isdef = Path(run.definition.path)
        self._is_changed = False
        self._later = self._checked()

    def _checked(self) -> dict[str, dict[str, Any]]:
        """Return the arguments of the steps after adding, once all tables are checked."""
        run = self._run
        if run.service:
            checked_properties(run.service, "run file")
        if run.compile is not None:
            check_compiled_name(self._output(), "[compile] output")
        if run.publish is not None:
            check_service_name(run.publish.name or self._isdef.stem)
        for field in run.field:
            _field_type(field)
        create = {k: v for k, v in msgspec.to_builtins(run.definition).items() if k != "path"}
        found = {"create": command_arguments(_command("create"), create, "[definition]")}
        for number, step in enumerate(run.add):
            kind = step.get("type", AUTO)
            if kind not in (AUTO, *RASTER_TYPES):
                known = ", ".join((AUTO, *RASTER_TYPES))
                raise ConfigError(f"[[add]] {number + 1}.type", str(kind), f"known: {known}")
            found[f"add {number}"] = command_arguments(
                _command("add"), step, f"[[add]] {number + 1}"
            )
        overviews = {_overview_key(k): v for k, v in (run.overviews or {}).items()}
        found["build"] = command_arguments(_command("build"), {**run.build, **overviews}, "[build]")
        for name, table in _optional_steps(run).items():
            found[name] = command_arguments(_command(name), table, f"[{name}]")
        return found

    def run(self) -> bool:
        self._create()
        is_there = self._isdef.is_dir()
        if is_there or not self._options.dry_run:
            self._properties()
        pending = self._add(is_there=is_there)
        if is_there or not self._options.dry_run:
            self._fields()
        kept = self._kept() if self._isdef.is_dir() else _Kept()
        asked, content = self._digest_of_run(), self._content()
        is_same = (kept.asked, kept.content) == (asked, content) and not pending
        self._build_steps(is_same=is_same)
        if self._options.dry_run:
            self._tell_last(is_same=is_same)
            return True
        content = content if is_same else self._content()
        output = self._compile(kept, content)
        self._keep(_Kept(asked, content, output))
        self._publish()
        return self._is_changed

    # Steps

    def _create(self) -> None:
        if self._isdef.is_dir():
            self._tell("create", f"{self._isdef} is there")
        else:
            if not self._options.dry_run:
                self._isdef.parent.mkdir(parents=True, exist_ok=True)
            self._step("create", partial(_command("create"), self._isdef), self._later["create"])

    def _properties(self) -> None:
        values = self._run.service
        if not values or self._options.dry_run:
            return
        changed = set_properties(DefinitionFolder(self._isdef).toml, values)
        self._note("service", f"set {', '.join(changed)}" if changed else "")

    def _add(self, *, is_there: bool) -> bool:
        """Add; tell whether a dry run found something to add."""
        pending = False
        for number in range(len(self._run.add)):
            arguments = self._later[f"add {number}"]
            if self._options.dry_run and not is_there:
                paths = ", ".join(map(str, arguments["paths"]))
                self._tell("add", f"would add {paths}")
                pending = True
                continue
            if self._options.dry_run:
                arguments = {**arguments, "dry_run": True}
            text = self._step("add", partial(_command("add"), self._isdef), arguments)
            pending |= self._options.dry_run and "Would read 0 new products and 0 known" not in text
        return pending

    def _fields(self) -> None:
        for field in self._run.field:
            self._make_field(field)
        for step in self._run.calculate:
            self._calculate(step)

    def _make_field(self, field: FieldStep) -> None:
        kind = _field_type(field)
        with DefinitionFolder(self._isdef).table() as table:
            known = {name.casefold() for name in table.fields()}
            is_new = field.name.casefold() not in known
            if is_new and not self._options.dry_run:
                with table.batch():
                    table.ensure_field(field.name, kind)
                    note_history(table, "run", f"Made field {field.name} ({field.type}).")
        if is_new or not self._options.dry_run:
            self._note("field", f"made {field.name}" if is_new else "")

    def _calculate(self, step: CalculateStep) -> None:
        if self._options.dry_run:
            self._tell("calculate", f"would set {step.field}")
            return
        arguments = msgspec.to_builtins(step)
        self._step("calculate", partial(_command("calculate"), self._isdef), arguments)

    def _build_steps(self, *, is_same: bool) -> None:
        """Footprints, build, seamlines, balance, and build again where those changed something."""
        optional = _optional_steps(self._run)
        steps = [*(["footprints"] if "footprints" in optional else []), "build"]
        edits = [name for name in ("balance", "seamlines") if name in optional]
        steps += edits
        if is_same or self._options.dry_run:
            for name in steps:
                self._tell(name, "nothing to do" if is_same else "would run")
            return
        if "footprints" in optional:
            self._step(
                "footprints",
                partial(_command("footprints"), self._isdef),
                self._later["footprints"],
            )
        first = dict(self._later["build"])
        if edits:
            # Made once, of what the mosaic is at the end.
            first |= command_arguments(_command("build"), {"overviews": "later"}, "[overviews]")
        self._step("build", partial(_command("build"), self._isdef), first)
        for name in edits:
            self._step(name, partial(_command(name), self._isdef), self._later[name])
        if edits:
            self._step("build", partial(_command("build"), self._isdef), self._later["build"])

    def _compile(self, kept: _Kept, content: str) -> tuple[int, int]:
        """Compile where something changed; return the state of the compiled file."""
        if self._run.compile is None:
            return -1, 0
        output = self._output()
        if content == kept.content and _file_state(output) == kept.output:
            self._tell("compile", f"nothing to do, {output} is up to date")
            return kept.output
        output.parent.mkdir(parents=True, exist_ok=True)
        publish = self._run.publish
        data = Path(publish.data) if publish and publish.data else self._options.data
        given = {"output": output, "data": data}
        self._step("compile", partial(_command("compile"), self._isdef), given)
        self._is_changed = True
        return _file_state(output)

    def _publish(self) -> None:
        step = self._run.publish
        if step is None:
            return
        name = step.name or self._isdef.stem
        data = Path(step.data) if step.data else self._options.data
        output = self._output()
        entry = DataFolder(data).entry(name)
        if entry is not None and entry.version == _digest_of_file(output):
            self._tell("publish", f"nothing to do, {name} serves this version")
            return
        version = publish_file(output, name, data)
        self._note("publish", f"published {name}, version {version[:12]}, in {data}")

    def _tell_last(self, *, is_same: bool) -> None:
        for name in ("compile", "publish"):
            if getattr(self._run, name) is not None:
                self._tell(name, "nothing to do" if is_same else "would run")

    # What is remembered

    def _output(self) -> Path:
        stated = self._run.compile.output if self._run.compile else ""
        return Path(stated) if stated else self._isdef.with_suffix(".zmd")

    def _digest_of_run(self) -> str:
        return hashlib.blake2b(msgspec.json.encode(self._run), digest_size=16).hexdigest()

    def _content(self) -> str:
        if not self._isdef.is_dir():
            return "-"
        folder = DefinitionFolder(self._isdef)
        with folder.table() as table:
            return catalog_digest(folder, table)

    def _kept(self) -> _Kept:
        with DefinitionFolder(self._isdef).table() as table:
            packed = table.state(_STATE)
        return msgspec.msgpack.decode(packed, type=_Kept) if packed else _Kept()

    def _keep(self, kept: _Kept) -> None:
        with DefinitionFolder(self._isdef).table() as table:
            table.set_state(_STATE, msgspec.msgpack.encode(kept))

    # Words

    def _step(self, name: str, command: Callable[..., None], arguments: Mapping[str, Any]) -> str:
        """Run a command, tell what it says, and return it."""
        if self._options.dry_run and not arguments.get("dry_run"):
            self._tell(name, "would run")
            return ""
        before = self._history_lines()
        said = io.StringIO()
        typer.secho(f"{name}", bold=True)
        try:
            with redirect_stdout(said):
                command(**arguments)
        finally:
            for line in said.getvalue().splitlines():
                shown = line.partition("Next: ")[0].rstrip()
                if shown:
                    typer.echo(f"  {shown}")
        self._is_changed |= self._history_lines() > before
        return said.getvalue()

    def _history_lines(self) -> int:
        if not self._isdef.is_dir():
            return 0
        with DefinitionFolder(self._isdef).table() as table:
            return next((line.line for line in history(table, limit=1)), 0)

    def _tell(self, name: str, words: str) -> None:
        typer.secho(name, bold=True)
        typer.echo(f"  {words}")

    def _note(self, name: str, change: str) -> None:
        self._tell(name, change or "nothing to do")
        self._is_changed |= bool(change)


def _field_type(field: FieldStep) -> str:
    kind = _FIELD_TYPES.get(field.type.lower())
    if kind is None:
        raise ConfigError(
            f"[[field]] {field.name}", field.type, f"expected one of {', '.join(_FIELD_TYPES)}"
        )
    return kind


def _optional_steps(run: RunFile) -> dict[str, dict[str, Any]]:
    names = ("footprints", "seamlines", "balance")
    return {name: table for name in names if (table := getattr(run, name)) is not None}


def _command(name: str) -> Command:
    """Return the function of `swath definition NAME`."""
    found = next(
        (
            each.callback
            for each in commands.app.registered_commands
            if each.callback is not None and (each.name or each.callback.__name__) == name
        ),
        None,
    )
    if found is None:
        raise ConfigError(f"[{name}]", "", "there is no such step")
    return found


def _overview_key(key: str) -> str:
    return "overviews" if key == "mode" else f"overviews_{key}"


def _file_state(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return -1, 0
    return status.st_size, status.st_mtime_ns


def _digest_of_file(path: Path) -> str:
    """Return the version under which a file is published."""
    found = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
