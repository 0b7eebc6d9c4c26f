"""Asks two services for the same views in turn, and compares what they draw."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

import msgspec

from engine.errors import ImageServerError
from server.comparison.arcgis_service import is_arcgis, open_arcgis
from server.comparison.difference import compare_pictures
from server.comparison.picture import data_url, decode_picture, difference_picture
from server.comparison.report import ViewResult
from server.comparison.wms_service import open_wms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.build.progress import Progress
    from server.comparison.fetcher import Fetcher
    from server.comparison.picture_service import PictureService
    from server.comparison.view import View

_STAGE = "views compared"


class ViewPictures(msgspec.Struct, frozen=True, kw_only=True):
    """A view's pictures as data URLs."""

    first: str
    second: str
    difference: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One view's result and its pictures; None where one was not drawn."""

    result: ViewResult
    pictures: ViewPictures | None = None


def open_service(url: str, layers: tuple[str, ...], fetcher: Fetcher) -> PictureService:
    """Ask a service what it is; an ImageServer is known by its path, all else is taken for a WMS.

    Raises
    ------
    SourceUnavailable, InvalidParameter
        See `open_arcgis` and `open_wms`.
    """
    return open_arcgis(url, fetcher) if is_arcgis(url) else open_wms(url, layers, fetcher)


class Comparing:
    """Two services and how they are asked.

    Parameters
    ----------
    tolerance : int
        Of 255; see `compare_pictures`.
    """

    def __init__(
        self, services: tuple[PictureService, PictureService], fetcher: Fetcher, tolerance: int
    ) -> None:
        self._services, self._fetcher, self._tolerance = services, fetcher, tolerance

    def warm_up(self, view: View) -> None:
        """Ask each service once, untimed, in half the size; what is wrong with one shows here.

        Another size than the view's: an answer that was kept would be quicker than one that is made.

        Raises
        ------
        SourceUnavailable
            One does not draw the view.
        """
        small = msgspec.structs.replace(
            view,
            width=max(1, view.width // 2),
            height=max(1, view.height // 2),
            pixel_size=view.pixel_size * 2,
        )
        for service in self._services:
            decode_picture(self._fetcher.get(service.picture_url(small)), small)

    def run(self, views: Sequence[View], concurrency: int, progress: Progress) -> list[Compared]:
        """Compare all views, `concurrency` of them at once; they come in the order of `views`."""
        done: dict[int, Compared] = {}
        progress(_STAGE, 0, len(views))
        with ThreadPoolExecutor(concurrency) as pool:
            waiting = [pool.submit(self._compare, view) for view in views]
            try:
                for number, future in enumerate(as_completed(waiting), start=1):
                    compared = future.result()
                    done[compared.result.view.number] = compared
                    progress(_STAGE, number, len(views))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [done[view.number] for view in views]

    def _compare(self, view: View) -> Compared:
        # In turn: who comes second may find files that the first one has brought into memory.
        order = (0, 1) if view.number % 2 else (1, 0)
        try:
            answers = {n: self._fetcher.get(self._services[n].picture_url(view)) for n in order}
            first, second = (decode_picture(answers[n], view) for n in (0, 1))
        except ImageServerError as error:
            return Compared(result=ViewResult(view=view, error=str(error)))
        return Compared(
            result=ViewResult(
                view=view,
                seconds=(answers[0].seconds, answers[1].seconds),
                difference=compare_pictures(first, second, self._tolerance),
            ),
            pictures=ViewPictures(
                first=data_url(first),
                second=data_url(second),
                difference=data_url(difference_picture(first, second)),
            ),
        )
