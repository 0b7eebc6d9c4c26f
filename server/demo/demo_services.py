"""The demo's services: scenes made, authored and published with the calls that the command line makes.

Imported by the demo command when it runs, never by the front: it builds, so it reaches rasters.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec

from config.definition import Interpolation, MosaicMethod, PictureStretch, ServiceProperties
from engine.build import demo_raw_images, demo_scenes
from engine.build.build import build_definition
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.errors import ConfigError
from engine.geometry.terrain_definition import RasterTerrain
from engine.summary import FORMAT_VERSION
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from server.authoring.definition_templates import JSON, templates_of
from server.demo.demo_templates import LAND_PRODUCTS, TERRAIN_PRODUCTS
from server.site.publishing import Publisher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.build.progress import Progress
    from engine.build.workers import Workers

    Rule = Mapping[str, Any]

# Raised when services change that are not their scenes: those of another stamp are made anew.
_EDITION = 3
_STAMP = f"{demo_scenes.VERSION}.{FORMAT_VERSION}.{_EDITION}"


@dataclass(frozen=True, slots=True)
class DemoService:
    """One service of the demo: its name, its scenes and how they are served.

    Attributes
    ----------
    scenes : str
        Name of their folder, which services may share; "" = the service's own.
    terrain : str
        File of heights above the ellipsoid, relative to the scenes; "" = none.
    part : str
        Folder of the scenes that has the service's files, where those are not the scenes themselves.
    templates : name -> rendering rule
        Published with it.
    """

    name: str
    make_scenes: Callable[[Path, Progress], list[Path]]
    properties: ServiceProperties
    raster_type: str = "raster-dataset"
    scenes: str = ""
    terrain: str = ""
    part: str = ""
    templates: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def short_name(self) -> str:
        """The name without its folder."""
        return self.name.rsplit("/", 1)[-1]


DEMO_SERVICES = (
    DemoService(
        name="demo/blue_marble",
        make_scenes=demo_scenes.make_blue_marble,
        properties=ServiceProperties(
            title="Blue Marble",
            description=(
                "NASA's Blue Marble, cut into slanted scenes in their own UTM zones, with one "
                "(made-up) date and a slightly different light each. Mosaicked live."
            ),
            copyright="NASA Earth Observatory (Blue Marble Next Generation)",
            time_field="AcqDate",
            wms=True,
        ),
    ),
    DemoService(
        name="demo/valley_ortho",
        make_scenes=demo_raw_images.make_raw_images,
        raster_type="rpc",
        scenes="valley",
        terrain=demo_raw_images.TERRAIN_FILE,
        properties=ServiceProperties(
            title="The invented valley, orthorectified",
            description=(
                "Two raw satellite images of a valley that does not exist, from the west and from "
                "the east, with a sensor model (RPC) and no place on a map: put in their place over "
                "the terrain while you look."
            ),
            copyright="Synthetic; made by Swath",
            crs="EPSG:32627",
            picture_stretch=PictureStretch.NONE,
            interpolation=Interpolation.BILINEAR,
        ),
    ),
    DemoService(
        name="demo/valley_without_terrain",
        make_scenes=demo_raw_images.make_raw_images,
        raster_type="rpc",
        scenes="valley",
        properties=ServiceProperties(
            title="The invented valley, without terrain",
            description=(
                "The same two raw images with one height everywhere instead of the terrain: what lies "
                "higher or lower is out of place, in each of them to another side."
            ),
            copyright="Synthetic; made by Swath",
            crs="EPSG:32627",
            picture_stretch=PictureStretch.NONE,
            interpolation=Interpolation.BILINEAR,
        ),
    ),
    DemoService(
        name="demo/valley_heights",
        make_scenes=demo_raw_images.make_raw_images,
        scenes="valley",
        part=PurePath(demo_raw_images.TERRAIN_FILE).parent.name,
        templates=TERRAIN_PRODUCTS,
        properties=ServiceProperties(
            title="The invented valley, its heights",
            description=(
                "The terrain of the valley in metres. Shaded relief, slope, aspect and contours are "
                "products: made of the heights while you look, stored nowhere."
            ),
            copyright="Synthetic; made by Swath",
        ),
    ),
    DemoService(
        name="demo/island",
        make_scenes=demo_scenes.make_landscape,
        properties=ServiceProperties(
            title="The invented island",
            description=(
                "Eight passes over an island that does not exist: blue, green, red and near "
                "infrared in 16 bits at 10 m, from January's snow to September's clouds."
            ),
            copyright="Synthetic; made by Swath",
            time_field="AcqDate",
            # Summer on top, where nothing else is asked for.
            mosaic_method=MosaicMethod.ATTRIBUTE,
            sort_field="AcqDate",
            sort_value="2024/07/07",
            # Snow and clouds fill the usual two percent; the land should have the light.
            percent_clip=(0.5, 96.5),
        ),
        templates=LAND_PRODUCTS,
    ),
)


def prepare(service: DemoService, data: Path, workers: Workers, progress: Progress) -> None:
    """Make and publish one service of the demo, unless that was done before.

    Parameters
    ----------
    data : Path
        The data folder; scenes and definitions are kept in ``demo/`` below it.

    Raises
    ------
    ConfigError, SourceError
        Something cannot be made or written; what was published before serves on.
    """
    try:
        _prepare(service, data, workers, progress)
    except OSError as err:
        why = f"the demo cannot be written: {err.strerror or err}"
        raise ConfigError(err.filename or data, "", why) from err


def _prepare(service: DemoService, data: Path, workers: Workers, progress: Progress) -> None:
    home = data / "demo"
    marker = home / f"{service.short_name}.published"
    publisher = Publisher(data)
    if _is_published(service, marker, publisher):
        return
    scenes = home / f"scenes-{demo_scenes.VERSION}" / (service.scenes or service.short_name)
    # Written last: the table is there when all scenes are.
    if not (scenes / "scenes.csv").is_file():
        service.make_scenes(scenes, progress)
    compiled = home / f"{service.short_name}.zmd"
    isdef = _create(home / f"{service.short_name}.isdef", service)
    _author(isdef, service, scenes, workers, progress)
    _write_templates(isdef, service)
    compile_definition(isdef.path, compiled, progress, templates=templates_of(isdef.path))
    version = publisher.publish(compiled, service.name)
    marker.write_text(f"{_STAMP} {version}\n", encoding="utf-8")


def _is_published(service: DemoService, marker: Path, publisher: Publisher) -> bool:
    if not marker.is_file():
        return False
    stamp, _, version = marker.read_text(encoding="utf-8").strip().partition(" ")
    served = {entry.name: entry for entry in publisher.services()}
    entry = served.get(service.name)
    return stamp == _STAMP and entry is not None and entry.version == version


def _create(isdef: Path, service: DemoService) -> DefinitionFolder:
    """Make the definition anew; a half-made one of an earlier run is dropped."""
    if isdef.exists():
        shutil.rmtree(isdef)
    return DefinitionFolder.create(isdef, service.properties)


def _write_templates(folder: DefinitionFolder, service: DemoService) -> None:
    folder.templates.mkdir()
    for name, rule in service.templates.items():
        (folder.templates / f"{name}{JSON}").write_bytes(msgspec.json.encode(rule))


def _author(
    folder: DefinitionFolder,
    service: DemoService,
    scenes: Path,
    workers: Workers,
    progress: Progress,
) -> None:
    """Add the scenes and build."""
    terrain = None
    if service.terrain:
        path = str((scenes / service.terrain).resolve())
        terrain = RasterTerrain(path=path, vertical_datum="ellipsoid")
    request = AddRequest(
        raster_type=service.raster_type,
        paths=[scenes / service.part],
        glob="*.tif",
        csv=None if service.part else scenes / "scenes.csv",
        options=ItemOptions(terrain=terrain),
    )
    added = add_rasters(folder, request, workers, progress)
    if added.failed:
        path, why = added.failed[0]
        raise ConfigError(path, "", why)
    built = build_definition(folder, workers=workers, progress=progress)
    if built.failed:
        _number, name, why = built.failed[0]
        raise ConfigError(name, "", why)
