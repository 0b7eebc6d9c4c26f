"""Bytes that this process reads from files."""

from server.instances.reading import FileBytes


def test_what_is_read_is_counted_once(tmp_path):
    file = tmp_path / "large"
    file.write_bytes(bytes(300_000))
    counted = FileBytes()
    counted.since_last()
    file.read_bytes()
    assert 300_000 <= counted.since_last() < 400_000
    assert counted.since_last() < 10_000
