"""A raster type: surveys that write `NAME.survey` with `file=…` and `operator=…` beside their image."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from engine.build.raster_record import NewItem, RasterDefinition, SourceDefinition
from engine.errors import UnknownProduct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from raster_types.base import ItemOptions, Product

_SUFFIX = ".survey"


class _Survey:
    name = "survey"

    def match(self, paths: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """Yield each `.survey` file with the image that has its name."""
        images = {PurePath(path).with_suffix(""): path for path in paths if path.endswith(".tif")}
        for path in paths:
            image = images.get(PurePath(path).with_suffix(""))
            if path.endswith(_SUFFIX) and image is not None:
                yield path, image

    def is_expected(self, path: str) -> bool:
        """Tell by the ending."""
        return path.endswith(_SUFFIX)

    def items(self, product: Product, options: ItemOptions) -> Iterator[NewItem]:
        """Make one item; its operator becomes a field."""
        text = product.text(product.main)
        pairs = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if "file" not in pairs:
            raise UnknownProduct(product.main, "it names no file")
        header = product.header(str(PurePath(product.main).parent / pairs["file"]))
        source = SourceDefinition(path=header.path, bands=options.bands, no_data=options.no_data)
        yield NewItem(
            name=PurePath(product.main).stem,
            raster=RasterDefinition(raster_type=self.name, sources=(source,)),
            headers=(header,),
            attributes={"Operator": pairs.get("operator")},
        )


SurveyType = _Survey()
