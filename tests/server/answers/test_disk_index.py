"""What is on disk, in the order of its use."""

from server.answers.disk_index import DiskIndex


def filled():
    index = DiskIndex()
    for number in range(6):
        index.add(bytes([number]), "one" if number % 2 else "two", "v", 10 + number)
    return index


def test_bytes_follow_what_comes_and_goes():
    index = filled()
    assert (len(index), index.bytes) == (6, 75)
    index.add(b"\0", "two", "v", 100)
    assert (len(index), index.bytes) == (6, 165)
    assert index.drop(b"\0").size == 100
    assert index.drop(b"\0") is None
    assert index.bytes == 65


def test_the_least_used_goes_first():
    index = filled()
    index.use(b"\0")
    index.make_oldest(b"\5")
    assert [index.drop_oldest()[0] for _ in range(6)] == [b"\5", b"\1", b"\2", b"\3", b"\4", b"\0"]
    assert (len(index), index.bytes) == (0, 0)
    assert list(index.groups()) == []


def test_a_group_goes_as_a_whole():
    index = filled()
    two = [group for group in index.groups() if group.service == "two"]
    assert (two[0].pictures, two[0].bytes) == (3, 36)
    assert index.drop_groups(two) == 3
    assert b"\0" not in index
    assert b"\1" in index
    assert [group.service for group in index.groups()] == ["one"]
