"""A checked mapping from names to plug-ins; each registry is a visible dict in a package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Names to objects; look-up ignores case, and an unknown name lists the known ones.

    Parameters
    ----------
    kind
        What the registry holds, for messages ("output format").
    entries
        Name to object. Two names that differ only in case are an error.
    """

    def __init__(self, kind: str, entries: Mapping[str, T]) -> None:
        self.kind = kind
        self._entries = dict(entries)
        self._by_folded = {name.casefold(): name for name in entries}
        if len(self._by_folded) != len(self._entries):
            raise ValueError(f"two entries of registry {kind!r} differ only in case")

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[self._by_folded[name.casefold()]]
        except KeyError:
            known = ", ".join(self._entries)
            raise KeyError(f"unknown {self.kind} {name!r}; known: {known}") from None

    def own_name(self, name: str) -> str:
        """Return the registry's own spelling of a name it holds."""
        return self._by_folded[name.casefold()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._by_folded

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
