"""Products on the fly beside TiTiler in one run: `python -m benchmarks.products [--tiny]`.

NDVI of a mosaic of 4-band 16-bit COGs, stretched and coloured, and a hillshade of an elevation model,
both as PNG tiles; the plain picture of the same mosaic beside them, to see what the product costs.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from benchmarks.compare import measure, options_of
from benchmarks.peers.base import Dataset, Peer
from benchmarks.peers.process_tree import end_on_sigterm
from benchmarks.peers.swath import Swath
from benchmarks.peers.titiler import TiTiler
from benchmarks.product_scenes import FULL, TINY, ensure_product_scenes
from benchmarks.rows import Row
from benchmarks.scenes import SceneSize
from benchmarks.tile_lists import Tile, View, tiles_over

_NDVI = {
    "rasterFunction": "Colormap",
    "rasterFunctionArguments": {
        "ColorrampName": "Red to Green",
        "Raster": {
            "rasterFunction": "Stretch",
            "rasterFunctionArguments": {
                "StretchType": 5,
                "Statistics": [[-0.2, 0.8, 0.3, 0.2]],
                "Raster": {
                    "rasterFunction": "NDVI",
                    "rasterFunctionArguments": {
                        "VisibleBandID": 0,
                        "InfraredBandID": 3,
                        "ScientificOutput": True,
                    },
                },
            },
            "outputPixelType": "U8",
        },
    },
}
_HILLSHADE = {"rasterFunction": "Hillshade"}
_PICTURE = {
    "rasterFunction": "Stretch",
    "rasterFunctionArguments": {
        "StretchType": 5,
        "Statistics": [[300, 2400, 1200, 260]] * 3,
        "Raster": {
            "rasterFunction": "ExtractBand",
            "rasterFunctionArguments": {"BandIds": [0, 1, 2]},
        },
    },
}


@dataclass(frozen=True, slots=True)
class ProductRow(Row):
    """Tiles of a product.

    Attributes
    ----------
    queries : name of a peer -> its parameters
    """

    queries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def _url(self, peer: Peer, place: Tile | View) -> str | None:
        plain = Row._url(self, peer, place)  # noqa: SLF001 -- its own base; dataclasses with slots know no super()
        if plain is None:
            return None
        return plain + ("&" if "?" in plain else "?") + urlencode(self.queries[peer.name])


def product_rows(data: Dataset, size: SceneSize) -> list[ProductRow]:
    """Return the rows for a size of scenes."""
    finer, part = (2, 16) if size.pixels < 4096 else (0, 1)
    mosaic = tiles_over(data.mosaic, range(10 + finer, 14), 300 // part)
    terrain = tiles_over([data.one], range(11 + finer, 15), 272 // part)
    bands = {"bidx": "1", "rescale": "300,2400"}
    return [
        ProductRow(
            key="picture-png",
            title=f"mosaic of {len(data.mosaic)}, 16 bits: natural colour",
            target="mosaic",
            tile_format="png",
            places=mosaic.tiles,
            fully_covered_share=mosaic.fully_covered_share,
            queries={
                "Swath": _rule(_PICTURE),
                "TiTiler": {**bands, "expression": "b1;b2;b3"},
            },
        ),
        ProductRow(
            key="ndvi-png",
            title="the same: NDVI, stretched, coloured",
            target="mosaic",
            tile_format="png",
            places=mosaic.tiles,
            floors={"TiTiler": 25.0},
            fully_covered_share=mosaic.fully_covered_share,
            queries={
                "Swath": _rule(_NDVI),
                "TiTiler": {
                    "expression": "(b4-b1)/(b4+b1)",
                    "rescale": "-0.2,0.8",
                    "colormap_name": "rdylgn",
                },
            },
        ),
        ProductRow(
            key="hillshade-png",
            title="elevation model of 32 bits: hillshade",
            target="one",
            tile_format="png",
            places=terrain.tiles,
            floors={"TiTiler": 20.0},
            fully_covered_share=terrain.fully_covered_share,
            queries={
                "Swath": _rule(_HILLSHADE),
                "TiTiler": {"algorithm": "hillshade", "buffer": "3"},
            },
        ),
    ]


def _rule(rule: Mapping[str, object]) -> dict[str, str]:
    return {"renderingRule": msgspec.json.encode(rule).decode()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; return the exit status."""
    options = options_of("products", __doc__).parse_args(arguments)
    size = TINY if options.tiny else FULL
    data = ensure_product_scenes(size)
    peers: list[Peer] = [Swath(), TiTiler()]
    if options.only:
        peers = [peer for peer in peers if peer.name in options.only.split(",")]
    for peer in peers:
        peer.check()
    name = "products-tiny" if options.tiny else "products"
    measure(peers, data, product_rows(data, size), options, name)
    return 0


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
