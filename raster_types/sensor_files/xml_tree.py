"""XML of vendors, parsed without doctypes, entities or anything from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from engine.errors import InvalidParameter

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# The largest RPC files have a few hundred kilobytes; what is larger is something else.
_MAX_CHARACTERS = 16_000_000


def parse_xml(kind: str, text: str) -> Element:
    """Return the root element, names without their namespaces.

    Raises
    ------
    InvalidParameter
        Not well-formed, too large, or with a DOCTYPE or an entity.
    """
    if len(text) > _MAX_CHARACTERS:
        raise InvalidParameter(kind, f"{len(text)} characters", f"at most {_MAX_CHARACTERS}")
    try:
        root: Element = fromstring(text.lstrip("\ufeff \t\r\n"), forbid_dtd=True)
    except DefusedXmlException as err:
        raise InvalidParameter(kind, "a DOCTYPE or entity", "XML without DOCTYPE") from err
    except (ParseError, ValueError) as err:
        raise InvalidParameter(kind, err, "well-formed XML") from err
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root
