"""Set properties in definition.toml, whose comments and other properties stay."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import tomlkit
from tomlkit.exceptions import TOMLKitError

from engine.build.definition_file import TABLE, read_properties
from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def set_properties(toml: Path, values: Mapping[str, object]) -> list[str]:
    """Set properties that differ, and return their names; nothing is written where none does.

    Raises
    ------
    ConfigError
        A property is unknown or its value wrong; the file is as before.
    """
    try:
        text = toml.read_text(encoding="utf-8")
        document = tomlkit.parse(text)
        known = tomllib.loads(text).get(TABLE, {})
    except OSError as err:
        raise ConfigError(toml, "", err.strerror or "cannot be read") from err
    except (TOMLKitError, tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(toml, "", f"is not TOML: {err}") from err
    changed = [name for name, value in values.items() if name not in known or known[name] != value]
    if not changed:
        return []
    table = document.setdefault(TABLE, tomlkit.table())
    for name in changed:
        table[name] = values[name]
    part = toml.with_name(".definition.part")
    try:
        part.write_text(tomlkit.dumps(document), encoding="utf-8")
        read_properties(part)
        part.replace(toml)
    except ConfigError as err:
        raise ConfigError(toml, *err.fields[1:]) from err
    except OSError as err:
        raise ConfigError(toml, "", f"cannot be written: {err.strerror or err}") from err
    finally:
        part.unlink(missing_ok=True)
    return changed
