"""Pictures that wait to be fetched: the links of exports, which live for a stated time.

What is kept is the question, not the pixels: a picture is rendered when it is fetched (or comes from the
response cache), so a link costs some hundred bytes whatever the picture's size, and large TIFFs stream.
Names are keyed digests of the question: nobody guesses one, and who asks again gets the same link with
its time begun anew.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from engine.errors import NotFound
from engine.request import ImageRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.instances.job import Job

# Some 25,000 links of ordinary exports; part of the front's own memory.
MOST_BYTES = 16 * 1024 * 1024
# What an entry takes beside the question: keys, names, times.
_ENTRY_BYTES = 512
_NAME_BYTES = 16
_decoder = msgspec.msgpack.Decoder(ImageRequest)


class OutputGone(NotFound):
    """No picture waits under this name, or no longer."""

    def __init__(self, life_s: float) -> None:
        super().__init__(life_s)

    def __str__(self) -> str:
        return (
            f"This picture is not here; links of exports live for {self.fields[0]:g} s. "
            "Export it again."
        )


@dataclass(frozen=True, slots=True)
class OutputPicture:
    """A picture that may be fetched for `left_s` more seconds."""

    service: str
    operation: str
    protocol: str
    request: ImageRequest
    left_s: float


@dataclass(frozen=True, slots=True)
class _Kept:
    service: str
    operation: str
    protocol: str
    question: bytes
    shared: object
    ends: float

    @property
    def size(self) -> int:
        return len(self.question) + _ENTRY_BYTES


class OutputPictures:
    """The links that are alive; beyond `most_bytes` the oldest go first.

    Parameters
    ----------
    life_s
        How long a link lives after it was given last.
    shared_with
        Tells who may see a service: links are fetched without a login, so they end when that changes.
    clock
        Seconds that never jump.
    """

    def __init__(
        self,
        life_s: float,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
        shared_with: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._life_s = life_s
        self._shared_with = shared_with
        self._most_bytes = most_bytes
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        # In the order in which they end, because all live equally long.
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, job: Job, extension: str) -> str:
        """Keep the picture that a job asks for and return its file name."""
        if not isinstance(job.request, ImageRequest):
            raise TypeError(f"a picture of {type(job.request).__name__}")
        question = job.encoded_request()
        digest = blake2b(key=self._secret, digest_size=_NAME_BYTES)
        # Of another version is another link: browsers keep what they fetched as long as a link lives.
        digest.update(f"{job.service.name}\0{job.service.version}\0".encode() + question)
        name = f"_ags_{digest.hexdigest()}.{extension}"
        self._drop(name)
        now = self._clock()
        kept = _Kept(
            job.service.name,
            job.operation,
            job.protocol,
            question,
            self._shared_with(job.service.name),
            now + self._life_s,
        )
        self._kept[name] = kept
        self.bytes += kept.size
        self._tidy(now)
        return name

    def find(self, name: str) -> OutputPicture:
        """Return the picture of a file name.

        Raises
        ------
        OutputGone
        """
        kept = self._kept.get(name)
        left_s = 0.0 if kept is None else kept.ends - self._clock()
        if kept is None or left_s <= 0 or kept.shared != self._shared_with(kept.service):
            raise OutputGone(self._life_s)
        request = _decoder.decode(kept.question)
        return OutputPicture(kept.service, kept.operation, kept.protocol, request, left_s)

    def _tidy(self, now: float) -> None:
        """Let go what has ended, and the oldest while there is too much; the newest stays."""
        while len(self._kept) > 1:
            oldest = next(iter(self._kept))
            if self._kept[oldest].ends > now and self.bytes <= self._most_bytes:
                return
            self._drop(oldest)

    def _drop(self, name: str) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            self.bytes -= kept.size
