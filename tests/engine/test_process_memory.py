"""What all services of a process share."""

from __future__ import annotations

import threading

from engine.budget import InstanceMemory
from engine.process_memory import ProcessMemory, process_memory


def test_a_process_has_one_memory() -> None:
    assert process_memory() is process_memory(InstanceMemory())


def test_blocks_are_shared_by_threads_and_open_files_are_not() -> None:
    memory = ProcessMemory(InstanceMemory())
    found: list[object] = []

    def look() -> None:
        found.extend((memory.blocks, memory.handles, memory.nodes))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found[0] is memory.blocks
    assert found[1] is not memory.handles
    assert found[2] is not memory.nodes
    assert memory.handles is memory.handles
