"""MRF files: those that hold their own pixels, and raster proxies, which stand for another file.

References
----------
nasa-gibs/mrf, MRF user guide and specification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from engine.errors import ConfigError
from raster_types.tables.records import TableRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from raster_types.adding.author_fields import FieldKind

_MAX_BYTES = 1_000_000
_MAX_SIDE = 2_000_000
_COMPRESSIONS = frozenset(
    "NONE PNG PPNG JPEG JPNG DEFLATE ZSTD TIFF TIF LERC QB3 ZEN".split()  # noqa: SIM905 -- a list of words
)


class MrfProxy:
    """The one raster of an MRF: the file that it caches, else itself.

    Raises
    ------
    ConfigError
        It is no MRF, or one that is not accepted.
    """

    crs = ""
    is_bound = True
    count = 1

    def __init__(self, path: Path) -> None:
        self._path = path
        root = self._parsed()
        self._check(root)
        source = root.find("CachedSource/Source")
        link = (source.text or "").strip() if source is not None else ""
        if source is not None and not link:
            raise ConfigError(path, "Source", "names no file")
        self._link = link or path.name
        self.fields: Mapping[str, FieldKind] = {}
        self.notes: list[str] = []

    def _parsed(self) -> Element:
        try:
            if self._path.stat().st_size > _MAX_BYTES:
                raise ConfigError(self._path, "", "is an MRF header of more than 1 MB")
            root: Element = defusedxml.ElementTree.fromstring(
                self._path.read_bytes(), forbid_dtd=True
            )
        except OSError as err:
            raise ConfigError(self._path, "", f"cannot be read: {err.strerror}") from err
        except (defusedxml.ElementTree.ParseError, DefusedXmlException, ValueError) as err:
            raise ConfigError(self._path, "", f"cannot be read as XML: {err!r}") from err
        if root.tag != "MRF_META":
            raise ConfigError(self._path, "", f"is no MRF: it begins with <{root.tag}>")
        return root

    def _check(self, root: Element) -> None:
        for name in ("Size", "PageSize"):
            found = root.find(f"Raster/{name}")
            sides = [found.get(side, "") for side in ("x", "y")] if found is not None else []
            if not sides or any(not s.isdigit() or not 1 <= int(s) <= _MAX_SIDE for s in sides):
                raise ConfigError(self._path, name, f"expected x and y from 1 to {_MAX_SIDE}")
        compression = (root.findtext("Raster/Compression") or "PNG").strip().upper()
        if compression not in _COMPRESSIONS:
            known = ", ".join(sorted(_COMPRESSIONS))
            raise ConfigError(
                self._path, "Compression", f"{compression[:40]} is unknown; known: {known}"
            )

    def rows(self) -> Iterator[TableRow]:
        """See `RasterTable.rows`."""
        yield TableRow(link=self._link, name=self._path.stem)
