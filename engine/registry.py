"""A checked mapping from names to plug-ins; each registry is a visible dict in a package.

Other distributions join by entry points of the registry's group (see `engine.contract`). They are looked
for when a name is asked for that is not Swath's own, or when all names are listed: never at import.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar, cast

from engine.contract import PluginFailed, entry_points_of

T = TypeVar("T")

_log = logging.getLogger("swath.plugins")


class Registry(Mapping[str, T], Generic[T]):
    """Names to objects; look-up ignores case, and an unknown name lists the known ones.

    Parameters
    ----------
    kind
        What the registry holds, for messages ("output format").
    entries
        Name to object. Two names that differ only in case are an error.
    group
        Group of entry points by which other distributions join; "" = none may.

    Raises
    ------
    PluginFailed
        Where the name is that of a plug-in which cannot be loaded.
    """

    def __init__(self, kind: str, entries: Mapping[str, T], group: str = "") -> None:
        self.kind, self.group = kind, group
        self._entries = dict(entries)
        self._by_folded = {name.casefold(): name for name in entries}
        if len(self._by_folded) != len(self._entries):
            raise ValueError(f"two entries of registry {kind!r} differ only in case")
        self._own = frozenset(self._by_folded)
        self._failed: dict[str, PluginFailed] = {}
        self._is_joined = not group

    def is_own(self, name: str) -> bool:
        """Tell whether a name is Swath's own, and no plug-in's."""
        return name.casefold() in self._own

    def failed(self) -> list[PluginFailed]:
        """Return what is wrong with plug-ins that could not join."""
        self._join()
        return list(self._failed.values())

    def __getitem__(self, name: str) -> T:
        folded = name.casefold()
        if folded not in self._by_folded:
            self._join()
        if folded in self._failed:
            raise self._failed[folded]
        try:
            return self._entries[self._by_folded[folded]]
        except KeyError:
            known = ", ".join(self._entries)
            raise KeyError(f"unknown {self.kind} {name!r}; known: {known}") from None

    def own_name(self, name: str) -> str:
        """Return the registry's own spelling of a name it holds."""
        if name.casefold() not in self._by_folded:
            self._join()
        return self._by_folded[name.casefold()]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        folded = name.casefold()
        if folded not in self._by_folded:
            self._join()
        return folded in self._by_folded or folded in self._failed

    def __iter__(self) -> Iterator[str]:
        self._join()
        return iter(self._entries)

    def __len__(self) -> int:
        self._join()
        return len(self._entries)

    def _join(self) -> None:
        if self._is_joined:
            return
        self._is_joined = True
        for entry in entry_points_of(self.group):
            folded = entry.name.casefold()
            if folded in self._by_folded:
                taken = PluginFailed(entry.name, entry.distribution, "the name is taken")
                self._fail(f"{folded} of {entry.distribution}", taken)
                continue
            try:
                self._entries[entry.name] = cast("T", entry.load())
            except PluginFailed as failure:
                self._fail(folded, failure)
                continue
            self._by_folded[folded] = entry.name

    def _fail(self, key: str, failure: PluginFailed) -> None:
        # One bad plug-in stops nothing; who asks for it is told.
        _log.warning("%s: %s", self.kind, failure)
        self._failed[key] = failure
