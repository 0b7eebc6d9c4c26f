"""Fuzz parsers: `python -m benchmarks.campaigns.fuzz_run SERVICE.zmd SECONDS FOLDER NAME ...`.

Coverage tells what to try next (atheris, libFuzzer). Each parser has a process of its own, forked when all
is imported, because libFuzzer ends the one it runs in: at the time's end, at the first defect, or when an
input takes too long or too much memory. What it says goes to FOLDER/NAME.log, how it ended into the last line.
"""

import os
import sys
from contextlib import closing
from pathlib import Path

import atheris

from engine.zmd import connect_read_only, read_summary

_INPUT_S = 10
_MEMORY_MB = 3000
_LONGEST = 4096


def main() -> None:
    """Run each parser until its time is over or something is found."""
    compiled, seconds, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    with atheris.instrument_imports(
        include=[
            "server.protocols",
            "server.access",
            "engine.where",
            "engine.where_tokens",
            "config",
        ]
    ):
        from benchmarks.campaigns.fuzz_targets import (  # noqa: PLC0415 -- only what is imported here is instrumented
            REFUSALS,
            Target,
            targets,
        )

    with closing(connect_read_only(compiled)) as handle:
        summary = read_summary(handle, compiled)
    rasters = tuple(path.read_bytes() for path in sorted((folder / "rasters").glob("*")))
    known = targets(summary, rasters, folder)

    def fuzz(name: str, target: Target) -> None:
        def try_input(data: bytes) -> None:
            try:
                target.read(data)
            except REFUSALS:
                return

        corpus = folder / name
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        arguments = [f"-max_total_time={seconds}", f"-timeout={_INPUT_S}", "-print_final_stats=1"]
        arguments += [f"-rss_limit_mb={_MEMORY_MB}", "-seed=1", f"-artifact_prefix={folder}/found-"]
        # A file's header lies at its beginning; texts of more than a page add nothing.
        longest = max((_LONGEST, *(len(seed) for seed in target.seeds)))
        atheris.Setup([sys.argv[0], *arguments, f"-max_len={longest}", str(corpus)], try_input)
        atheris.Fuzz()

    for name in sys.argv[4:]:
        log = (folder / f"{name}.log").open("wb", buffering=0)
        child = os.fork()
        if child == 0:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            fuzz(name, known[name])
        _, status = os.waitpid(child, 0)
        log.write(f"\nended {os.waitstatus_to_exitcode(status)}\n".encode())
        log.close()


if __name__ == "__main__":
    main()
