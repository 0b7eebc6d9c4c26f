"""Fetches what an operator names: bounded in time, size and redirects, over kept connections."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from engine.errors import SourceUnavailable
from server.comparison.address import shown_url
from server.version import PROGRAM_VERSION

if TYPE_CHECKING:
    from types import TracebackType

_MAX_REDIRECTS = 3
_MAX_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `seconds` from asking to the last byte, `url` as it may be shown."""

    url: str
    status: int
    media_type: str
    body: bytes
    seconds: float


class Fetcher:
    """A client for one comparison; may be used by several threads.

    Parameters
    ----------
    timeout_s : float
        For a whole answer, redirects and all its bytes included.
    max_bytes : int
        Largest body that is taken.
    """

    def __init__(self, timeout_s: float, max_bytes: int = _MAX_BYTES) -> None:
        self._timeout_s, self._max_bytes = timeout_s, max_bytes
        self._client = httpx.Client(
            timeout=timeout_s,
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
            # The authorities that this machine trusts: servers within a company have none other.
            verify=ssl.create_default_context(),
            # A picture is compressed already, and a bomb cannot be.
            headers={
                "User-Agent": f"swath-compare/{PROGRAM_VERSION}",
                "Accept-Encoding": "identity",
            },
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, url: str) -> Answer:
        """Return the answer to a GET, whatever its status.

        Raises
        ------
        SourceUnavailable
            No answer within the time, too large a one, too many redirects, or no connection.
        """
        shown = shown_url(url)
        started = time.perf_counter()
        try:
            with self._client.stream("GET", url) as response:
                body = self._body(response, shown, started + self._timeout_s)
                media_type = response.headers.get("Content-Type", "").partition(";")[0]
                status = response.status_code
        except httpx.TimeoutException as err:
            raise self._late(shown) from err
        except httpx.TooManyRedirects as err:
            raise SourceUnavailable(shown, f"more than {_MAX_REDIRECTS} redirects") from err
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            raise SourceUnavailable(shown, f"no answer: {str(err) or type(err).__name__}") from err
        seconds = time.perf_counter() - started
        return Answer(shown, status, media_type.strip().casefold(), body, seconds)

    def _body(self, response: httpx.Response, shown: str, ends: float) -> bytes:
        parts, size = [], 0
        # Raw: what is encoded in spite of our words is no picture, and is told as such.
        for part in response.iter_raw():
            size += len(part)
            if size > self._max_bytes:
                raise SourceUnavailable(
                    shown, f"the answer is longer than {self._max_bytes:,} bytes"
                )
            if time.perf_counter() > ends:
                raise self._late(shown)
            parts.append(part)
        return b"".join(parts)

    def _late(self, shown: str) -> SourceUnavailable:
        return SourceUnavailable(shown, f"no whole answer within {self._timeout_s:g} s (--timeout)")
