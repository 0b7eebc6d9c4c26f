"""Vendors' "key = value;" files with groups (IMD, TIL, PVL) as plain texts."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field

_LINE = re.compile(r"[ \t]*(\w+)[ \t]*=[ \t]*([^;\r\n]*)")
_MAX_GROUPS = 100_000


@dataclass(slots=True)
class OdlGroup:
    """One group.

    Attributes
    ----------
    texts : dict
        By key in lower case, without quotes; lists are left out.
    groups : list of OdlGroup
        Inside this one.
    """

    name: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    groups: list[OdlGroup] = field(default_factory=list)

    def flat(self) -> dict[str, str]:
        """Return all texts of the group and those inside; the first of equal keys counts."""
        found: dict[str, str] = {}
        waiting = deque([self])
        while waiting:
            group = waiting.popleft()
            for key, text in group.texts.items():
                found.setdefault(key, text)
            waiting.extend(group.groups)
        return found


def read_odl(text: str) -> OdlGroup:
    """Return the groups of a file as a tree; lines that say nothing are passed over."""
    top = OdlGroup()
    stack = [top]
    count = 0
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        key, value = match[1].lower(), match[2].strip().strip('"')
        if key == "begin_group":
            if count == _MAX_GROUPS:
                break
            group = OdlGroup(value)
            stack[-1].groups.append(group)
            stack.append(group)
            count += 1
        elif key == "end_group":
            # One too many closes nothing.
            stack = stack[:-1] or [top]
        elif not value.startswith("("):
            stack[-1].texts.setdefault(key, value)
    return top
