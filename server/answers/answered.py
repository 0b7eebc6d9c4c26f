"""An answer and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from server.instances.job import Reply


@dataclass(frozen=True, slots=True)
class Stale:
    """What is said of an answer that is no longer the best one.

    Attributes
    ----------
    etag : str
        Of the version that it was made of.
    why : str
        "revalidate": a new one is being made; "error": a new one could not be made.
    age_s : int
        Seconds since it was made.
    """

    etag: str
    why: Literal["revalidate", "error"]
    age_s: int

    def headers(self) -> dict[str, str]:
        """Return the headers that mark it; nobody shall keep it as if it were fresh.

        References
        ----------
        RFC 5861 (stale-while-revalidate, stale-if-error); RFC 9111 §5.1 (Age).
        """
        return {
            "ETag": self.etag,
            "Cache-Control": "no-cache",
            "Age": str(self.age_s),
            "X-Swath-Stale": self.why,
        }


# Not frozen: that would take each tile from memory a microsecond more.
@dataclass(slots=True, eq=False)
class Answered:
    """A reply and its origin.

    Attributes
    ----------
    kept : str
        "" = made for this question now, "hit" = kept in memory, "disk" = kept on disk.
    stale : Stale or None
        None = the answer of the version that serves.
    """

    reply: Reply
    kept: Literal["", "hit", "disk"] = ""
    stale: Stale | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it was there before it was asked for."""
        return self.kept != ""

    @property
    def cache(self) -> str:
        """Where the reply comes from, as logs and Server-Timing name it."""
        if self.stale is not None:
            return "stale"
        return self.kept or "miss"

    @property
    def stages(self) -> Mapping[str, float]:
        """Milliseconds of what was done for this request: nothing, where it was kept."""
        return {} if self.is_kept else self.reply.stages
