"""A request for slices gets the file's own numbers, pixel for pixel.

Covers engine.slices, engine.variable_service, engine.build.dimension_census and
engine.build.variables_head too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import netCDF4
import numpy as np
import pytest
import shapely
from rasterio import Affine

from config.definition import MosaicOperator
from engine.answer import answer
from engine.budget import UNLIMITED
from engine.build.build import build_definition
from engine.build.build_options import BuildOptions
from engine.build.compile import compile_definition
from engine.build.definition_folder import DefinitionFolder
from engine.catalog import Catalog
from engine.errors import ConfigError, InvalidParameter, RequestTooLarge
from engine.request import (
    AreaCountsRequest,
    HistogramsRequest,
    IdentifyRequest,
    ImageRequest,
    LegendRequest,
    PointSamplesRequest,
    QueryRequest,
    SlicesRequest,
    StatisticsRequest,
)
from engine.request_parts import (
    DimensionValues,
    Encoding,
    MosaicRule,
    RenderingRule,
    TimeRange,
    View,
)
from engine.service import open_service
from raster_types.adding.add import AddRequest, add_rasters
from raster_types.base import ItemOptions
from server.authoring.definition_report import describe
from tests.engine.rasters import samples, write_raster
from tests.engine.sea_cube import (
    DEPTHS,
    EXTENT,
    TIMES,
    compiled,
    sea_data,
    write_sea,
    write_zarr_sea,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.service import ImageService

SEA = sea_data()


@pytest.fixture(scope="module", params=["netCDF", "zarr 2", "zarr 3"])
def sea(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ImageService]:
    folder = tmp_path_factory.mktemp("sea")
    if request.param == "netCDF":
        path = folder / "sea.nc"
        write_sea(path)
    else:
        path = write_zarr_sea(folder / "sea.zarr", int(request.param[-1]))
    service = open_service(str(compiled(folder, path)))
    yield service
    service.close()


def _pixels(
    service: ImageService, rule: MosaicRule | None = None, time: TimeRange | None = None
) -> NDArray[np.float64]:
    """The service at its own resolution; NaN where it has no data."""
    request = ImageRequest(
        view=View(extent=EXTENT, width=8, height=6),
        encoding=Encoding(format="tiff"),
        rendering=RenderingRule(),
        mosaic=rule,
        time=time,
    )
    block = samples(service, request)
    return np.where(block.valid[0], block.data[0], np.nan)


def _layer(name: str, *place: int) -> NDArray[np.float32]:
    return np.asarray(SEA[name][place][::-1])


def _same(found: NDArray[np.float64], expected: NDArray[np.float32]) -> None:
    np.testing.assert_array_equal(found.astype(np.float32), expected)


def _values(variable: str, dimension: str, *values: float) -> DimensionValues:
    spans = tuple((value, value) for value in values)
    return DimensionValues(variable=variable, dimension=dimension, values=spans)


def test_without_a_choice_it_is_the_first_variable_at_the_first_time_and_the_surface(
    sea: ImageService,
) -> None:
    _same(_pixels(sea), _layer("salt", 0, 2))
    assert sea.summary.default_variable == "salt"


@pytest.mark.parametrize("time", range(4))
@pytest.mark.parametrize("depth", range(3))
def test_every_slice_can_be_asked_for(sea: ImageService, time: int, depth: int) -> None:
    rule = MosaicRule(
        dimensions=(
            _values("salt", "StdTime", TIMES[time]),
            _values("salt", "StdZ", DEPTHS[depth]),
        )
    )
    _same(_pixels(sea, rule), _layer("salt", time, depth))
    _same(_pixels(sea, MosaicRule(slice_id=depth * 4 + time)), _layer("salt", time, depth))
    _same(_pixels(sea, MosaicRule(slice_id=12 + time)), _layer("temp", time))


def test_a_variable_alone_shows_its_first_slice(sea: ImageService) -> None:
    _same(
        _pixels(sea, MosaicRule(dimensions=(DimensionValues(variable="TEMP"),))), _layer("temp", 0)
    )


def test_dimensions_without_a_variable_are_of_the_default_one(sea: ImageService) -> None:
    rule = MosaicRule(dimensions=(_values("", "stdz", -10.0),))
    _same(_pixels(sea, rule), _layer("salt", 0, 1))


def test_numbers_may_be_written_with_fewer_digits(sea: ImageService) -> None:
    rule = MosaicRule(dimensions=(_values("salt", "StdZ", -10.000001),))
    _same(_pixels(sea, rule), _layer("salt", 0, 1))


def test_time_picks_the_slice_and_ends_may_be_open(sea: ImageService) -> None:
    _same(_pixels(sea, time=TimeRange(start=TIMES[2], end=TIMES[2])), _layer("salt", 2, 2))
    _same(_pixels(sea, time=TimeRange(start=TIMES[3])), _layer("salt", 3, 2))
    assert np.isnan(_pixels(sea, time=TimeRange(end=TIMES[0] - 1))).all()


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (MosaicOperator.MAX, SEA["salt"][:, 2].max(axis=0)),
        (MosaicOperator.MIN, SEA["salt"][:, 2].min(axis=0)),
        (MosaicOperator.MEAN, SEA["salt"][:, 2].mean(axis=0)),
    ],
)
def test_a_range_is_aggregated_by_the_mosaic_operator(
    sea: ImageService, operator: MosaicOperator, expected: NDArray[np.float32]
) -> None:
    whole = DimensionValues(dimension="StdTime", values=((TIMES[0], TIMES[3]),))
    found = _pixels(sea, MosaicRule(operator=operator, dimensions=(whole,)))
    np.testing.assert_allclose(found, expected[::-1], rtol=1e-6)


def test_values_with_gaps_between_them_are_those_values(sea: ImageService) -> None:
    rule = MosaicRule(
        operator=MosaicOperator.MAX, dimensions=(_values("", "StdTime", TIMES[0], TIMES[3]),)
    )
    _same(_pixels(sea, rule), SEA["salt"][[0, 3], 2].max(axis=0)[::-1])


def test_where_and_ids_choose_without_defaults(sea: ImageService) -> None:
    where = MosaicRule(where=f"Variable = 'temp' AND StdTime = {TIMES[3]}")
    _same(_pixels(sea, where), _layer("temp", 3))
    ids = answer(sea, QueryRequest(where=where.where, returns="ids"), UNLIMITED).record.ids
    _same(_pixels(sea, MosaicRule(fids=tuple(ids))), _layer("temp", 3))


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (MosaicRule(slice_id=16), "sliceId.*from 0 to 15"),
        (MosaicRule(dimensions=(DimensionValues(variable="x"),)), "one of salt, temp"),
        (MosaicRule(dimensions=(_values("temp", "StdZ", 0.0),)), "dimension of temp: StdTime"),
        (MosaicRule(dimensions=(_values("", "depth", 0.0),)), "dimension of salt"),
    ],
)
def test_what_there_is_not_is_told(sea: ImageService, rule: MosaicRule, told: str) -> None:
    with pytest.raises(InvalidParameter, match=told):
        _pixels(sea, rule)


def test_a_point_has_a_value_for_every_slice(sea: ImageService) -> None:
    point = shapely.to_wkb(shapely.Point(11.25, 50.75))
    rule = MosaicRule(dimensions=(DimensionValues(variable="salt"),), all_slices=True)
    request = PointSamplesRequest(geometry=point, first_only=False, mosaic=rule)
    found = answer(sea, request, UNLIMITED).record.samples
    slices = [(t, d) for t in range(4) for d in range(3)]
    assert [np.float32(each.values[0]) for each in found] == [
        SEA["salt"][t, d, 1, 2] for t, d in slices
    ]
    assert [(each.attributes["StdTime"], each.attributes["StdZ"]) for each in found] == [
        (TIMES[t], DEPTHS[d]) for t, d in slices
    ]
    identified = answer(sea, IdentifyRequest(geometry=point, mosaic=rule), UNLIMITED).record
    assert len(identified.items) == 12


def test_a_profile_that_would_be_cut_is_refused(tmp_path: Path) -> None:
    write_sea(tmp_path / "sea.nc")
    service = open_service(str(compiled(tmp_path, tmp_path / "sea.nc")))
    properties = msgspec.structs.replace(service.summary.properties, max_mosaic_images=5)
    service.summary = msgspec.structs.replace(service.summary, properties=properties)
    request = PointSamplesRequest(
        geometry=shapely.to_wkb(shapely.Point(11.25, 50.75)),
        first_only=False,
        mosaic=MosaicRule(all_slices=True),
    )
    with pytest.raises(RequestTooLarge, match="number of slices"):
        answer(service, request, UNLIMITED)
    service.close()


def test_histograms_of_an_area_are_those_of_the_slice(sea: ImageService) -> None:
    rule = MosaicRule(slice_id=12 + 1)
    (band,) = answer(sea, AreaCountsRequest(mosaic=rule), UNLIMITED).record.bands
    layer = SEA["temp"][1]
    assert band.statistics.min == pytest.approx(np.nanmin(layer), rel=1e-6)
    assert band.statistics.mean == pytest.approx(float(np.nanmean(layer)), rel=1e-6)


def test_statistics_and_legend_are_of_the_variable(sea: ImageService) -> None:
    for name, layers in SEA.items():
        (band,) = answer(sea, StatisticsRequest(variable=name), UNLIMITED).record.statistics
        assert band.min == pytest.approx(np.nanmin(layers), rel=1e-6)
        assert band.max == pytest.approx(np.nanmax(layers), rel=1e-6)
        (counts,) = answer(sea, HistogramsRequest(variable=name), UNLIMITED).record.histograms
        assert sum(counts.counts) == np.count_nonzero(np.isfinite(layers))
        legend = answer(sea, LegendRequest(variable=name), UNLIMITED).record
        assert legend.names == (name,)
        assert legend.ends[0] < legend.ends[1] <= np.nanmax(layers)


def test_a_query_finds_all_slices_or_those_asked_for(sea: ImageService) -> None:
    def count(*dimensions: DimensionValues) -> int:
        request = QueryRequest(returns="count", dimensions=dimensions)
        return int(answer(sea, request, UNLIMITED).record.count)

    assert count() == 16
    assert count(DimensionValues(variable="temp")) == 4
    assert count(_values("", "StdZ", 0.0)) == 4
    assert count(_values("", "StdTime", TIMES[0])) == 4
    assert count(_values("salt", "StdZ", 0.0), _values("", "StdTime", TIMES[1], TIMES[2])) == 2


def test_slices_are_listed_by_number(sea: ImageService) -> None:
    found = answer(sea, SlicesRequest(), UNLIMITED).record.slices
    assert [each.number for each in found] == list(range(16))
    assert found[5].values == (("StdZ", -10.0), ("StdTime", TIMES[1]))
    some = answer(sea, SlicesRequest(dimensions=(_values("", "StdZ", -10.0),)), UNLIMITED).record
    assert [each.number for each in some.slices] == [4, 5, 6, 7]


def test_slices_that_are_missing_keep_the_numbers_of_the_others(tmp_path: Path) -> None:
    write_sea(tmp_path / "sea.nc")
    with (
        netCDF4.Dataset(tmp_path / "late.nc", "w") as late,
        netCDF4.Dataset(tmp_path / "sea.nc") as sea,
    ):
        for name in ("lat", "lon"):
            late.createDimension(name, len(sea.dimensions[name]))
            axis = late.createVariable(name, "f8", (name,))
            axis[:] = sea[name][:]
            axis.units = sea[name].units
        late.createDimension("time", 1)
        time = late.createVariable("time", "f8", ("time",))
        time[:] = [120.0]
        time.units = "days since 2023-01-01"
        temp = late.createVariable("temp", "f4", ("time", "lat", "lon"))
        temp[:] = SEA["temp"][:1] + 100
    service = open_service(str(compiled(tmp_path, tmp_path / "sea.nc", tmp_path / "late.nc")))
    salt, temp_ = service.summary.variables
    assert (salt.slice_count, temp_.slice_count) == (12, 5)
    found = answer(service, SlicesRequest(), UNLIMITED).record.slices
    assert [each.number for each in found] == list(range(17))
    _same(_pixels(service, MosaicRule(slice_id=16)), _layer("temp", 0) + np.float32(100))
    service.close()


def test_the_author_says_which_variable_shows(tmp_path: Path) -> None:
    write_sea(tmp_path / "sea.nc")
    out = compiled(tmp_path, tmp_path / "sea.nc", properties={"default_variable": "temp"})
    service = open_service(str(out))
    _same(_pixels(service), _layer("temp", 0))
    assert service.summary.statistics == service.summary.variables[1].statistics
    service.close()


def test_a_default_variable_that_is_not_there_is_told(tmp_path: Path) -> None:
    write_sea(tmp_path / "sea.nc")
    with pytest.raises(ConfigError, match="'ice' is no variable of the service; known: salt, temp"):
        compiled(tmp_path, tmp_path / "sea.nc", properties={"default_variable": "ice"})


def test_units_and_names_come_along(sea: ImageService) -> None:
    salt, temp = sea.summary.variables
    assert (salt.unit, temp.unit) == ("1e-3", "degC")
    assert [each.name for each in salt.dimensions] == ["StdTime", "StdZ"]
    assert [each.unit for each in salt.dimensions] == ["ISO8601", "m"]
    assert salt.dimensions[0].values == TIMES
    assert salt.dimensions[1].values == DEPTHS


def test_a_service_without_dimensions_refuses_slices(plain_service: ImageService) -> None:
    for rule in (
        MosaicRule(slice_id=0),
        MosaicRule(dimensions=(_values("", "StdZ", 0.0),)),
        MosaicRule(dimensions=(DimensionValues(variable="salt"),)),
    ):
        with pytest.raises(InvalidParameter, match="this service has no dimensions"):
            _pixels(plain_service, rule)
    assert answer(plain_service, SlicesRequest(), UNLIMITED).record.slices == ()


@pytest.fixture
def plain_service(tmp_path: Path) -> Iterator[ImageService]:
    """One variable without dimensions: a plain raster."""
    with netCDF4.Dataset(tmp_path / "one.nc", "w") as file:
        for name, values, units in (
            ("lat", np.arange(3.0), "degrees_north"),
            ("lon", np.arange(4.0), "degrees_east"),
        ):
            file.createDimension(name, len(values))
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = values
            axis.units = units
        file.createVariable("height", "f4", ("lat", "lon"))[:] = np.ones((3, 4))
    out = compiled(tmp_path, tmp_path / "one.nc")
    assert Catalog.open(out).summary.variables == ()
    service = open_service(str(out))
    yield service
    service.close()


@pytest.mark.parametrize("stacked", [False, True], ids=["slices", "bands"])
def test_there_are_no_overviews_of_slices(tmp_path: Path, stacked: bool) -> None:
    write_sea(tmp_path / "sea.nc")
    folder = DefinitionFolder.create(tmp_path / "sea.isdef")
    options = ItemOptions(assets=("temp",), stack_variables=stacked)
    add_rasters(
        folder, AddRequest(raster_type="series", paths=[tmp_path / "sea.nc"], options=options)
    )
    report = build_definition(folder, BuildOptions(overviews="all"))
    assert (report.overviews > 0) == stacked


def test_the_definition_tells_of_each_variable(tmp_path: Path) -> None:
    write_sea(tmp_path / "sea.nc")
    compiled(tmp_path, tmp_path / "sea.nc")
    lines = list(describe(DefinitionFolder(tmp_path / "sea.isdef")))
    told = [line.split()[1] for line in lines if line.split()[:1] == ["statistics"]]
    assert told == ["salt:", "temp:"]


def test_rasters_of_any_kind_are_slices_where_their_author_says_so(tmp_path: Path) -> None:
    place = Affine(0.5, 0, 10.0, 0, -0.5, 53.0)
    rows = ["Name,Variable,Dimensions,StdTime"]
    for month in range(4):
        write_raster(tmp_path / f"m{month}.tif", _layer("temp", month)[None], "EPSG:4326", place)
        rows.append(f"m{month}.tif,temp,StdTime,2023-{month + 1:02}-01")
    (tmp_path / "months.csv").write_text("\n".join(rows))
    folder = DefinitionFolder.create(tmp_path / "months.isdef")
    add_rasters(
        folder,
        AddRequest(
            raster_type="raster-dataset",
            paths=[tmp_path],
            glob="*.tif",
            csv=tmp_path / "months.csv",
        ),
    )
    build_definition(folder)
    compile_definition(folder.path, tmp_path / "months.zmd")
    service = open_service(str(tmp_path / "months.zmd"))
    (variable,) = service.summary.variables
    assert variable.dimensions[0].step == (1, "Months")
    for month, time in enumerate(TIMES):
        rule = MosaicRule(dimensions=(_values("temp", "StdTime", time),))
        _same(_pixels(service, rule), _layer("temp", month))
    _same(_pixels(service), _layer("temp", 0))
    service.close()
