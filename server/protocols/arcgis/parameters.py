"""Request parameters as ArcGIS clients really send them, read into typed values.

Rule 1: names ignore case; an empty value, and `{}`, `null`, `undefined`, `false` where a list or JSON is
expected, mean "not given". Rule 2: whatever comes in, a getter gives a typed finite value or raises a
RequestError; nothing else leaves. No HTTP here: pairs of text in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl

from engine.errors import InvalidParameter, RequestTooLarge
from server.protocols.arcgis.sloppy_json import JsonValue, decode_json
from server.protocols.input_limits import MAX_INTEGER, MAX_LIST, MAX_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")


_NOTHING = {"", "{}", "[]", "null", "undefined", "false", "none"}
_TRUE = {"true", "1", "yes", "t", "on"}
_FALSE = {"false", "0", "no", "f", "off", "null", "undefined"}


class Parameters:
    """The parameters of one request; look-up ignores case.

    Parameters
    ----------
    pairs
        Names and values, decoded, in the order sent; names may repeat.
    """

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for count, (name, value) in enumerate(pairs):
            if count >= MAX_PARAMETERS:
                raise RequestTooLarge("number of parameters", f"over {count}", MAX_PARAMETERS)
            if "\0" in value:
                # Not repeated: it may be a password.
                raise InvalidParameter(name, "\\0", "text without NUL characters")
            folded = name.strip().casefold()
            self._values.setdefault(folded, []).append(_without_name(folded, value))

    @classmethod
    def from_query(cls, query: str | bytes) -> Parameters:
        """Read a query string or an urlencoded body; empty `&&` segments are skipped."""
        text = query.decode("utf-8", "replace") if isinstance(query, bytes) else query
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
        except ValueError as err:
            raise RequestTooLarge(
                "number of parameters", text.count("&") + 1, MAX_PARAMETERS
            ) from err
        return cls(pairs)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, str]) -> Parameters:
        """Read a plain mapping."""
        return cls(mapping.items())

    def merged(self, other: Parameters) -> Parameters:
        """Return these parameters with those of `other` added where these have none."""
        result = Parameters(())
        result._values = {**other._values, **self._values}
        return result

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._values

    def text(self, name: str, default: str = "") -> str:
        """Return the first value that is not blank, trimmed, else `default`."""
        for value in self._values.get(name.casefold(), ()):
            trimmed = value.strip()
            if trimmed:
                return trimmed
        return default

    def keyword(self, name: str) -> str:
        """Return a single word; a leading `+` is a blank that was encoded twice."""
        return self.text(name).strip("+ \t\r\n")

    def choice(self, name: str, table: Mapping[str, T], accepted: str = "") -> T | None:
        """Return the entry of `table` (keys in lower case) for the word given; None = not given.

        Raises
        ------
        InvalidParameter
            The word is not a key; `accepted` or the keys are named.
        """
        word = self.keyword(name)
        if not word or word.casefold() in ("null", "undefined"):
            return None
        try:
            return table[word.casefold()]
        except KeyError:
            raise InvalidParameter(name, word, accepted or "one of " + ", ".join(table)) from None

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean: true, True, 1 … or false, False, 0 …."""
        word = self.keyword(name).casefold()
        if not word:
            return default
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        raise InvalidParameter(name, word, "true or false")

    def number(self, name: str) -> float | None:
        """Return a finite number, or None where not given."""
        word = self._plain(name)
        return None if word is None else as_number(name, word)

    def integer(self, name: str, low: int = -MAX_INTEGER, high: int = MAX_INTEGER) -> int | None:
        """Return a whole number from `low` to `high`, or None where not given; `10.0` is accepted."""
        word = self._plain(name)
        return None if word is None else as_integer(name, word, low, high)

    def elements(self, name: str) -> list[JsonValue]:
        """Return a list sent as `1,2`, `[1,2]` or a repeated name; [] where not given."""
        result: list[JsonValue] = []
        for value in self._values.get(name.casefold(), ()):
            result.extend(_split(name, value.strip()))
            if len(result) > MAX_LIST:
                raise RequestTooLarge(f"number of values in '{name}'", len(result), MAX_LIST)
        return result

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        return tuple(as_number(name, element) for element in self.elements(name))

    def integers(
        self, name: str, low: int = -MAX_INTEGER, high: int = MAX_INTEGER
    ) -> tuple[int, ...]:
        """Return a list of whole numbers from `low` to `high`."""
        return tuple(as_integer(name, element, low, high) for element in self.elements(name))

    def names(self, name: str) -> tuple[str, ...]:
        """Return a list of words, trimmed, blanks left out."""
        words = (str(element).strip() for element in self.elements(name) if element is not None)
        return tuple(word for word in words if word)

    def json(self, name: str) -> JsonValue:
        """Return a JSON value; None where not given or given as `{}`, `null`, `undefined` or `false`."""
        text = self.text(name)
        if text.casefold() in _NOTHING:
            return None
        value = decode_json(name, text)
        return value if value not in ({}, [], "", False) else None

    def _plain(self, name: str) -> str | None:
        word = self.text(name)
        return None if word.casefold() in _NOTHING else word


def as_number(name: str, value: object) -> float:
    """Return `value` (a number or its text) as a finite float.

    Raises
    ------
    InvalidParameter
        Not a number, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidParameter(name, value, "a number")
    try:
        number = float(value.strip() if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise InvalidParameter(name, value, "a finite number") from None
    if not math.isfinite(number) or (isinstance(value, str) and "_" in value):
        raise InvalidParameter(name, value, "a finite number")
    return number


def as_integer(name: str, value: object, low: int = -MAX_INTEGER, high: int = MAX_INTEGER) -> int:
    """Return `value` as a whole number from `low` to `high`; `10.0` and "10" are accepted.

    Raises
    ------
    InvalidParameter
        Not a whole number, or beyond the bounds.
    """
    number = as_number(name, value)
    if number != int(number) or not low <= number <= high:
        raise InvalidParameter(name, value, f"a whole number from {low} to {high}")
    return int(number)


def _without_name(folded_name: str, value: str) -> str:
    # loaders.gl doubles its keys: `BBOX=bbox=1,2,3,4`.
    prefix = folded_name + "="
    trimmed = value.strip()
    if trimmed[: len(prefix)].casefold() == prefix:
        return trimmed[len(prefix) :]
    return value


def _split(name: str, text: str) -> list[JsonValue]:
    if text.casefold() in _NOTHING:
        return []
    if text.startswith("["):
        value = decode_json(name, text)
        return value if isinstance(value, list) else [value]
    return [part.strip() for part in text.split(",")]
