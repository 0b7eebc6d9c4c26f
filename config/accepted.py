"""What a setting accepts, in words: from the types of the settings themselves, so that both agree."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING

from msgspec import inspect

from config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_ALIKE = 3
_ALIKE = 0.5
# A pattern says little to people.
_SAID = {"tracing.endpoint": "an address such as 'http://collector:4318/v1/traces', or nothing"}


def accepted(key: str) -> str:
    """Return what a setting accepts: "a whole number, at least 0"; "" where there is no such setting."""
    return _SAID.get(key) or _in_words(_types().get(key))


def no_setting(key: str, known: Sequence[str]) -> str:
    """Return why a key is refused that is none of those that are known."""
    rest = key.rpartition(".")[2]
    # In another table, or without one: what is written below a table's head belongs to it.
    alike = [each for each in known if each.rpartition(".")[2] == rest]
    alike += [
        each for each in get_close_matches(key, known, _MOST_ALIKE, _ALIKE) if each not in alike
    ]
    return f"is no setting; {'like it are' if alike else 'there are'}: {', '.join(alike or known)}"


@cache
def _types() -> dict[str, inspect.Type]:
    found: dict[str, inspect.Type] = {}
    whole = inspect.type_info(Settings)
    assert isinstance(whole, inspect.StructType)
    for field in whole.fields:
        if isinstance(field.type, inspect.StructType):
            found |= {f"{field.name}.{inner.name}": inner.type for inner in field.type.fields}
        found[field.name] = field.type
    return found


def _in_words(kind: inspect.Type | None) -> str:
    words = ""
    match kind:
        case inspect.IntType():
            words = "a whole number" + _limits(kind)
        case inspect.FloatType():
            words = "a number" + _limits(kind)
        case inspect.BoolType():
            words = "true or false"
        case inspect.LiteralType():
            words = "one of " + ", ".join(repr(value) for value in kind.values)
        case inspect.VarTupleType():
            words = "a list of texts"
        case inspect.UnionType():
            words = _in_words(kind.types[0])
        case inspect.StructType():
            words = "a table with " + ", ".join(field.name for field in kind.fields)
        case inspect.StrType():
            words = "a text"
    return words


def _limits(kind: inspect.IntType | inspect.FloatType) -> str:
    words = {"at least": kind.ge, "more than": kind.gt, "at most": kind.le, "less than": kind.lt}
    said = [f"{word} {limit:g}" for word, limit in words.items() if limit is not None]
    return ", " + " and ".join(said) if said else ""
