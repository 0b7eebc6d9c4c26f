"""Registered functions as files: added, replaced, taken back, followed by the front without their code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.errors import ConfigError, InvalidParameter
from server.python_functions.folder import check_function_name, current_versions, functions_folder
from server.python_functions.known import FunctionRegistry, forget_functions, known_functions
from server.python_functions.limits import FunctionLimits
from server.python_functions.manifest import FILE, key_of, read_manifest
from server.python_functions.store import FunctionStore


@pytest.fixture
def examples(repo_root):
    return repo_root / "tests/python_functions"


@pytest.fixture
def registry(tmp_path):
    found = FunctionRegistry(tmp_path)
    yield found
    forget_functions()


def test_a_function_is_registered_with_what_it_says_of_itself(tmp_path, examples):
    store = FunctionStore(tmp_path)
    made = store.add("Water", examples / "WaterShare.py")
    ((name, folder),) = store.current()
    assert (name, folder) == ("Water", tmp_path / "functions/Water" / made.version)
    manifest = read_manifest(folder)
    assert manifest == made
    assert [each.name for each in manifest.parameters] == ["raster", "scale", "mode", "invert"]
    assert manifest.parameters[2].domain == ("Signed", "Absolute")
    assert (folder / "WaterShare.py").read_bytes() == (examples / "WaterShare.py").read_bytes()


def test_modules_beside_the_file_are_registered_with_it(tmp_path, examples):
    store = FunctionStore(tmp_path)
    with pytest.raises(ConfigError, match="smoothing"):
        store.add("Ridge", examples / "Ridge.py")
    assert not list(store.current())
    store.add("Ridge", examples / "Ridge.py", [examples / "smoothing.py"])
    assert [name for name, _ in store.current()] == ["Ridge"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def f(:\n", r"line 1: SyntaxError"),
        ("x = 1\n", "getParameterInfo"),
        ("import os\nos._exit(4)\n", "ended with code 4"),
        ("raise RuntimeError('no')\n", "line 1: RuntimeError: no"),
        ("while True: pass\n", "longer than 2 s to load"),
    ],
)
def test_a_bad_file_changes_nothing(tmp_path, examples, text, why):
    store = FunctionStore(tmp_path, FunctionLimits(start_s=2.0, time_s=1.0))
    before = store.add("Own", examples / "Change.py").version
    (tmp_path / "bad.py").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=why):
        store.add("Own", tmp_path / "bad.py")
    assert [folder.name for _, folder in store.current()] == [before]
    assert store.versions("Own") == [before]


def test_versions_follow_each_other_and_can_be_taken_back(tmp_path, examples):
    store = FunctionStore(tmp_path)
    first = store.add("Own", examples / "Change.py").version
    second = store.add("Own", examples / "WaterShare.py").version
    assert store.versions("Own") == [first, second]
    assert store.rollback("Own") == first
    with pytest.raises(ConfigError, match="no such earlier version"):
        store.rollback("Own")
    assert store.rollback("Own", second[:8]) == second
    store.remove("Own")
    assert not list(store.current())
    with pytest.raises(ConfigError, match="registered are: none"):
        store.remove("Own")


@pytest.mark.parametrize("name", ["", "1st", "a b", "../up", "a/b", ".x", "x" * 65, "é"])
def test_names_are_words(tmp_path, examples, name):
    with pytest.raises(InvalidParameter):
        check_function_name(name)
    with pytest.raises(InvalidParameter):
        FunctionStore(tmp_path).add(name, examples / "Change.py")


def test_the_front_follows_what_is_registered(tmp_path, examples, registry):
    assert not registry.poll() or not known_functions()
    store = FunctionStore(tmp_path)
    made = store.add("Own", examples / "Change.py")
    assert registry.poll()
    assert known_functions() == {"own": made}
    assert not registry.poll()
    # A manifest that cannot be read leaves the last good one in force.
    file = functions_folder(tmp_path) / "Own" / made.version / FILE
    file.write_text("{}", "utf-8")
    store.add("Other", examples / "WaterShare.py")
    assert registry.poll()
    assert set(known_functions()) == {"own", "other"}
    store.remove("Own")
    registry.poll()
    assert set(known_functions()) == {"other"}
    assert [name for name, _ in current_versions(functions_folder(tmp_path))] == ["Other"]


def test_names_are_compared_as_rendering_rules_do():
    assert key_of("WaterFunction") == key_of("water") == "water"


def test_the_front_reads_names_without_numpy_or_the_code():
    text = (
        "import sys, server.python_functions.known, server.python_functions.arguments; "
        "print([m for m in ('numpy', 'engine.python_functions.hosted') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
