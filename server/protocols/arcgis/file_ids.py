"""Names of files for clients: item, file and the version of the service, never a path."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from engine.errors import InvalidParameter
from engine.readers.source_files import KINDS
from server.protocols.arcgis.clipped_copy import Part, part_of_text

if TYPE_CHECKING:
    from engine.readers.source_files import SourceFile
    from server.protocols.arcgis.operations.base import Question

_DIGEST_BYTES = 12
_FORM = re.compile(r"(\d{1,15})-(\d{1,4})-(\d{1,2})", re.ASCII)
_ACCEPTED = "an id that download of this service gave since it was published last"


@dataclass(frozen=True, slots=True)
class FileId:
    """A file of an item: the number of a raster file in its record, and which file beside it."""

    item: int
    number: int
    kind: int


def text_of(file: SourceFile | Part, question: Question) -> str:
    """Return the id of a file, or of a part of a raster."""
    name = file.text if isinstance(file, Part) else f"{file.item}-{file.number}-{file.kind}"
    return f"{name}-{_digest(name, question)}"


def parse_file_id(question: Question) -> FileId | Part:
    """Return the file, or the part of a raster, that the parameter `id` names.

    Raises
    ------
    InvalidParameter
        It was not given by this version of this service.
    """
    text = question.parameters.text("id")
    name, _, digest = text.rpartition("-")
    if not (text.isascii() and hmac.compare_digest(digest, _digest(name, question))):
        raise InvalidParameter("id", text, _ACCEPTED)
    part = part_of_text(name)
    if part is not None:
        return part
    match = _FORM.fullmatch(name)
    if match is None or int(match[3]) >= KINDS:
        raise InvalidParameter("id", text, _ACCEPTED)
    return FileId(*map(int, match.groups()))


def _digest(name: str, question: Question) -> str:
    told = f"{question.version}\n{question.service}\n{name}".encode()
    return blake2b(told, digest_size=_DIGEST_BYTES).hexdigest()
