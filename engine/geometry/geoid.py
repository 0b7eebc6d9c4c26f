"""Undulations: how far a geoid lies above the ellipsoid, from grids that are files.

A vertical datum is "ellipsoid", the name of a geoid of the list below, or the path of a grid (GTX,
GeoTIFF, any single band in longitude and latitude). A grid that is not there is an error, never 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import ConfigError
from engine.geometry.post_field import PostField
from engine.geometry.projection import describe_crs, grid_folders
from engine.readers.file_posts import FilePosts, post_item
from engine.readers.header import read_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from engine.process_memory import ProcessMemory

    Floats = NDArray[np.float64]

ELLIPSOID = "ellipsoid"
# Files that are one geoid, best first, in the names under which PROJ and its packages carry them.
GRID_FILES: dict[str, tuple[str, ...]] = {
    "egm96": ("us_nga_egm96_15.tif", "egm96_15.gtx"),
    "egm2008": ("us_nga_egm08_25.tif", "egm08_25.gtx"),
}
# Names of vertical coordinate systems, as compound ones carry them.
_STATED = {
    "egm96 height": "egm96",
    "egm96 geoid height": "egm96",
    "egm96 geoid": "egm96",
    "egm2008 height": "egm2008",
    "egm2008 geoid height": "egm2008",
    "egm2008 geoid": "egm2008",
    "ellipsoid": ELLIPSOID,
    "ellipsoidal height": ELLIPSOID,
}
# Where packages of the system put PROJ's grids; the PROJ inside a wheel does not look there.
_SYSTEM_FOLDERS = ("/usr/local/share/proj", "/usr/share/proj")
_DEGREE_M = 111319.49079327357


def datum_of_name(name: str) -> str:
    """Return the datum that a vertical CRS of this name counts from, "" where it is not known."""
    return _STATED.get(name.casefold(), "")


def canonical_datum(datum: str) -> str:
    """Return the one spelling of a datum's name; paths stay as they are."""
    name = datum.casefold()
    return name if name == ELLIPSOID or name in GRID_FILES else datum


def find_grid(datum: str, folders: Iterable[str] = ()) -> Path:
    """Return the file with the undulations of a vertical datum.

    Parameters
    ----------
    datum : str
        "egm96", "egm2008" or a path.
    folders
        Looked into before PROJ's and the system's.

    Raises
    ------
    ConfigError
        There is no such file; the text says what to install and which option names a file.
    """
    names = GRID_FILES.get(canonical_datum(datum))
    if names is None:
        path = Path(datum)
        if path.is_file():
            return path
        known = ", ".join((ELLIPSOID, *GRID_FILES))
        why = f"is no vertical datum: accepted are {known} and the path of an existing grid file"
        raise ConfigError(f"vertical datum {datum!r}", "", why)
    searched = tuple(dict.fromkeys((*folders, *grid_folders(), *_SYSTEM_FOLDERS)))
    for folder in searched:
        for name in names:
            path = Path(folder) / name
            if path.is_file():
                return path
    why = (
        f"needs a grid of undulations, and none is installed: run `projsync --file {names[0]}` or "
        "install the package proj-data, or name a grid file instead of the datum; looked for "
        f"{' or '.join(names)} in {', '.join(searched)}"
    )
    raise ConfigError(f"vertical datum {datum!r}", "", why)


class Geoid:
    """One grid of undulations.

    Parameters
    ----------
    path : Path
        GTX, GeoTIFF or another raster in longitude and latitude, metres in its first band.
    memory : ProcessMemory

    Raises
    ------
    ConfigError
        The raster is not in degrees.
    SourceUnavailable, SourceCorrupt, UnknownProduct
    """

    def __init__(self, path: Path, memory: ProcessMemory) -> None:
        header = read_header(str(path.resolve()))
        band = header.bands[0]
        source = FilePosts(post_item(header), memory, band.scale, band.offset)
        info = describe_crs(source.crs)
        if not info.is_geographic or abs(info.metres_per_unit / _DEGREE_M - 1) > 1e-6:
            why = f"is a grid in {info.name}; undulations are read in longitude and latitude (degrees)"
            raise ConfigError(path, "vertical datum", why)
        self.path = path
        self._field = PostField(source, memory.posts, "undulation")
        self._level = source.level(0.0)

    def undulation(self, lon: Floats, lat: Floats) -> Floats:
        """Return the geoid's height above the ellipsoid, bilinear between the grid's nodes.

        Parameters
        ----------
        lon, lat : float64 (n,)
            Degrees; longitudes of any turn.

        Returns
        -------
        float64 (n,)
            Metres; NaN beside the grid.
        """
        return self._field.values(lon, lat, self._level)


class DatumShift:
    """From heights in one vertical datum to heights in another.

    Parameters
    ----------
    from_datum, to_datum : str
        See the module.
    folders
        Looked into for grids first.

    Raises
    ------
    ConfigError
        A datum is not known, or its grid is not installed.
    """

    def __init__(
        self, from_datum: str, to_datum: str, memory: ProcessMemory, folders: tuple[str, ...] = ()
    ) -> None:
        from_datum, to_datum = canonical_datum(from_datum), canonical_datum(to_datum)
        self.key = (from_datum, to_datum, folders)
        self._up = self._down = None
        if from_datum == to_datum:
            return
        self._up = _geoid(from_datum, memory, folders)
        self._down = _geoid(to_datum, memory, folders)

    @property
    def is_none(self) -> bool:
        """Whether heights stay as they are."""
        return self._up is None and self._down is None

    def at(self, lon: Floats, lat: Floats) -> Floats:
        """Return what to add to heights at places (n,), metres; NaN where a grid has no value."""
        shift = np.zeros(lon.shape)
        if self._up is not None:
            shift += self._up.undulation(lon, lat)
        if self._down is not None:
            shift -= self._down.undulation(lon, lat)
        return shift


def _geoid(datum: str, memory: ProcessMemory, folders: tuple[str, ...]) -> Geoid | None:
    if datum == ELLIPSOID:
        return None
    return Geoid(find_grid(datum, folders), memory)
