"""One kept picture as a file: magic, digest of all that follows, head, body.

The digest covers key, head and body: a file that was cut, damaged or put in another's place is no answer.
"""

from __future__ import annotations

import struct
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from server.instances.job import Reply
from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from server.answers.response_cache import Key

_MAGIC = b"SWATHA1\n"
_DIGEST_BYTES = 16
_NAME_BYTES = 16
_LENGTH = struct.Struct("<I")
_FRONT_BYTES = len(_MAGIC) + _DIGEST_BYTES + _LENGTH.size


class DamagedFile(ValueError):
    """A file is not the whole answer to the question it is named after."""


class _Head(msgspec.Struct, array_like=True, frozen=True):
    program: str
    version: str
    service: str
    question: bytes
    media_type: str
    headers: tuple[tuple[str, str], ...]
    made: float  # seconds since 1970
    body_bytes: int


_decoder = msgspec.msgpack.Decoder(_Head)


def name_of(key: Key) -> bytes:
    """Return the name of a question's file as bytes; another program version asks for other files."""
    version, service, question = key
    digest = blake2b(digest_size=_NAME_BYTES)
    digest.update(f"{PROGRAM_VERSION}\0{version}\0{service}\0".encode())
    digest.update(question)
    return digest.digest()


def encode(key: Key, reply: Reply) -> bytes:
    """Return what stands in a file before the body."""
    version, service, question = key
    head = msgspec.msgpack.encode(
        _Head(
            program=PROGRAM_VERSION,
            version=version,
            service=service,
            question=question,
            media_type=reply.media_type,
            headers=reply.headers,
            made=time.time() - (time.monotonic() - reply.made),
            body_bytes=len(reply.body),
        )
    )
    length = _LENGTH.pack(len(head))
    digest = blake2b(length, digest_size=_DIGEST_BYTES)
    digest.update(head)
    digest.update(reply.body)
    return b"".join((_MAGIC, digest.digest(), length, head))


def decode(key: Key, data: bytes) -> Reply:
    """Return the answer in a file.

    Raises
    ------
    DamagedFile
    """
    rest = memoryview(data)[len(_MAGIC) + _DIGEST_BYTES :]
    if len(data) < _FRONT_BYTES or not data.startswith(_MAGIC):
        raise DamagedFile("is no kept answer")
    digest = blake2b(rest, digest_size=_DIGEST_BYTES).digest()
    if digest != data[len(_MAGIC) : len(_MAGIC) + _DIGEST_BYTES]:
        raise DamagedFile("is cut or damaged")
    (head_bytes,) = _LENGTH.unpack(rest[: _LENGTH.size])
    try:
        head = _decoder.decode(rest[_LENGTH.size : _LENGTH.size + head_bytes])
    except msgspec.DecodeError as err:
        raise DamagedFile(f"has an unknown head ({err})") from err
    if (head.program, head.version, head.service, head.question) != (PROGRAM_VERSION, *key):
        raise DamagedFile("answers another question")
    body = bytes(rest[_LENGTH.size + head_bytes :])
    if len(body) != head.body_bytes:
        raise DamagedFile("has a body of another length")
    age_s = max(0.0, time.time() - head.made)
    return Reply(
        media_type=head.media_type,
        body=body,
        headers=head.headers,
        made=time.monotonic() - age_s,
    )
