"""Warnings that come again and again: a few are written, then a count."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

_BURST = 10
_WINDOW_S = 30.0
_MAX_KINDS = 500


@dataclass(slots=True)
class _Kind:
    since: float
    written: int = 0
    left_out: int = 0


class FloodFilter(logging.Filter):
    """Lets ten warnings of a kind pass in half a minute, then counts them.

    A kind is the logger and the text before its values are put in. The next line of that kind after the
    half minute says how many were left out. Errors always pass: each has a reference somebody may ask for.
    """

    def __init__(self, burst: int = _BURST, window_s: float = _WINDOW_S) -> None:
        super().__init__()
        self._burst = burst
        self._window_s = window_s
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is written, and add to it what was left out before."""
        if record.levelno != logging.WARNING:
            return True
        key, now = (record.name, str(record.msg)), time.monotonic()
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= _MAX_KINDS:
                self._kinds.clear()
            kind = self._kinds[key] = _Kind(now)
        left_out = 0
        if now - kind.since > self._window_s:
            left_out = kind.left_out
            kind.since, kind.written, kind.left_out = now, 0, 0
        if kind.written >= self._burst:
            kind.left_out += 1
            return False
        kind.written += 1
        if left_out:
            record.msg = f"{record.getMessage()} (and {left_out} more like it before)"
            record.args = ()
        elif kind.written == self._burst:
            record.msg = (
                f"{record.getMessage()} (more like it are counted for {self._window_s:g} s)"
            )
            record.args = ()
        return True
