"""What items were before they were balanced, kept in the catalog so that it can be taken back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from engine.summary import BandStatistics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.build.service_table import ServiceTable

_PREFIX = "balance:"
_SUMMARY = "balance"


class KeptRecord(msgspec.Struct, frozen=True):
    """The field Raster of an item before, and a digest of what the balance wrote instead."""

    former: str
    made: str


class BalanceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The last balance of a definition.

    Attributes
    ----------
    items : int
        With a correction.
    step_before, step_after : one a band
        Mean difference of neighbours in their overlaps, in units of the samples.
    statistics_before : one a band, or ()
        Of the service, as they were before the first balance.
    """

    method: str
    target: str = ""
    items: int = 0
    overlaps: int = 0
    step_before: tuple[float, ...] = ()
    step_after: tuple[float, ...] = ()
    statistics_before: tuple[BandStatistics, ...] = ()


_encoder = msgspec.msgpack.Encoder()


def digest(text: str) -> str:
    """Return what stands for a field Raster."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def kept_records(table: ServiceTable) -> dict[int, KeptRecord]:
    """Return what is kept, by OBJECTID."""
    rows = table.execute(
        "SELECT key, value FROM swath_state WHERE key LIKE ?", (f"{_PREFIX}%",)
    ).fetchall()
    return {
        int(str(key).removeprefix(_PREFIX)): msgspec.msgpack.decode(bytes(value), type=KeptRecord)
        for key, value in rows
    }


def keep_record(table: ServiceTable, fid: int, record: KeptRecord) -> None:
    """Keep what an item was."""
    table.set_state(f"{_PREFIX}{fid}", _encoder.encode(record))


def forget_records(table: ServiceTable, fids: Iterable[int]) -> None:
    """Forget what items were."""
    for fid in fids:
        table.execute("DELETE FROM swath_state WHERE key = ?", (f"{_PREFIX}{fid}",))


def balance_summary(table: ServiceTable) -> BalanceSummary | None:
    """Return what is known of the last balance, None where the definition has none."""
    packed = table.state(_SUMMARY)
    return msgspec.msgpack.decode(packed, type=BalanceSummary) if packed else None


def set_balance_summary(table: ServiceTable, summary: BalanceSummary | None) -> None:
    """Keep it; None forgets it."""
    if summary is None:
        table.execute("DELETE FROM swath_state WHERE key = ?", (_SUMMARY,))
    else:
        table.set_state(_SUMMARY, _encoder.encode(summary))
