"""Results of a service are kept, a few of each, for as long as the service is open."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING, cast

from engine.kept_by_service import KeptByService

if TYPE_CHECKING:
    from engine.service import ImageService


class _Open:
    """Stands where an open service does: only its identity counts."""


def _open() -> ImageService:
    return cast("ImageService", _Open())


def test_a_result_is_kept_for_its_service_alone() -> None:
    kept: KeptByService[str, int] = KeptByService(2)
    first, second = _open(), _open()
    kept.put(first, "a", 1)
    assert kept.get(first, "a") == 1
    assert kept.get(first, "b") is None
    assert kept.get(second, "a") is None


def test_the_least_recently_asked_goes_first() -> None:
    kept: KeptByService[str, int] = KeptByService(2)
    service = _open()
    kept.put(service, "a", 1)
    kept.put(service, "b", 2)
    assert kept.get(service, "a") == 1
    kept.put(service, "c", 3)
    assert [kept.get(service, key) for key in "abc"] == [1, None, 3]


def test_a_service_that_is_closed_takes_its_results_along() -> None:
    kept: KeptByService[str, _Open] = KeptByService(2)
    service, result = _open(), _Open()
    watched = weakref.ref(result)
    kept.put(service, "a", result)
    del service, result
    gc.collect()
    assert watched() is None
