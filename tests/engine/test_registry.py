"""A registry finds by any case, and names what it knows."""

from __future__ import annotations

import pytest

from engine.registry import Registry

_registry = Registry("output format", {"png": 1, "jpgPNG": 2})


@pytest.mark.parametrize("name", ["jpgPNG", "JPGPNG", "jpgpng"])
def test_names_are_found_whatever_their_case(name: str) -> None:
    assert _registry[name] == 2
    assert name in _registry
    assert _registry.own_name(name) == "jpgPNG"


def test_entries_keep_their_order_and_spelling() -> None:
    assert list(_registry) == ["png", "jpgPNG"]
    assert len(_registry) == 2


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"unknown output format 'tga'; known: png, jpgPNG"):
        _registry["tga"]
    assert _registry.get("tga") is None


@pytest.mark.parametrize("key", [None, 3, ("png",)])
def test_what_is_no_text_is_not_in_a_registry(key: object) -> None:
    assert key not in _registry


def test_names_that_differ_only_in_case_are_refused() -> None:
    with pytest.raises(ValueError, match="'output format'"):
        Registry("output format", {"png": 1, "PNG": 2})
