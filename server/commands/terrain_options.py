"""Options about the terrain under images with a sensor model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

DemOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--dem",
        metavar="FILE|.zmd|[FOLDER/]NAME|METRES",
        help="Terrain under images with a sensor model: a raster, a compiled or published service, a height.",
    ),
]
DemDatumOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--dem-datum",
        metavar="ellipsoid|egm96|egm2008|FILE",
        help="What its heights, and those of frame cameras, count from. [default: as it states]",
    ),
]
DemFactorOption: TypeAlias = Annotated[
    float | None,
    typer.Option("--dem-zfactor", help="Height = sample × this + offset. [default: 1]"),
]
DemOffsetOption: TypeAlias = Annotated[
    float | None, typer.Option("--dem-zoffset", metavar="METRES", help="[default: 0]")
]
DemFillOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--dem-fill",
        metavar="METRES|average",
        help="Height where the terrain has none. [default: nothing is seen there]",
    ),
]


def terrain_path(dem: str, data: Path) -> str:
    """Return a terrain as stated, or the folder of the published service of that name.

    Files come first, then numbers; a name that is neither is looked for in the data folder.
    """
    from engine.errors import InvalidParameter
    from server.site.data_folder import DataFolder

    if not dem.strip() or Path(dem).exists() or _is_number(dem):
        return dem
    try:
        entry = DataFolder(data).entry(dem)
    except InvalidParameter:
        # No name either: whoever reads the option says what is accepted.
        return dem
    return dem if entry is None or not entry.version else str(entry.home)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
