"""XML of strangers: bounded, without entities, without anything that is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

MAX_XML_BYTES = 600_000_000


def parts_of_xml(path: Path) -> Iterator[tuple[str, Element]]:
    """Yield ("start" or "end", element) of a file, in its order.

    Raises
    ------
    ConfigError
        It cannot be read, is no XML or larger than allowed.
    """
    try:
        if path.stat().st_size > MAX_XML_BYTES:
            raise ConfigError(path, "", f"is larger than {MAX_XML_BYTES // 1_000_000} MB")
        with path.open("rb") as file:
            yield from defusedxml.ElementTree.iterparse(
                file, events=("start", "end"), forbid_dtd=True
            )
    except OSError as err:
        raise ConfigError(path, "", f"cannot be read: {err.strerror}") from err
    except DefusedXmlException as err:
        why = "declares a document type or entities, which are not accepted"
        raise ConfigError(path, "", why) from err
    except (defusedxml.ElementTree.ParseError, ValueError) as err:
        raise ConfigError(path, "", f"is no XML that can be read: {err}") from err
