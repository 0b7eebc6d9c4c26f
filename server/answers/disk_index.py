"""What is on disk, in the order of its use; plain data, no files and no threads."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True, eq=False)
class Group:
    """The pictures of one version of one service."""

    service: str
    version: str
    pictures: int = 0
    bytes: int = 0


@dataclass(slots=True, eq=False)
class Picture:
    """One picture on disk."""

    group: Group
    size: int


class DiskIndex:
    """Pictures by name, those used longest ago first."""

    def __init__(self) -> None:
        self._pictures: OrderedDict[bytes, Picture] = OrderedDict()
        self._groups: dict[tuple[str, str], Group] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._pictures)

    def __contains__(self, name: bytes) -> bool:
        return name in self._pictures

    def use(self, name: bytes) -> None:
        """Note that a picture has been used."""
        if name in self._pictures:
            self._pictures.move_to_end(name)

    def add(self, name: bytes, service: str, version: str, size: int) -> None:
        """Add a picture as the latest used."""
        self.drop(name)
        group = self._groups.get((service, version))
        if group is None:
            group = self._groups[service, version] = Group(service, version)
        group.pictures += 1
        group.bytes += size
        self.bytes += size
        self._pictures[name] = Picture(group, size)

    def make_oldest(self, name: bytes) -> None:
        """Put a picture at the end that goes first."""
        self._pictures.move_to_end(name, last=False)

    def drop(self, name: bytes) -> Picture | None:
        """Forget a picture and return it."""
        found = self._pictures.pop(name, None)
        if found is not None:
            self.bytes -= found.size
            found.group.pictures -= 1
            found.group.bytes -= found.size
            if not found.group.pictures:
                del self._groups[found.group.service, found.group.version]
        return found

    def drop_oldest(self) -> tuple[bytes, Picture]:
        """Forget the picture used longest ago and return it."""
        name = next(iter(self._pictures))
        found = self.drop(name)
        assert found is not None
        return name, found

    def drop_groups(self, groups: list[Group]) -> int:
        """Forget all pictures of some groups and return how many these were."""
        gone = {id(group) for group in groups}
        names = [name for name, each in self._pictures.items() if id(each.group) in gone]
        for name in names:
            self.drop(name)
        return len(names)

    def groups(self) -> Iterator[Group]:
        """Yield the groups that have pictures."""
        yield from self._groups.values()
