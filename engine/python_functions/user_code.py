"""Users' Python: how a file is loaded, and how what goes wrong in it is told.

Rule: this module runs code of others. It is imported in a process that is made for that, and in tests.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from engine.python_functions.messages import Failed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

_MOST_TRACEBACK = 20_000
_MOST_WHY = 300
# Names of files are nobody's business outside.
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[\\/][\w .+@~-]+){2,}")


class UserFault(Exception):
    """What a function gave or said cannot be; the text says what, for its author."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.why = why
        self.line = line


def load_class(file: Path) -> type[Any]:
    """Import a file and return the class of its raster function.

    That is the one called as the file is, else the only one with `getParameterInfo`. Modules beside the file can
    be imported by it.

    Raises
    ------
    UserFault
        There is no such class.
    Exception
        Whatever the file raises.
    """
    sys.path.insert(0, str(file.parent))
    name = file.stem
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UserFault("the file is not one of Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return _chosen(module, name)


def _chosen(module: ModuleType, name: str) -> type[Any]:
    own = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and callable(getattr(each, "getParameterInfo", None))
    ]
    named = [each for each in own if each.__name__.casefold() == name.casefold()]
    found = named or own
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserFault("no class in the file has the method getParameterInfo")
    names = ", ".join(each.__name__ for each in found)
    raise UserFault(f"which class is meant: {names}? Call the file like it")


def guarded(file: Path, work: Callable[[], Any]) -> Any:
    """Run something of a user's; return what it does, or `Failed`."""
    try:
        return work()
    except UserFault as fault:
        return Failed(why=fault.why, line=fault.line)
    except MemoryError as err:
        why = "it takes more memory than it may"
        return Failed(why=why, line=_line(err, file), traceback=_told(err), is_spent=True)
    except KeyboardInterrupt:
        raise
    except BaseException as err:
        # Also sys.exit() in a user's code is its failure alone.
        why = _shown(f"{type(err).__name__}: {err}" if str(err) else type(err).__name__)
        return Failed(why=why, line=_line(err, file), traceback=_told(err))


def _shown(text: str) -> str:
    """Return the text of an error as one line without names of files."""
    clean = _PATH.sub("…", " ".join(text.split()))
    return clean.rstrip(".")[:_MOST_WHY]


def _line(error: BaseException, file: Path) -> int:
    """Return the last line of a file on the way of an error, 0 = it is not on it."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(file)]
    return (lines[-1] or 0) if lines else 0


def _told(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-_MOST_TRACEBACK:]
