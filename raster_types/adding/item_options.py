"""Read what an author states about rasters: texts of the command line into `ItemOptions`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.errors import ConfigError, InvalidParameter
from engine.geometry.projection import canonical_crs
from raster_types.adding.terrain_option import TerrainOption, parse_terrain
from raster_types.base import ALL_QUALITY, GCP_FITS, RESOLUTIONS, VALUES, ItemOptions
from raster_types.items.band_names import check_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse_item_options(  # noqa: PLR0913 -- one an option of the command
    *,
    bands: str = "",
    nodata: str = "",
    valid_range: str = "",
    srs: str = "",
    dem: str = "",
    dem_datum: str = "",
    dem_zfactor: float | None = None,
    dem_zoffset: float | None = None,
    dem_fill: str = "",
    exterior: Path | None = None,
    interior: Path | None = None,
    gcps: Path | None = None,
    gcp_fit: str = "",
    values: str = "",
    resolution: str = "",
    assets: str = "",
    extras: str = "",
    rewrite: Sequence[str] = (),
    qa: Literal["", "all"] = "",
    stack_regex: str = "",
    band_order: str = "",
    path_field: str = "",
    layer: str = "",
    table_srs: str = "",
    stack_variables: bool = False,
) -> ItemOptions:
    """Return the options; "" = as the files say.

    Raises
    ------
    ConfigError
        Naming the option, its value and what would be accepted.
    """
    return ItemOptions(
        bands=_bands(bands),
        no_data=_no_data(nodata),
        valid_range=_range(valid_range),
        crs=_crs(srs),
        terrain=parse_terrain(
            TerrainOption(
                dem=dem,
                datum=dem_datum,
                z_factor=dem_zfactor,
                z_offset=dem_zoffset,
                fill=dem_fill,
            )
        ),
        exterior=_file("--exterior", exterior),
        interior=_file("--interior", interior),
        gcps=_file("--gcps", gcps),
        gcp_fit=_gcp_fit(gcp_fit),
        values=_one_of("--values", values, VALUES),
        resolution=_one_of("--resolution", resolution, RESOLUTIONS),
        assets=_names(assets),
        extras=_names(f"{extras},{ALL_QUALITY}" if qa else extras),
        rewrite=tuple(map(_rewrite, rewrite)),
        stack_regex=check_pattern(stack_regex),
        band_order=_names(band_order),
        path_field=path_field,
        layer=layer,
        table_crs=_crs(table_srs, "--table-srs"),
        stack_variables=stack_variables,
    )


def _one_of(option: str, text: str, known: tuple[str, ...]) -> str:
    if text and text not in known:
        raise ConfigError(option, text, f"expected one of {', '.join(known)}")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _rewrite(text: str) -> tuple[str, str]:
    start, equals, local = text.rpartition("=")
    if not (start and equals and local):
        accepted = "expected FROM=TO, as https://data.example/s2/=/mnt/s2/"
        raise ConfigError("--rewrite", text, accepted)
    # An ending slash belongs to both or to neither.
    ending = "/" if start.endswith("/") else ""
    return start, f"{Path(local).absolute()}{ending}"


def _file(option: str, path: Path | None) -> str:
    if path is None:
        return ""
    if not path.is_file():
        raise ConfigError(option, str(path), "expected a file that exists")
    return str(path.resolve())


def _gcp_fit(text: str) -> str:
    if text and text not in GCP_FITS:
        raise ConfigError("--gcp-fit", text, f"expected one of {', '.join(GCP_FITS)}")
    return text


def _bands(text: str) -> tuple[int, ...]:
    if not text.strip():
        return ()
    try:
        bands = tuple(int(part) for part in text.split(","))
    except ValueError:
        bands = (0,)
    if min(bands) < 1:
        raise ConfigError("--bands", text, "expected numbers of bands from 1, as 4,3,2")
    return bands


def _no_data(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return repr(float(text))
    except ValueError as err:
        raise ConfigError("--nodata", text, "expected a number or nan") from err


def _range(text: str) -> tuple[float, float] | None:
    if not text.strip():
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ConfigError("--valid-range", text, "expected LO,HI, two numbers, the lower first")
    return low, high


def _crs(text: str, option: str = "--srs") -> str:
    if not text.strip():
        return ""
    try:
        return canonical_crs(text, option)
    except InvalidParameter as err:
        raise ConfigError(option, text, f"expected {err.fields[2]}") from err
