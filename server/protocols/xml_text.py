"""XML written element by element; whatever goes in comes out as text, never as markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

Element = ET.Element
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def root(name: str, attributes: Mapping[str, str]) -> Element:
    """Return a new document's element."""
    return ET.Element(name, {key: _clean(value) for key, value in attributes.items()})


def add(
    parent: Element, name: str, text: str = "", attributes: Mapping[str, str] | None = None
) -> Element:
    """Add an element with text; characters that XML cannot hold are left out."""
    element = ET.SubElement(parent, name, {k: _clean(v) for k, v in (attributes or {}).items()})
    element.text = _clean(text) or None
    return element


def add_known(parent: Element, name: str, text: str) -> None:
    """Add an element where there is something to say."""
    if text.strip():
        add(parent, name, text.strip())


def document(element: Element, doctype: str = "") -> bytes:
    """Return a whole document in UTF-8.

    Parameters
    ----------
    doctype
        `<!DOCTYPE …>`, a constant of the caller's.
    """
    ET.indent(element)
    body = ET.tostring(element, encoding="unicode")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *([doctype] if doctype else []), body, ""]
    return "\n".join(lines).encode()


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
