"""Registered functions outside a server: in a command, while it reads and measures rules that name them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.python_functions.runner import use_runner
from server.python_functions.folder import functions_folder
from server.python_functions.known import FunctionRegistry, forget_functions
from server.python_functions.workers import PythonWorkers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def registered_functions(data: Path) -> Iterator[None]:
    """Know and run the functions of a data folder, which need not be there, until the block ends."""
    FunctionRegistry(data).poll()
    workers = PythonWorkers(functions_folder(data))
    use_runner(workers)
    try:
        yield
    finally:
        workers.close()
        use_runner(None)
        forget_functions()
