"""Options of `swath definition add` about products: which of their bands come in, and as which values."""

from __future__ import annotations

from typing import Annotated

import typer

ValuesOption = Annotated[
    str,
    typer.Option(
        metavar="dn|reflectance|radiance",
        help="What the numbers of satellite products become. [default: reflectance where they say how]",
    ),
]
ResolutionOption = Annotated[
    str,
    typer.Option(
        metavar="10|20|60|all",
        help="Bands of Sentinel-2 products by their resolution; all = on the grid of the finest. "
        "[default: all]",
    ),
]
AssetsOption = Annotated[
    str,
    typer.Option(
        metavar="red,green,blue,nir",
        help="Assets of STAC items, by key, common name or band name. [default: all spectral ones]",
    ),
]
ExtrasOption = Annotated[
    str,
    typer.Option(
        metavar="SCL,TCI,QA_PIXEL",
        help="Further rasters of products that become items of their own.",
    ),
]
PathFieldOption = Annotated[
    str,
    typer.Option(
        metavar="COLUMN",
        help="Column of a table that holds the paths of rasters. [default: location, path, raster …]",
    ),
]
LayerOption = Annotated[
    str, typer.Option(help="Layer of a GeoPackage or file geodatabase. [default: the only one]")
]
TableSrsOption = Annotated[
    str,
    typer.Option(
        metavar="EPSG:n", help="CRS of a table's geometries, where the table does not say it."
    ),
]
RewriteOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FROM=TO",
        help="Take links that begin with FROM from the local folder TO; may be given again.",
    ),
]
QualityOption = Annotated[
    bool,
    typer.Option(
        "--qa",
        help="Quality bands of Landsat products, too: items of their own beside the scene's.",
    ),
]
StackRegexOption = Annotated[
    str,
    typer.Option(
        metavar="REGEX",
        help="Type stack: which file is which band, as `(?P<product>.+)_(?P<band>B\\d+)\\.tif`. "
        "[default: usual names of bands]",
    ),
]
BandOrderOption = Annotated[
    str,
    typer.Option(
        metavar="B4,B3,B2", help="Type stack: bands in this order. [default: by number or colour]"
    ),
]
StackVariablesOption = Annotated[
    bool,
    typer.Option(
        "--stack-variables",
        help="Type series: variables on one grid become the bands of one item a time. "
        "[default: an item for each slice of each variable]",
    ),
]
