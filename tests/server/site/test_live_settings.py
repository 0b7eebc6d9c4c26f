"""Settings that follow the site while a server runs; a file half-written changes nothing (A30)."""

import logging

from config.layers import Layer, Layers
from config.load import settled
from config.site import site_file
from server.site.live_settings import LiveSettings


def live(data, **more):
    values = {"data": str(data), "instances": 1, "memory": {"total_mb": 3000}, **more}
    layers = Layers((Layer("file", "swath.toml", values),))
    return LiveSettings(settled(layers), layers)


def write(data, text):
    file = site_file(data)
    part = file.with_suffix(".part")
    part.write_text(text, "utf-8")
    part.replace(file)


def placed(data, name, maximum):
    home = data / "services" / name
    home.mkdir(parents=True)
    (home / "current").write_text("0" * 32, "ascii")
    (home / "instances").write_text(f"maximum = {maximum}", "ascii")


def test_what_the_site_sets_is_in_force_and_unset_it_is_as_before(tmp_path):
    settings = live(tmp_path)
    assert not settings.poll()
    write(tmp_path, "instances = 2\n[limits]\nmax_queue = 7\n")
    assert settings.poll()
    assert (settings.current.instances, settings.current.limits.max_queue) == (2, 7)
    assert not settings.poll()
    site_file(tmp_path).unlink()
    assert settings.poll()
    assert (settings.current.instances, settings.current.limits.max_queue) == (1, 1024)


def test_what_cannot_change_while_it_runs_waits_for_the_next_start(tmp_path):
    settings = live(tmp_path)
    write(tmp_path, "log_format = 'json'\n")
    assert not settings.poll()
    assert settings.current.log_format == "text"
    assert settings.waiting == ("log_format",)


def test_a30_a_file_half_written_changes_nothing_and_is_one_line_in_the_log(tmp_path, caplog):
    settings = live(tmp_path)
    write(tmp_path, "instances = 2\n")
    settings.poll()
    with caplog.at_level(logging.ERROR):
        write(tmp_path, "instances = 2\n[lim")
        assert [settings.poll() for _ in range(5)] == [False] * 5
    assert settings.current.instances == 2
    assert len(caplog.records) == 1
    assert "not TOML" in settings.problem
    write(tmp_path, "instances = 1\n")
    assert settings.poll()
    assert settings.problem == ""


def test_what_does_not_fit_into_memory_changes_nothing(tmp_path):
    settings = live(tmp_path)
    write(tmp_path, "instances = 100\n")
    assert not settings.poll()
    assert settings.current.instances == 1
    assert "the total is 3000 MB" in settings.problem


def test_instances_of_single_services_share_the_memory(tmp_path, caplog):
    settings = live(tmp_path)
    before = settings.current.block_cache_mb
    placed(tmp_path, "a", 3)
    assert settings.refit()
    assert settings.current.most_instances == 4
    assert settings.current.block_cache_mb < before
    placed(tmp_path, "b", 90)
    assert not settings.refit()
    assert settings.current.most_instances == 4
    assert "the total is 3000 MB" in caplog.text
    # The site goes on being followed only with what fits.
    write(tmp_path, "[limits]\nmax_queue = 7\n")
    assert not settings.poll()
