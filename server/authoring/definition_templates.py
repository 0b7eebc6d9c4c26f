"""The templates of a definition: rendering rules in files of its folder `templates/`, published with it.

A file is `NAME.rft.json`, a rendering rule as clients send it or in the JSON form of templates, with
"description" and "help" beside it as wanted, or `NAME.rft.xml`, as ArcGIS writes templates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from engine.build.definition_folder import DefinitionFolder
from engine.errors import ConfigError, RequestError
from engine.request_parts import RenderingRule
from engine.summary import FunctionTemplate
from server.protocols.arcgis.function_names import NOTHING
from server.protocols.arcgis.rendering_rule import RuleScope, rendering_rule_of_json
from server.protocols.arcgis.sloppy_json import decode_json
from server.protocols.arcgis.template_xml import template_of_xml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from server.protocols.arcgis.sloppy_json import JsonValue

JSON = ".rft.json"
XML = ".rft.xml"
MOST_TEMPLATES = 100
_NAME = re.compile(r"[^\x00-\x1f/\\]{1,128}")


def templates_of(definition: Path) -> tuple[FunctionTemplate, ...]:
    """Return the templates of the definition in a folder; see `read_templates`."""
    return read_templates(template_files(DefinitionFolder(definition)))


def template_files(folder: DefinitionFolder) -> list[Path]:
    """Return the files of a definition's templates in the order in which they are published."""
    paths = folder.templates.glob("*")
    return sorted(path for path in paths if path.name.casefold().endswith((JSON, XML)))


def read_templates(paths: Iterable[Path]) -> tuple[FunctionTemplate, ...]:
    """Read templates; they may name each other in any order.

    Raises
    ------
    ConfigError
        Names the file and what of it is wrong.
    """
    pending = {path: _source(path) for path in paths}
    if len(pending) > MOST_TEMPLATES:
        raise ConfigError("templates", "", f"{len(pending)}; at most {MOST_TEMPLATES}")
    found: dict[Path, FunctionTemplate] = {}
    while pending:
        scope = RuleScope(templates=tuple(found.values()), takes_adapters=True)
        faults: dict[Path, RequestError] = {}
        for path, source in list(pending.items()):
            try:
                found[path] = _template(path, source, scope)
                del pending[path]
            except RequestError as err:
                faults[path] = err
        if len(faults) == len(pending) and len(scope.templates) == len(found):
            path, fault = next(iter(faults.items()))
            raise ConfigError(path, "", str(fault)) from fault
    in_order = [found[path] for path in sorted(found)]
    _refuse_twice(in_order)
    return tuple(in_order)


def _source(path: Path) -> dict[str, JsonValue]:
    if path.name.casefold().endswith(XML):
        return template_of_xml(path)
    try:
        value = decode_json(path.name, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigError(path, "", f"cannot be read: {err}") from err
    except RequestError as err:
        raise ConfigError(path, "", str(err)) from err
    if not isinstance(value, dict):
        raise ConfigError(path, "", "is no JSON object with rasterFunction or function")
    return value


def _template(path: Path, source: dict[str, JsonValue], scope: RuleScope) -> FunctionTemplate:
    rule = rendering_rule_of_json(source, scope)
    return FunctionTemplate(
        name=template_name(path),
        description=str(source.get("description") or ""),
        help=str(source.get("help") or ""),
        source=msgspec.json.encode(source).decode(),
        rule=rule,
    )


def template_name(path: Path) -> str:
    """Return the name under which a file's template is published.

    Raises
    ------
    ConfigError
        It is no name, or another's.
    """
    if not path.name.casefold().endswith((JSON, XML)):
        raise ConfigError(path, "", f"is not named as a template: NAME{JSON} or NAME{XML}")
    stem = re.sub(r"\.rft\.(json|xml)$", "", path.name, flags=re.IGNORECASE)
    if not _NAME.fullmatch(stem) or stem != stem.strip(" ."):
        raise ConfigError(path, "", "no name of a template: at most 128 characters without / or \\")
    if stem.casefold() in NOTHING:
        raise ConfigError(path, "", f"{stem} is the name of no processing; choose another")
    return stem


def _refuse_twice(templates: list[FunctionTemplate]) -> None:
    seen: set[str] = set()
    for each in templates:
        if each.name.casefold() in seen:
            raise ConfigError(f"template {each.name}", "", "is there twice (case does not count)")
        seen.add(each.name.casefold())


def add_templates(folder: DefinitionFolder, files: Iterable[Path]) -> list[str]:
    """Take files into a definition, all or none; return the names of their templates.

    Raises
    ------
    ConfigError
        See `read_templates`.
    """
    added = {template_name(path).casefold(): path for path in files}
    kept = [path for path in template_files(folder) if template_name(path).casefold() not in added]
    read_templates([*kept, *added.values()])
    replaced = set(template_files(folder)) - set(kept)
    try:
        folder.templates.mkdir(exist_ok=True)
        for path in added.values():
            part = folder.templates / f".{path.name}.part"
            part.write_bytes(path.read_bytes())
            target = folder.templates / path.name
            part.replace(target)
            replaced.discard(target)
        for path in replaced:
            path.unlink()
    except OSError as err:
        raise ConfigError(folder.templates, "", f"cannot be written: {err}") from err
    return [template_name(path) for path in added.values()]


def remove_templates(folder: DefinitionFolder, names: Iterable[str]) -> None:
    """Take templates out of a definition; raises ConfigError where one is not there."""
    known = {template_name(path).casefold(): path for path in template_files(folder)}
    wanted = {name: known.get(name.casefold()) for name in names}
    for name, path in wanted.items():
        if path is None:
            there = ", ".join(map(template_name, known.values())) or "none"
            raise ConfigError(f"template {name}", "", f"is not there; there are: {there}")
    for path in filter(None, wanted.values()):
        path.unlink(missing_ok=True)


def functions_of(rule: RenderingRule) -> list[str]:
    """Return the names of a rule's functions along its first rasters, the last one first."""
    found = [rule.function]
    while rule.inputs and isinstance(rule.inputs[0], RenderingRule):
        rule = rule.inputs[0]
        found.append(rule.function)
    return found
