"""The command line as a person uses it (server.commands.serve, server.commands.explain,
server.commands.bench, server.version)."""

import subprocess
import sys

import pytest

COMMANDS = ("definition", "publish", "service", "serve", "explain", "bench", "demo")


@pytest.fixture
def swath(repo_root, tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "server.cli", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={"PYTHONPATH": str(repo_root), "PATH": "/usr/bin:/bin", "COLUMNS": "120"},
        )

    return run


def test_help_names_every_command_and_the_way(swath):
    done = swath("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"│ {command} " in done.stdout
    assert "swath publish scenes.zmd" in done.stdout


def test_the_version_is_shown(swath):
    done = swath("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("swath 0")


def test_help_imports_nothing_heavy(repo_root):
    script = (
        "import sys, server.cli\n"
        "heavy = {'numba', 'rasterio', 'numpy', 'uvicorn', 'starlette', 'shapely', 'PIL'}\n"
        "sys.exit(str(sorted(heavy & set(sys.modules))) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=repo_root
    )
    assert done.stderr == ""


def test_a_bad_setting_is_one_line_with_file_and_key(swath, tmp_path):
    (tmp_path / "swath.toml").write_text("port = 99999\n")
    done = swath("serve")
    assert done.returncode == 1
    assert done.stderr.startswith("swath: swath.toml: port: ")
    assert "Traceback" not in done.stderr


def test_memory_that_does_not_fit_is_refused_with_the_sum(swath, tmp_path):
    (tmp_path / "swath.toml").write_text("[memory]\ntotal_mb = 100\n")
    done = swath("serve", "--instances", "2")
    assert done.returncode == 1
    assert "the parts need 1184 MB" in done.stderr


def test_explain_shows_the_rasters_of_a_tile(swath, live_server):
    url = live_server.url + "/tiles/test/picture/12/2218/1389.png"
    done = swath("explain", url, "--data", live_server.data)
    assert done.returncode == 0, done.stderr
    assert "service     test/picture" in done.stdout
    assert "256 × 256" in done.stdout
    assert "rasters, topmost first" in done.stdout


def test_explain_says_which_urls_it_knows(swath, live_server):
    done = swath("explain", "http://x/y", "--data", live_server.data)
    assert done.returncode == 1
    assert "exportImage" in done.stderr
    assert "Traceback" not in done.stderr


def test_bench_shows_figures_histogram_and_picture(swath, live_server, tmp_path):
    done = swath(
        "bench", live_server.url + "/health/live", "--seconds", "0.3", "--plot", tmp_path / "p.png"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for word in ("rate", "p50", "p95", "p99", "errors      none", "█"):
        assert word in done.stdout
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_bench_asks_the_urls_of_a_file_and_fails_on_errors(swath, live_server, tmp_path):
    urls = tmp_path / "urls.txt"
    urls.write_text(f"# two\n{live_server.url}/health/live\n\n{live_server.url}/none\n")
    done = swath("bench", urls, "--seconds", "0.3", "--clients", "2")
    assert done.returncode == 1
    assert "2 URLs" in done.stdout
    assert "× 404" in done.stdout


def test_bench_without_target_says_what_it_wants(swath):
    done = swath("bench", "no-such-file")
    assert done.returncode == 1
    assert "a URL or a file with URLs" in done.stderr
