"""What the linters cannot check: sizes, registries, mirrored tests, the fixed layout, stray addresses.

Each exception below stands with its reason; an exception that is no longer needed fails, too.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("config", "engine", "raster_types", "server")
TOP_LEVEL = {
    *PACKAGES,
    *("pyproject.toml", "README.md", "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md"),
    *("LICENSE", "Dockerfile", "Makefile", "constraints.txt", "benchmarks", "tests"),
}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

LONG_FUNCTIONS: dict[str, str] = {
    "server/commands/definition.py:add": "its options, one a parameter of the command",
}

# Folder of plug-ins: the registry in its __init__.py, and the test that runs over all its entries.
REGISTRIES = {
    "engine/formats": ("FORMATS", "tests/conformance/test_formats.py"),
    "engine/functions": ("FUNCTIONS", "tests/conformance/test_functions.py"),
    "engine/geotransforms": ("GEOTRANSFORMS", "tests/conformance/test_geotransforms.py"),
    "engine/mosaic/methods": ("METHODS", "tests/conformance/test_methods.py"),
    "engine/mosaic/operators": ("OPERATORS", "tests/conformance/test_operators.py"),
    "raster_types": ("RASTER_TYPES", "tests/conformance/test_raster_types.py"),
    "server/protocols/arcgis/operations": (
        "OPERATIONS",
        "tests/conformance/test_operations.py",
    ),
    "server/protocols/wms/operations": (
        "OPERATIONS",
        "tests/conformance/test_wms_operations.py",
    ),
}
# Files in those folders that are no plug-ins, besides base.py.
NO_PLUGIN: dict[str, str] = {
    "engine/formats/deflate_rle.py": "the compression of the PNG writer",
    "engine/formats/lerc1.py": "version 1 of the lerc format",
    "engine/formats/palette.py": "the palette that png8 and gif share",
    "engine/formats/picture_pixels.py": "the pixels that picture formats share",
    "engine/formats/png_writer.py": "the writer behind the four PNG formats",
    "engine/formats/raw_samples.py": "what bip and bsq share",
    "engine/formats/tiff_strips.py": "the TIFF writer for exports cut into strips",
    "engine/functions/band_indices.py": "the indices that BandArithmetic knows by number",
    "engine/functions/cast.py": "the last step of every chain, not asked for by name",
    "engine/functions/convolution_kernels.py": "the kernels that Convolution knows by number",
    "engine/functions/contour_kernels.py": "the compiled passes behind contours",
    "engine/functions/focal_kernels.py": "the compiled passes behind statistics of neighbourhoods",
    "engine/functions/focal_statistics.py": "what Statistics and Focal share",
    "engine/functions/gradient.py": "the first step of slopes, aspects and shades",
    "engine/functions/local_operations.py": "the operations that Local knows by number",
    "engine/functions/neighbourhoods.py": "the shapes that Focal knows by number",
    "engine/functions/picture.py": "the last step of every picture, not asked for by name",
    "engine/functions/picture_pass.py": "the compiled pass behind stretch and picture",
    "engine/functions/vector_symbols.py": "the shapes that VectorFieldRenderer draws",
    "engine/functions/pointwise.py": "functions that are expressions",
    "engine/functions/surface.py": "what functions of surfaces have in common",
    "engine/functions/sorted_statistics.py": "what Local and CellStatistics sort for",
    "engine/functions/view_statistics.py": "statistics that stretch asks for",
    "engine/functions/tasseled_cap_tables.py": "the coefficients of tasseled cap",
    "engine/functions/colour_ramps.py": "ramps that colormap asks for",
    "engine/functions/named_ramps.py": "ramps by their names",
    "engine/functions/band_stretch.py": "the stretch of a band, which pictures take too",
    "engine/functions/stretch_curves.py": "curves that stretch asks for",
    "engine/geotransforms/camera_interior.py": "a part of the frame camera",
    "engine/geotransforms/camera_orientation.py": "a part of the frame camera",
    "engine/geotransforms/concatenation.py": "all geotransforms of a chain as one map",
    "engine/geotransforms/outside.py": "carries the geotransforms of plug-ins",
    "engine/geotransforms/frame_projection.py": "the kernels of the frame camera",
    "engine/geotransforms/gcps.py": "control points, which several geotransforms are fitted to",
    "engine/geotransforms/lens_distortion.py": "a part of the frame camera",
    "engine/geotransforms/rpc_evaluation.py": "the compiled passes behind the RPC",
    "engine/geotransforms/rpc_refine.py": "fits an RPC to control points",
    "engine/geotransforms/positions.py": "arrays and numbers checked for every geotransform",
    "engine/geotransforms/view_angles.py": "what any sensor model tells of its view",
    "server/protocols/arcgis/operations/area_form.py": "what operations on the values of areas share",
    "server/protocols/arcgis/operations/image_form.py": "inputs that the pages of picture operations share",
    "server/protocols/arcgis/operations/place_form.py": "what operations between map and image share",
    "raster_types/contract.py": "checks for the raster types of plug-ins",
}

# Modules that no test names: the tests that go through them (all are on the way of an end-to-end test).
THROUGH: dict[str, str] = {
    "server/protocols/arcgis/operations/place_form.py": "tests/conformance/test_operations.py",
    "engine/mosaic/distance_order.py": "tests/engine/test_invariants.py",
}


@cache
def _tracked() -> tuple[str, ...]:
    """Files that git has, as paths from the root."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("needs a git checkout and git")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return tuple(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


@cache
def _sources(*folders: str) -> tuple[tuple[str, str], ...]:
    """(path from the root, text) of each Python file under `folders`."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    skipped = {"node_modules", "results", ".arcgis-python"}
    return tuple(
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in found
        if not skipped & set(path.parts)
    )


@cache
def _pyproject() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring left out."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def _is_kernel(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "kernel" for d in function.decorator_list)


def _long_functions() -> dict[str, int]:
    found = {}
    for path, text in _sources(*PACKAGES):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_kernel(node):
                lines = _function_lines(node)
                if lines > MAX_FUNCTION_LINES:
                    found[f"{path}:{node.name}"] = lines
    return found


def _plugin_files(folder: str) -> list[str]:
    base = ROOT / folder
    files = [p.stem for p in base.glob("*.py") if p.stem not in {"__init__", "base"}]
    return sorted(stem for stem in files if f"{folder}/{stem}.py" not in NO_PLUGIN)


def _registered_modules(folder: str, registry: str) -> set[str]:
    """Modules of `folder` from which an imported name stands in the registry's value."""
    package = folder.replace("/", ".")
    tree = ast.parse((ROOT / folder / "__init__.py").read_text(encoding="utf-8"))
    module_of: dict[str, str] = {}
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                name = alias.asname or alias.name
                if node.module == package:
                    module_of[name] = alias.name
                elif node.module.startswith(package + "."):
                    module_of[name] = node.module.removeprefix(package + ".")
        if isinstance(node, ast.Assign):
            targets: list[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == registry for target in targets):
            used |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
    return {module for name, module in module_of.items() if name in used}


def _has_test_of_its_own(path: str) -> bool:
    """Whether tests/ mirrors the module, as test_<name>.py or, where names clash, with its folder's."""
    module = Path(path)
    folder = ROOT / "tests" / module.parent
    names = (f"test_{module.stem}.py", f"test_{module.parent.name}_{module.stem}.py")
    return any((folder / name).is_file() for name in names)


def _untested_modules() -> set[str]:
    conformance = {
        f"{folder}/{stem}.py"
        for folder, (_, test) in REGISTRIES.items()
        if (ROOT / test).is_file()
        for stem in ("base", *_plugin_files(folder))
    }
    public = {path for path, _ in _sources(*PACKAGES) if not Path(path).name.startswith("_")}
    tests = "\n".join(text for path, text in _sources("tests") if "house_rules" not in path)
    named = set(re.findall(r"\b(?:config|engine|raster_types|server)(?:\.\w+)+", tests))
    named |= {
        f"{package}.{name}"
        for package, names in re.findall(r"from ([\w.]+) import \(?([\w,\s]+)", tests)
        for name in re.findall(r"\w+", names)
    }
    return {
        path
        for path in public - conformance
        if not _has_test_of_its_own(path)
        and path.removesuffix(".py").replace("/", ".") not in named
    }


def test_no_file_of_the_packages_is_longer_than_400_lines() -> None:
    lengths = {path: text.count("\n") for path, text in _sources(*PACKAGES)}
    assert {path: n for path, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines_besides_its_docstring() -> None:
    found = _long_functions()
    assert {name: n for name, n in found.items() if name not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(found), "an exception that is no longer needed"


def test_every_module_has_a_docstring() -> None:
    sources = _sources(*PACKAGES, "benchmarks", "tests")
    bare = [path for path, text in sources if ast.get_docstring(ast.parse(text)) is None]
    assert bare == []


def test_no_file_has_a_vague_name() -> None:
    assert [path for path, _ in _sources(*PACKAGES) if Path(path).stem in VAGUE_NAMES] == []


def test_every_suppression_names_its_code_and_its_reason() -> None:
    good = re.compile(
        r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* -- \S"
        r"|# ruff: noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* -- \S"
        r"|# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]  # -- \S"
    )
    suppression = re.compile(r"#\s*(ruff:\s*)?(noqa|type:\s*ignore)")
    bad = [
        f"{path}:{number}"
        for path, text in _sources(*PACKAGES, "benchmarks", "tests")
        if not path.endswith("test_house_rules.py")
        for number, line in enumerate(text.splitlines(), start=1)
        if suppression.search(line) and not good.search(line)
    ]
    assert bad == []


@pytest.mark.parametrize("folder", REGISTRIES)
def test_every_plugin_file_has_its_line_in_the_registry(folder: str) -> None:
    registry, _ = REGISTRIES[folder]
    missing = set(_plugin_files(folder)) - _registered_modules(folder, registry)
    assert missing == set(), f"not in {registry} of {folder}/__init__.py"


@pytest.mark.parametrize("folder", REGISTRIES)
def test_every_registry_is_covered_by_a_conformance_test(folder: str) -> None:
    registry, test = REGISTRIES[folder]
    assert (ROOT / test).is_file(), f"{test} is missing"
    text = (ROOT / test).read_text(encoding="utf-8")
    assert registry in text, f"{test} does not run over {registry}"


def test_files_that_are_no_plugins_still_exist() -> None:
    assert [path for path in NO_PLUGIN if not (ROOT / path).is_file()] == []


def test_every_module_has_a_test_that_mirrors_or_names_it() -> None:
    found = _untested_modules()
    assert sorted(found - set(THROUGH)) == []
    assert sorted(set(THROUGH) - found) == [], "an exception that is no longer needed"
    assert [test for test in THROUGH.values() if not (ROOT / test).is_file()] == []


def test_no_other_distribution_owns_our_top_level_names() -> None:
    owners = importlib.metadata.packages_distributions()
    names = (*PACKAGES, "benchmarks", "tests")
    foreign = {name: set(owners.get(name, [])) - {"swath"} for name in names}
    assert {name: who for name, who in foreign.items() if who} == {}


def test_top_level_is_exactly_the_fixed_layout() -> None:
    found = {name.split("/")[0] for name in _tracked()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


def test_package_list_equals_the_folders_on_disk() -> None:
    listed = _pyproject()["tool"]["setuptools"]["packages"]  # type: ignore[index]  # -- free-form
    folders = {Path(path).parent.as_posix().replace("/", ".") for path, _ in _sources(*PACKAGES)}
    assert sorted(listed) == sorted(folders)


def test_constraints_pin_every_dependency_by_version_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin)] == []
    pinned = {_normal(pin.split("==")[0]) for pin in pins}
    project = _pyproject()["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *(r for extra in extras.values() for r in extra)]  # type: ignore[misc, attr-defined]  # -- free-form
    assert {_normal(re.split(r"[^A-Za-z0-9._-]", name)[0]) for name in asked} - pinned == set()


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_front_process_imports_neither_numba_nor_rasterio() -> None:
    program = "import sys, server.app, server.cli; print(sorted({'numba', 'rasterio'} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "[]", "")


@cache
def _addresses_that_stay_out() -> tuple[str, ...]:
    """This machine's path to the checkout's folder, and hosts of registries: public and configured."""
    public = [
        ("pypi", "org/simple"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
    ]
    banned = {".".join(parts) for parts in public}
    if ROOT.parent != Path(ROOT.anchor):
        banned.add(f"{ROOT.parent.as_posix()}/")
    configured = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    banned.update(re.findall(r"https?://(?:[^@/'\" ]*@)?([^/'\" ]+)", configured))
    return tuple(sorted(banned))


def test_no_path_of_this_machine_and_no_registry_is_committed() -> None:
    found = [
        f"{name}: {address}"
        for name in _tracked()
        for address in _addresses_that_stay_out()
        if address.encode() in (ROOT / name).read_bytes()
    ]
    assert found == []
