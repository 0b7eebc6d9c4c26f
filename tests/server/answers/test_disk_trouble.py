"""One warning for a disk that fails, not one a picture."""

import errno
from pathlib import Path

from server.answers.disk_trouble import DiskTrouble

FULL = OSError(errno.ENOSPC, "No space left on device")


def test_one_warning_when_it_begins_and_one_when_it_ends(caplog):
    trouble = DiskTrouble(Path("/cache"))
    for _ in range(50):
        trouble.note(FULL)
    assert [record.getMessage() for record in caplog.records] == [
        "pictures cannot be kept in /cache (No space left on device); they are served all the same"
    ]
    trouble.end()
    trouble.end()
    assert len(caplog.records) == 2
    trouble.note(FULL)
    assert len(caplog.records) == 3


def test_while_it_lasts_one_write_in_a_while_tries():
    trouble = DiskTrouble(Path("/cache"), retry_s=3600)
    assert trouble.may_write()
    trouble.note(FULL)
    assert not trouble.may_write()
    patient = DiskTrouble(Path("/cache"), retry_s=0)
    patient.note(FULL)
    assert patient.may_write()


def test_a_disk_that_hangs_is_not_read_either():
    trouble = DiskTrouble(Path("/cache"), retry_s=3600)
    trouble.note(FULL)
    assert trouble.may_read()
    trouble.note(TimeoutError())
    assert not trouble.may_read()
    assert trouble.why == "it does not answer in time"
