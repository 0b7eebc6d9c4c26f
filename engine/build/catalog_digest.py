"""One digest of all that a definition holds: equal ones compile to the same service."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ConfigError
from engine.zmd import quote

if TYPE_CHECKING:
    from engine.build.definition_folder import DefinitionFolder
    from engine.build.service_table import ServiceTable

_encode = msgspec.msgpack.Encoder(enc_hook=str).encode


def catalog_digest(folder: DefinitionFolder, table: ServiceTable) -> str:
    """Return the digest of properties, items, footprints, seamlines and what build made of them.

    It reads all rows: some ten seconds for a million.
    """
    found = hashlib.blake2b(digest_size=16)
    try:
        found.update(folder.toml.read_bytes())
        own = [folder.attribute_table] if folder.attribute_table.is_file() else []
        for path in [*own, *sorted(folder.templates.glob("*"))]:
            found.update(path.name.encode() + b"\0" + path.read_bytes() + b"|")
    except OSError as err:
        raise ConfigError(err.filename, "", err.strerror or "cannot be read") from err
    chosen = ", ".join(quote(name) for name in table.fields())
    queries = (
        f'SELECT {chosen} FROM footprints ORDER BY "OBJECTID"',
        "SELECT * FROM seamlines ORDER BY fid",
        "SELECT key, value FROM swath_info ORDER BY key",
        "SELECT fid, fingerprint, shape_hash, pyramid FROM swath_build ORDER BY fid",
    )
    for query in queries:
        for record in table.execute(query):
            found.update(_encode(tuple(record)))
        found.update(b"|")
    return found.hexdigest()
