"""A PostgreSQL with PostGIS of our own: made in a temporary folder, on a socket there, and ended."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWNER = "postgres"
DATABASE = "imagery"
# The user `careful` needs a password, all others none.
_ACCESS = "local all careful scram-sha-256\nlocal all all trust\n"
_SETTINGS = """
listen_addresses = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 64MB
max_wal_size = 512MB
jit = off
"""


def find_binaries() -> Path | None:
    """Return the folder of initdb and postgres; None where they are not installed with PostGIS."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for home in homes:
        name = home.parent.name
        has_postgis = Path(f"/usr/share/postgresql/{name}/extension/postgis.control").is_file()
        if has_postgis and (home / "initdb").is_file():
            return home
    return None


@contextmanager
def running_server(binaries: Path, settings: str = "") -> Iterator[str]:
    """Run a server and yield the address of an empty database with PostGIS."""
    folder = Path(tempfile.mkdtemp(prefix="swath-pg-"))
    try:
        # A server refuses to run as root.
        if os.geteuid() == 0:
            shutil.chown(folder, _OWNER, _OWNER)
        data = folder / "data"
        _run(
            binaries / "initdb", "-D", data, "-U", _OWNER, "-E", "UTF8", "--no-sync", "--no-locale"
        )
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"{_SETTINGS}unix_socket_directories = '{folder}'\n{settings}")
        (data / "pg_hba.conf").write_text(_ACCESS)
        _run(binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "start")
        try:
            for database, sql in (
                ("postgres", f"CREATE DATABASE {DATABASE}"),
                (DATABASE, "CREATE EXTENSION postgis"),
            ):
                _run(binaries / "psql", "-qh", folder, "-d", database, "-c", sql)
            yield f"postgresql:///{DATABASE}?host={folder}&user={_OWNER}"
        finally:
            _run(binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _run(*command: str | Path) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["setpriv", f"--reuid={_OWNER}", f"--regid={_OWNER}", "--clear-groups", *words]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd="/")
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
