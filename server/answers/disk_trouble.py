"""A disk that fails: one warning when it begins, one when it ends, and a try now and then."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_log = logging.getLogger("swath.cache")
RETRY_S = 10.0


class DiskTrouble:
    """Whether a disk works.

    Attributes
    ----------
    why : str
        What is wrong; "" = nothing.
    """

    def __init__(self, folder: Path, retry_s: float = RETRY_S) -> None:
        self._folder = folder
        self._retry_s = retry_s
        self._writes_again = 0.0
        self._reads_again = 0.0
        self.why = ""

    def note(self, error: BaseException) -> None:
        """Take note of a failure."""
        why = (getattr(error, "strerror", "") or str(error)) or "it does not answer in time"
        if not self.why:
            _log.warning(
                "pictures cannot be kept in %s (%s); they are served all the same",
                self._folder,
                why,
            )
        self.why = why
        self._writes_again = time.monotonic() + self._retry_s
        if isinstance(error, TimeoutError):
            # One file that cannot be read is no reason; a disk that hangs would hold up every asker.
            self._reads_again = self._writes_again

    def end(self) -> None:
        """Take note of a success."""
        if self.why:
            _log.warning("pictures are kept in %s again", self._folder)
            self.why = ""

    def may_write(self) -> bool:
        """Tell whether to write; while there is trouble, yes once in a while."""
        if not self.why:
            return True
        now = time.monotonic()
        if now < self._writes_again:
            return False
        self._writes_again = now + self._retry_s
        return True

    def may_read(self) -> bool:
        """Tell whether to read."""
        return not self.why or time.monotonic() >= self._reads_again
