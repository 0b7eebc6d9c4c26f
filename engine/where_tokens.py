"""Tokens of where clauses: names, numbers, quoted texts and signs, each with its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from engine.errors import InvalidParameter

MAX_CHARS = 65_536
_MAX_SHOWN_BEFORE = 20

TokenKind = Literal["name", "number", "text", "sign", "end"]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
    | (?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)
    | "(?P<quoted>(?:[^"]|"")*)"
    | '(?P<text>(?:[^']|'')*)'
    | (?P<sign><>|!=|<=|>=|\|\||[=<>(),+\-*/])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes
    ----------
    text : str
        Names as written, texts without their quotes.
    place : int
        Index of its first character.
    """

    kind: TokenKind
    text: str
    place: int
    is_quoted: bool = False

    def is_word(self, *words: str) -> bool:
        """Tell whether this is one of the given keywords (upper case)."""
        return self.kind == "name" and not self.is_quoted and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        """Tell whether this is one of the given signs."""
        return self.kind == "sign" and self.text in signs


def where_error(source: str, place: int, accepted: str) -> InvalidParameter:
    """Return the error that points at a place of a where clause."""
    start = max(0, place - _MAX_SHOWN_BEFORE)
    shown = ("…" if start else "") + source[start:place] + "⟨here⟩" + source[place : place + 30]
    return InvalidParameter("where", shown, f"{accepted} at character {place + 1}")


def tokenize(source: str) -> list[Token]:
    """Split a where clause; the last token is of kind "end".

    Raises
    ------
    InvalidParameter
        The text is too long or holds something that is no token.
    """
    if len(source) > MAX_CHARS:
        raise InvalidParameter("where", source, f"at most {MAX_CHARS:,} characters")
    if "\0" in source:
        raise where_error(source.replace("\0", "␀"), source.index("\0"), "printable text")
    tokens = []
    place = 0
    end = len(source.rstrip())
    while place < end:
        match = _TOKEN.match(source, place, end)
        if match is None:
            rest = place + len(source[place:]) - len(source[place:].lstrip())
            if source[rest] in "'\"":
                raise where_error(source, rest, "a text that ends with the quote it begins with")
            raise where_error(source, rest, "a field, a number, a quoted text or an operator")
        kind = str(match.lastgroup)
        text = match.group(kind)
        tokens.append(_token(kind, text, match.start(kind) - (kind in ("quoted", "text"))))
        place = match.end()
    return [*tokens, Token("end", "", end)]


def _token(kind: str, text: str, place: int) -> Token:
    match kind:
        case "quoted":
            return Token("name", text.replace('""', '"'), place, is_quoted=True)
        case "text":
            return Token("text", text.replace("''", "'"), place)
        case "number":
            return Token("number", text, place)
        case "name":
            return Token("name", text, place)
    return Token("sign", text, place)
