"""NAME.isdef/: the folder of a definition under authoring.

definition.toml   the properties, commented
catalog.gpkg      the service table and other layers; not where definition.toml says that PostgreSQL has them
overviews/        rasters made by build that stand for many at small scales
pyramids/         levels made by build for rasters that lack them
attribute_table.csv   what is known of each value of a service of classes, where rasters do not say it
templates/        rendering rules that the service publishes under names
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from config.definition import ServiceProperties
from engine.build.catalog_kinds import create_in_database, open_in_database
from engine.build.definition_file import default_text, read_catalog, read_properties
from engine.build.service_facts import ServiceFacts
from engine.build.service_table import ServiceTable
from engine.errors import ConfigError
from engine.source_name import is_remote

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".isdef"


class DefinitionFolder:
    """Paths and contents of one definition.

    Parameters
    ----------
    path : Path
        The folder; must hold a definition.

    Raises
    ------
    ConfigError
        It does not.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        has_text = self.toml.is_file()
        if not has_text or not (self.catalog.is_file() or read_catalog(self.toml)):
            why = (
                "is no definition (a folder with definition.toml and catalog.gpkg); "
                "make one with `swath definition create`"
            )
            raise ConfigError(path, "", why)

    @classmethod
    def create(
        cls, path: Path, properties: ServiceProperties | None = None, catalog: str = ""
    ) -> DefinitionFolder:
        """Make a new definition; the folder must not exist or be empty.

        Parameters
        ----------
        catalog
            Address of a PostgreSQL database (`engine.build.postgis_address`) or, for the catalog in a
            file of the folder, "".

        Raises
        ------
        ConfigError
            The name does not end with .isdef, there is something already, or the database refuses.
        """
        if path.suffix != SUFFIX:
            raise ConfigError(path, "", f"the name of a definition ends with {SUFFIX}")
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise ConfigError(path, "", "exists already and is not empty")
            if catalog:
                catalog = create_in_database(catalog, path.stem)
            else:
                ServiceTable.create(path / "catalog.gpkg").close()
            text = default_text(properties or ServiceProperties(), catalog)
            # Last: a folder without it is no definition.
            (path / "definition.toml").write_text(text, encoding="utf-8")
        except OSError as err:
            raise ConfigError(path, "", f"cannot be made: {err.strerror or err}") from err
        return cls(path)

    @property
    def name(self) -> str:
        """Name of the definition."""
        return self.path.stem

    @property
    def toml(self) -> Path:
        """The file of properties."""
        return self.path / "definition.toml"

    @property
    def catalog(self) -> Path:
        """The GeoPackage, which does not exist where a database has the catalog."""
        return self.path / "catalog.gpkg"

    @property
    def catalog_name(self) -> str:
        """What to call the catalog: the file's name or the database's address."""
        return read_catalog(self.toml) or self.catalog.name

    @property
    def overviews(self) -> Path:
        """Folder of service overviews."""
        return self.path / "overviews"

    @property
    def pyramids(self) -> Path:
        """Folder of levels that sources lack."""
        return self.path / "pyramids"

    @property
    def templates(self) -> Path:
        """Folder of published rendering rules; need not exist."""
        return self.path / "templates"

    @property
    def attribute_table(self) -> Path:
        """What is known of each value, as the author states it; need not exist."""
        return self.path / "attribute_table.csv"

    def properties(self) -> ServiceProperties:
        """Read and check definition.toml."""
        return read_properties(self.toml)

    def table(self) -> ServiceTable:
        """Open the service table; close it."""
        address = read_catalog(self.toml)
        if address:
            return open_in_database(address, self.name, self.toml)
        return ServiceTable.open(self.catalog)

    def resolve(self, path: str) -> str:
        """Return the absolute path of a source; those made by build are kept relative to the folder."""
        return path if is_remote(path) else str(self.path / path)


def read_facts(table: ServiceTable) -> ServiceFacts | None:
    """Return what build found out about the service, None before the first build."""
    text = table.info("service")
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=ServiceFacts)
    except msgspec.MsgspecError as err:
        raise ConfigError(table.name, "swath_info.service", f"{err}; build again") from err


def write_facts(table: ServiceTable, facts: ServiceFacts) -> None:
    """Keep what build found out."""
    table.set_info("service", msgspec.json.encode(facts).decode())
