"""The process in which one registered function runs, and nothing else.

Started as `python -P -m server.python_functions.worker --socket FD --file FILE --memory BYTES --time SECONDS`.
It ends when its socket closes. Limits are the kernel's: memory by RLIMIT_AS, time by an alarm that nothing
handles, which is the last resort where the instance that asked has gone and cannot kill it.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from engine.python_functions.hosted import HostedFunction
from engine.python_functions.messages import Bind, Compute, Computed, Describe, Failed, Question
from engine.python_functions.user_code import guarded
from server.python_functions.channel import ChannelClosed, receive, receive_blocks, send, shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.pixels import PixelBlock

_decoder: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
# The instance kills first.
_GRACE_S = 5.0
_PAGE = resource.getpagesize()
# The kernel's out-of-memory killer begins with the greatest.
_FIRST_TO_GO = "1000"


def main() -> None:
    """Load the function, then answer questions until the socket closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--memory", type=int, required=True)
    parser.add_argument("--time", type=float, required=True)
    options = parser.parse_args()
    _limit(options.memory)
    with socket.socket(fileno=options.socket) as sock:
        # What the function does with descriptors it finds is its own; what it prints goes to the log.
        os.dup2(2, 1)
        _Server(sock, options.file, options.time).run()


def _limit(memory: int) -> None:
    """Let this process grow by so many bytes beyond what it has, and leave no core behind."""
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * _PAGE
    resource.setrlimit(resource.RLIMIT_AS, (held + memory, held + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO, encoding="ascii")


class _Server:
    def __init__(self, sock: socket.socket, file: Path, time_s: float) -> None:
        self._sock = sock
        self._file = file
        self._time_s = time_s
        self._function: HostedFunction | None = None

    def run(self) -> None:
        is_spent = False
        while not is_spent:
            try:
                question = _decoder.decode(receive(self._sock))
                shapes = question.blocks if isinstance(question, Compute) else ()
                blocks = receive_blocks(self._sock, shapes)
            except ChannelClosed:
                return
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, self._time_s + _GRACE_S)
            answer = guarded(self._file, partial(self._answer, question, blocks))
            signal.setitimer(signal.ITIMER_REAL, 0)
            if isinstance(answer, tuple):
                message, made = answer
                send(self._sock, message, [made])
                continue
            is_spent = isinstance(answer, Failed) and answer.is_spent
            send(self._sock, answer)

    def _answer(
        self, question: Question, blocks: Sequence[PixelBlock]
    ) -> msgspec.Struct | tuple[Computed, PixelBlock]:
        if self._function is None:
            self._function = HostedFunction(self._file)
        if isinstance(question, Describe):
            return self._function.describe()
        if isinstance(question, Bind):
            return self._function.bind(question)
        made = self._function.compute(question, blocks)
        return Computed(block=shape_of(made)), made


if __name__ == "__main__":
    main()
