"""JSON as map clients write it: bare keys, single quotes, trailing commas.

Rule: what leaves this file is finite and bounded; at most `MAX_JSON_CHARACTERS` long and `MAX_JSON_DEPTH` deep.
TerriaJS and QGIS send points as `{x: 1.0, y: 2.0}`, so plain JSON parsers are not enough.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NoReturn, TypeAlias

import msgspec

from engine.errors import InvalidParameter, RequestTooLarge
from server.protocols.input_limits import MAX_JSON_CHARACTERS, MAX_JSON_DEPTH, MAX_SLOPPY_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"


_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[{}\[\]:,])
        |"(?P<double>(?:[^"\\]|\\.)*)"
        |'(?P<single>(?:[^'\\]|\\.)*)'
        |(?P<bare>[^\s{}\[\]:,"']+))""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,9})?")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS: dict[str, JsonValue] = {
    "true": True,
    "false": False,
    "null": None,
    "none": None,
    "undefined": None,
}


def decode_json(name: str, text: str) -> JsonValue:
    """Read the JSON value of parameter `name`, strict or sloppy.

    Raises
    ------
    RequestTooLarge
        Beyond `MAX_JSON_CHARACTERS`.
    InvalidParameter
        Not JSON even with tolerance, nested deeper than `MAX_JSON_DEPTH`, or with a number that is not finite.
    """
    if len(text) > MAX_JSON_CHARACTERS:
        raise RequestTooLarge(
            f"length of parameter '{name}'", len(text), f"{MAX_JSON_CHARACTERS:,}"
        )
    try:
        value: JsonValue = msgspec.json.decode(text)
    except RecursionError as err:
        raise _too_deep(name, text) from err
    except (msgspec.MsgspecError, UnicodeError):
        # UnicodeError: a lone surrogate, which only a test or a broken client can send.
        if len(text) > MAX_SLOPPY_CHARACTERS:
            raise InvalidParameter(
                name, text, "JSON: a value of this length must be strict"
            ) from None
        value = _SloppyReader(name, text).read()
    _check_depth(name, text, value)
    return value


class _SloppyReader:
    """A recursive-descent reader over the tokens of one text."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._tokens = self._scan()
        self._kind = ""
        self._token = ""
        self._place = 0
        self._advance()

    def read(self) -> JsonValue:
        value = self._value(0)
        if self._kind != "end":
            self._fail()
        return value

    def _scan(self) -> Iterator[tuple[str, str, int]]:
        place, end = 0, len(self._text.rstrip())
        while place < end:
            match = _TOKEN.match(self._text, place)
            if match is None:
                self._place = place
                self._fail()
            kind = match.lastgroup or ""
            yield kind, match[kind], match.start(kind)
            place = match.end()
        yield "end", "", end

    def _advance(self) -> None:
        self._kind, self._token, self._place = next(self._tokens)

    def _is_mark(self, mark: str) -> bool:
        return self._kind == "mark" and self._token == mark

    def _take(self, mark: str) -> bool:
        if not self._is_mark(mark):
            return False
        self._advance()
        return True

    def _value(self, depth: int) -> JsonValue:
        if depth > MAX_JSON_DEPTH:
            raise _too_deep(self._name, self._text)
        if self._take("{"):
            return self._members(depth)
        if self._take("["):
            return self._elements(depth)
        return self._scalar()

    def _members(self, depth: int) -> dict[str, JsonValue]:
        result: dict[str, JsonValue] = {}
        while not self._take("}"):
            if self._kind not in ("double", "single", "bare"):
                self._fail()
            key = self._text_token()
            self._advance()
            if not self._take(":"):
                self._fail()
            result[key] = self._value(depth + 1)
            if not self._take(",") and not self._is_mark("}"):
                self._fail()
        return result

    def _elements(self, depth: int) -> list[JsonValue]:
        result: list[JsonValue] = []
        while not self._take("]"):
            result.append(self._value(depth + 1))
            if not self._take(",") and not self._is_mark("]"):
                self._fail()
        return result

    def _scalar(self) -> JsonValue:
        value: JsonValue
        if self._kind in ("double", "single"):
            value = self._text_token()
        elif self._kind == "bare":
            value = _bare_value(self._token)
            # The strict reader refuses these by itself.
            if isinstance(value, float) and not math.isfinite(value):
                raise InvalidParameter(self._name, self._text, "finite numbers only")
        else:
            self._fail()
        self._advance()
        return value

    def _text_token(self) -> str:
        if self._kind == "bare":
            return self._token
        raw = _ESCAPE.sub(_unescape, self._token)
        return raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _fail(self) -> NoReturn:
        around = self._text[max(0, self._place - 10) : self._place + 20]
        raise InvalidParameter(
            self._name,
            self._text,
            f"JSON (it goes wrong at character {self._place + 1}: {around!r})",
        )


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    return _ESCAPED.get(match[2], match[2])


def _bare_value(word: str) -> JsonValue:
    folded = word.casefold()
    if folded in _WORDS:
        return _WORDS[folded]
    if _NUMBER.fullmatch(word):
        is_whole = word.lstrip("+-").isdigit()
        return int(word) if is_whole else float(word)
    if folded.lstrip("+-") in ("nan", "infinity", "inf"):
        return float(word)
    return word


def _check_depth(name: str, text: str, value: JsonValue) -> None:
    """Refuse what is too deep; level by level, because the value may be deeper than the stack."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_JSON_DEPTH + 1):
        inner: list[JsonValue] = []
        for current in level:
            if isinstance(current, dict):
                current = list(current.values())  # noqa: PLW2901 -- its values are its children
            if isinstance(current, list):
                inner += [child for child in current if type(child) in (list, dict)]
        if not inner:
            return
        level = inner
    raise _too_deep(name, text)


def _too_deep(name: str, text: str) -> InvalidParameter:
    return InvalidParameter(name, text, f"JSON nested at most {MAX_JSON_DEPTH} deep")
