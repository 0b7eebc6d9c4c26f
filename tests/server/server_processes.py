"""The processes of a server under test."""

from pathlib import Path


def _children(pid):
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_instance(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text("ascii").startswith("swath-inst-")
    except FileNotFoundError:
        return False


def instances_of(process):
    """Process ids of the fork parent that was started first, and of the instances below it."""
    (parent,) = _children(process.pid)
    return parent, [pid for pid in _children(parent) if _is_instance(pid)]
