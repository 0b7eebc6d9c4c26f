"""An image service open in one process: catalog, placements, pictures, and the caches it shares.

Opened once per version after the fork; read-only. The memory (blocks, handles, nodes) belongs to the
process and is shared by all its services.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cachetools import LRUCache, TTLCache

from config.definition import Interpolation
from engine.catalog import Catalog
from engine.extent import Extent
from engine.function_tree import function_tree
from engine.functions.resample import resampled_rule
from engine.geometry.extent_transform import inverse_extent
from engine.geometry.local_scale import lonlat_extent, map_scale
from engine.geometry.locator import MapLocator
from engine.geometry.projection import MERCATOR, operation
from engine.item_process import bound_process
from engine.item_rasters import rasters_of
from engine.mosaic_process import MosaicProcess, is_function
from engine.overview_groups import OverviewGroups
from engine.pole_boxes import box_on_map
from engine.process_memory import ProcessMemory, process_memory
from engine.rule_places import placed_rule
from engine.sensor_items import SensorItems
from engine.served_picture import service_picture
from engine.service_picture import bands_info
from engine.service_properties import with_properties
from engine.staged_item import StagedItem, stage_geolocation, stage_planes
from engine.target_grid import world_period
from engine.variable_service import histograms_of, summary_of_variable
from engine.world_turns import around, raster_box, turned_items

if TYPE_CHECKING:
    from engine.budget import InstanceMemory
    from engine.function_tree import FunctionTree
    from engine.functions.base import BandsInfo
    from engine.functions.cast import NoDataMatch
    from engine.functions.picture import Picture
    from engine.geolocation import BoundGeolocation
    from engine.geometry.locator import Locator
    from engine.item import Item
    from engine.layer_sources import LayerSource
    from engine.plan import Plan
    from engine.readers.block_cache import Form
    from engine.request import ImageRequest
    from engine.request_parts import RenderingRule
    from engine.results import AttributeValue
    from engine.summary import Histogram, ServiceSummary
    from engine.target_grid import TargetGrid
    from engine.view_area import ViewArea

_MAX_PLACED = 8_000
_MAX_PICTURES = 64
_MAX_LAYERS = 20_000
_MAX_VIEWS = 2048
_MAX_PLANS = 2048
# They carry histograms.
_MAX_SETTLED = 16
# What is wrong is logged once, and once more after so long.
_NEWS_S = 300.0
_MAX_NEWS = 1000

# Item, level, halvings, bands, form of the blocks, clipped by the seamline, halved by majority.
LayerKey: TypeAlias = "tuple[int, int, int, tuple[int, ...], Form, bool, bool]"


@dataclass(frozen=True, slots=True)
class Placed:
    """An item's place on the map of one output CRS.

    Attributes
    ----------
    locator : Locator
        From the output CRS to the raster's own coordinates.
    box : Extent
        Of the footprint, in the output CRS.
    scale_x, scale_y : float
        Level-0 source pixels per output CRS unit along the map's axes, at the raster's centre.
    staged : StagedItem or None
        Where the item's chain samples more than once: then the locator leads to what the sampler
        before the last has made.
    whole : Locator or None
        Then, from the output CRS to the item's own coordinates; None = `locator` leads there.
    """

    locator: Locator
    box: Extent
    scale_x: float
    scale_y: float
    staged: StagedItem | None = None
    whole: Locator | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """An item as it shows on a map: itself, or moved by whole turns around the world."""

    item: Item
    placed: Placed


class ImageService:
    """One version of one service.

    Parameters
    ----------
    path : Path
        The compiled definition.
    memory : ProcessMemory
        Shared caches.
    above : tuple of Path
        Services that this one is opened for as terrain.
    variable : str
        What shows unless a request names another; "" = the default variable.
    """

    def __init__(
        self, path: Path, memory: ProcessMemory, above: tuple[Path, ...] = (), variable: str = ""
    ) -> None:
        self.catalog = Catalog.open(path)
        self.summary: ServiceSummary = summary_of_variable(self.catalog.summary, variable)
        self.overview_groups = OverviewGroups(self.catalog)
        self.memory = memory
        self.path = path
        self._telling = threading.Lock()
        self._told: TTLCache[str, bool] = TTLCache(_MAX_NEWS, _NEWS_S)
        self._sensors = SensorItems(path, self.summary.crs, memory, self._renew, above)
        self._histograms = histograms_of(self.catalog, variable)
        self._variables: dict[str, ImageService] = {}
        self._process = self.catalog.process
        self._steps = None if self._process is None else self._process.bind()
        self._placed: OrderedDict[tuple[int, str], tuple[Appearance, ...]] = OrderedDict()
        self._pictures: dict[object, Picture] = {}
        self._trees: LRUCache[object, FunctionTree] = LRUCache(_MAX_PICTURES)
        self.plans: LRUCache[ImageRequest, Plan] = LRUCache(_MAX_PLANS)
        self.properties_known: LRUCache[int | None, dict[str, AttributeValue]] = LRUCache(
            _MAX_VIEWS
        )
        self.settled_rules: LRUCache[ImageRequest, RenderingRule] = LRUCache(_MAX_SETTLED)
        self.view_areas: LRUCache[TargetGrid, ViewArea | None] = LRUCache(_MAX_VIEWS)
        self.layer_sources: LRUCache[object, LayerSource] = LRUCache(_MAX_LAYERS)

    def close(self) -> None:
        """Close the catalog and its terrains; cached blocks stay until others need their room."""
        for each in self._variables.values():
            each.close()
        self._sensors.close()
        self.catalog.close()

    def of_variable(self, name: str) -> ImageService:
        """Return the service as if a variable was its default one; it is closed with this one."""
        if name not in self._variables:
            self._variables[name] = ImageService(self.path, self.memory, variable=name)
        return self._variables[name]

    def is_news(self, text: str) -> bool:
        """Tell whether something was not told in the last minutes; from now on it was."""
        with self._telling:
            if text in self._told:
                return False
            self._told[text] = True
            return True

    @property
    def thematic(self) -> bool:
        """Whether samples are classes, which are never averaged."""
        declared = self.summary.properties.thematic
        return self.summary.data_type == "thematic" if declared is None else declared

    @property
    def interpolation(self) -> Interpolation:
        """The service's default interpolation."""
        chosen = self.summary.properties.interpolation
        if chosen is not None:
            return chosen
        return Interpolation.NEAREST if self.thematic else Interpolation.BILINEAR

    def picture(
        self, band_ids: tuple[int, ...], rule: RenderingRule | None, match: NoDataMatch
    ) -> Picture:
        """Return how samples become a picture; made once per arguments.

        Raises
        ------
        InvalidParameter
        """
        key = (band_ids, rule, match)
        found = self._pictures.get(key)
        if found is None:
            found = service_picture(self, key)
            if len(self._pictures) >= _MAX_PICTURES:
                self._pictures.clear()
            self._pictures[key] = found
        return found

    def mosaic_process(
        self, bands: tuple[int, ...], rule: RenderingRule | None
    ) -> MosaicProcess | None:
        """Return what follows the mosaic, None where nothing does.

        Parameters
        ----------
        bands
            That the rule knows, from 0.

        Raises
        ------
        InvalidParameter
            The rule's arguments do not fit the bands.
        """
        tree = None
        if rule is not None and is_function(rule):
            tree = self.function_tree(rule, bands)
        if tree is None and self._steps is None:
            return None
        process = self._process
        # What the service's own chain gets.
        count = len(self.summary.bands) if process is None else process.bands
        pixel_type = self.summary.pixel_type if process is None else process.pixel_type
        return MosaicProcess(self._steps, count, pixel_type, tree, bands)

    def function_tree(self, rule: RenderingRule, bands: tuple[int, ...]) -> FunctionTree:
        """Return a rule bound to some bands (from 0) of the service; made once per arguments.

        Raises
        ------
        InvalidParameter
        """
        key = (rule, bands)
        found = self._trees.get(key)
        if found is None:
            found = self._trees[key] = function_tree(
                resampled_rule(placed_rule(rule, self.summary.crs)),
                lambda leaf: with_properties(self.bands_info(bands), self, leaf),
            )
        return found

    def bands_info(self, bands: tuple[int, ...]) -> BandsInfo:
        """Return what is known of some bands (from 0) without their pixels."""
        info = bands_info(self.summary, self._histograms, bands)
        # The service's own chain may have changed what samples are.
        return info if self._steps is None else replace(info, height_m=self._steps.output.height_m)

    @property
    def histograms(self) -> tuple[Histogram, ...]:
        """One per band, or none."""
        return self._histograms

    def placed(self, item: Item, out_crs: str) -> Placed | None:
        """Return an item's place in an output CRS, the first of several, or None; cached."""
        found = self.appearances(item, out_crs)
        return found[0].placed if found else None

    def appearances(self, item: Item, out_crs: str) -> tuple[Appearance, ...]:
        """Return an item as it shows in an output CRS; cached.

        One for most; () where it has no place; several for one that goes around the map's edge in
        its own CRS (`engine.world_turns`) or has several rasters (`engine.item_rasters`).
        """
        key, placed = (item.id, out_crs), self._placed
        if key in placed:
            placed.move_to_end(key)
            return placed[key]
        found = self._appearances(item, out_crs)
        placed[key] = found
        if len(placed) > _MAX_PLACED:
            placed.popitem(last=False)
        return found

    def _appearances(self, item: Item, out_crs: str) -> tuple[Appearance, ...]:
        if item.rasters:
            several = (self._appearances(raster, out_crs) for raster in rasters_of(item))
            return tuple(each for found in several for each in found)
        if item.geolocation:
            ortho = self._place_sensor(item, out_crs)
            return () if ortho is None else (Appearance(item, ortho),)
        turned = turned_items(item)
        if turned == (item,):
            placed = self._place(item, out_crs)
            return () if placed is None else (Appearance(item, placed),)
        found = []
        for moved in turned:
            placed = self._place_turned(moved, out_crs)
            if placed is not None:
                found.append(Appearance(moved, placed))
        return tuple(found)

    def _place_turned(self, item: Item, out_crs: str) -> Placed | None:
        """Return the place of one turn of an item: where its own box shows."""
        pipeline, scale = self._operation(item, out_crs)
        own = raster_box(item.geotransform, item.width, item.height)
        box: Extent | None = own
        if item.crs != out_crs:
            half = world_period(item.crs) / 2
            shown = own.intersection(Extent(-half, own.ymin, half, own.ymax))
            found = None if shown is None else inverse_extent(pipeline, shown)
            box = None if found is None else around(found, out_crs)
        if box is None or min(scale) <= 0:
            return None
        return self._through_stages(item, out_crs, Placed(MapLocator(pipeline), box, *scale))

    def geolocation(self, item: Item) -> BoundGeolocation:
        """Return the bound geolocation of an item that has one; kept for a few.

        Safe to be called from several threads.

        Raises
        ------
        SourceError
            Its terrain cannot be used; it is tried again after a while.
        """
        return self._sensors.geolocation(item)

    def _place_sensor(self, item: Item, out_crs: str) -> Placed | None:
        """Return the place of an image with a sensor model; nothing is opened yet."""
        box = item.extent
        if out_crs != self.summary.crs:
            area = self.summary.extent_lonlat
            found = inverse_extent(operation(out_crs, self.summary.crs, area).pipeline, box)
            if found is None:
                return None
            box = around(found, out_crs)
        locator, scale = self._sensors.place(item, out_crs, box)
        if min(scale) <= 0:
            return None
        return self._through_stages(item, out_crs, Placed(locator, box, *scale))

    def _through_stages(self, item: Item, out_crs: str, placed: Placed) -> Placed:
        """Return a place with the stages of the item's chain, where it has several."""
        process = bound_process(item) if item.process else None
        if process is None or not process.is_staged:
            return placed
        key = f"{self.path}#{item.id}"
        planes = stage_planes(item, process, key, self._sensors.stage_locator)
        staged, locator = StagedItem(item, process, planes, key), placed.locator
        if item.geolocation:
            last = stage_geolocation(process.stages[-1].stage, process.crs)
            locator = self._sensors.stage_locator(key, last, placed.box, out_crs)
        return replace(placed, locator=locator, staged=staged, whole=placed.locator)

    def _renew(self) -> None:
        """Forget where images lie: a terrain has changed."""
        self._placed = OrderedDict()
        self.plans = LRUCache(_MAX_PLANS)

    def _operation(self, item: Item, out_crs: str) -> tuple[str, tuple[float, float]]:
        """Return the operation from an output CRS to an item's, and its scale there."""
        if out_crs == self.summary.crs and item.operation_service:
            return self.catalog.operation(item.operation_service), item.scale_service
        return self._pipeline(item, out_crs)

    def _place(self, item: Item, out_crs: str) -> Placed | None:
        pipeline, scale = self._operation(item, out_crs)
        box = item.extent
        if out_crs != self.summary.crs or not item.operation_service:
            way = operation(out_crs, self.summary.crs, self._area(item)).pipeline
            if (found := box_on_map(item, out_crs, (self.summary.crs, way), pipeline)) is None:
                return None
            box = around(found, out_crs)
        if scale[0] <= 0 or scale[1] <= 0:
            return None
        placed = Placed(MapLocator(pipeline), box, scale[0], scale[1])
        return self._through_stages(item, out_crs, placed)

    def _pipeline(self, item: Item, out_crs: str) -> tuple[str, tuple[float, float]]:
        if out_crs == MERCATOR and item.operation_mercator:
            return self.catalog.operation(item.operation_mercator), item.scale_mercator
        pipeline = operation(out_crs, item.crs, self._area(item)).pipeline
        for share in (1.0, 0.5, 1.5):
            # A raster whose centre is a pole has no scale there, and one beside it.
            width, height = int(item.width * share), int(item.height * share)
            scale = map_scale(item.geotransform, width, height, pipeline)
            if min(scale) > 0:
                break
        return pipeline, scale

    def _area(self, item: Item) -> Extent | None:
        return lonlat_extent(item.crs, item.geotransform, item.width, item.height)


def open_service(path: str, memory: InstanceMemory | None = None) -> ImageService:
    """Open a compiled definition in this process.

    Raises
    ------
    ConfigError
        The file is no compiled definition of this version.
    """
    return ImageService(Path(path), process_memory(memory))
