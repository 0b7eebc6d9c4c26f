"""Records of arguments: what the reader of rendering rules relies on, for every function.

Covers engine.function_rules.base, engine.function_rules.samples and engine.function_rules.outside.
"""

from __future__ import annotations

import typing

import msgspec
import pytest

from engine.function_rules import FunctionArguments, FunctionRule, OutsideRule
from engine.functions import FUNCTIONS
from engine.request_parts import RenderingRule

KINDS: tuple[type[FunctionRule], ...] = typing.get_args(FunctionArguments)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_names_a_function_that_is_there(kind: type[FunctionRule]) -> None:
    if kind is not OutsideRule:
        assert str(kind.__struct_config__.tag) in FUNCTIONS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_record_travels_and_is_a_key(kind: type[FunctionRule]) -> None:
    rule = RenderingRule(function=str(kind.__struct_config__.tag), arguments=kind())  # type: ignore[arg-type]  # -- the kinds are those of FunctionArguments
    packed = msgspec.msgpack.encode(rule)
    again = msgspec.msgpack.decode(packed, type=RenderingRule)
    assert again == rule
    assert hash(again) == hash(rule)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_words_are_those_of_fields(kind: type[FunctionRule]) -> None:
    fields = {field.name for field in msgspec.structs.fields(kind)}
    assert set(kind.words) <= fields
    for words in kind.words.values():
        assert all(word == word.casefold().replace(" ", "") for word in words)


def test_what_a_plug_in_is_given_stays_as_it_is() -> None:
    assert OutsideRule(text='{"a":1}').text == '{"a":1}'
