"""Where files are now: a rule from old paths to new ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from engine.errors import ConfigError

PathRule: TypeAlias = Callable[[str], str]

# Keys of a raster process definition and of headers that hold names of files.
_PATH_KEYS = frozenset(("path", "source", "vertical_datum"))


def prefix_rule(old: str, new: str) -> PathRule:
    """Return the rule that puts a folder (or file) in the place of another.

    Whole names count: /data/a is no beginning of /data/ab. Where `old` is written with backslashes
    and `new` is not, the rest of a path is turned, too.

    Raises
    ------
    ConfigError
        One of them is empty.
    """
    begin, target = old.rstrip("/\\"), new.rstrip("/\\")
    if not begin:
        raise ConfigError("FROM", old, "expected the beginning of a path, below the root")
    if not target:
        raise ConfigError("TO", new, "expected the beginning of a path, below the root")
    turns = "\\" in begin and "\\" not in target

    def rule(path: str) -> str:
        if not path.startswith(begin):
            return path
        rest = path[len(begin) :]
        if rest and rest[0] not in "/\\":
            return path
        return target + (rest.replace("\\", "/") if turns else rest)

    return rule


def regex_rule(pattern: str, new: str) -> PathRule:
    r"""Return the rule that replaces the first match of a regular expression; \1 … stand for groups.

    Raises
    ------
    ConfigError
        It is none, or the replacement names a group that it does not have.
    """
    try:
        compiled = re.compile(pattern)
        compiled.sub(new, "")
        re.compile(f"{pattern}|").sub(new, "")
    except (re.error, IndexError) as err:
        raise ConfigError("FROM", pattern, f"with TO {new!r}: {err}") from err
    return lambda path: compiled.sub(new, path, count=1)


def with_paths(value: object, rule: PathRule) -> object:
    """Return decoded JSON with the names of files in it as a rule says."""
    if isinstance(value, dict):
        return {
            key: rule(each)
            if key in _PATH_KEYS and isinstance(each, str)
            else with_paths(each, rule)
            for key, each in value.items()
        }
    return [with_paths(each, rule) for each in value] if isinstance(value, list) else value


def with_any_path(value: object, rule: PathRule) -> object:
    """Return decoded data with all texts that are absolute paths, keys too, as a rule says."""
    if isinstance(value, dict):
        return {with_any_path(k, rule): with_any_path(each, rule) for k, each in value.items()}
    if isinstance(value, list):
        return [with_any_path(each, rule) for each in value]
    return rule(value) if isinstance(value, str) and value[:1] in "/\\" else value
