"""All shoots that a server has open, on one catalog."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from keepers.app.culling import brought_up_to_date
from keepers.app.journal import recover
from keepers.app.measuring import Run, photos_in
from keepers.app.review import checking
from keepers.app.review.details import details
from keepers.app.review.events import Listener, Listeners
from keepers.app.review.handing import Handover, hand_over, take_back, ways
from keepers.app.review.listing import Listing
from keepers.app.review.pictures import Pictures, original
from keepers.app.review.render import What
from keepers.app.review.shoot import ReviewedShoot, line_of, sentence, shoot_id
from keepers.app.review.table import Table
from keepers.catalog.db import Catalog
from keepers.catalog.faults import without_collector
from keepers.catalog.news import Read
from keepers.errors import KeepersError, NotFound, UnreadablePhoto
from keepers.io.files import absolute
from keepers.pipeline.policy import Wishes
from keepers.settings import cache_folder, settings
from keepers.types import Json, Opinion, VerdictName


class Desk:
    """The verbs of the review page. Safe to call from several threads; `close` it in the end.

    Args:
        catalog, workers, model: as for `cull`.
        cache: where small pictures are kept; `settings.cache_folder` unless given.
    """

    def __init__(
        self,
        *,
        catalog: Path | str | None = None,
        workers: int | None = None,
        model: Path | str | None = None,
        cache: Path | None = None,
    ) -> None:
        cache = cache if cache is not None else cache_folder()
        self._run = Run(settings(catalog=catalog, workers=workers, model=model), cache)
        self._lock = threading.RLock()
        # Shoots ask for the catalog under their own locks; the lock of the desk may be waiting for one of those.
        self._catalog_lock = threading.Lock()
        self._shoots: dict[str, ReviewedShoot] = {}
        self._opened: Catalog | None = None
        self._generation = -1
        self._listeners = Listeners()
        self._handovers: dict[str, Handover] = {}
        self._pictures = Pictures(cache)

    def open(self, folder: Path | str) -> ReviewedShoot:
        """Cull what is new in a folder, in the background, and have it under review.

        Raises:
            NotFound, NothingToDo: there is no such folder, or no photo in it.
            StorageError: the catalog cannot be opened.
        """
        place = absolute(Path(folder).expanduser())
        with self._lock:
            name = shoot_id(place)
            known = self._shoots.get(name)
            if known is not None and known.state != "failed":
                return known
            photos_in(place)
            self._store()
            shoot = ReviewedShoot(place, self._store, lambda event, data: self._listeners.tell(name, (event, data)))
            self._shoots[name] = shoot
        threading.Thread(target=self._cull, args=(shoot,), daemon=True).start()
        return shoot

    def shoots(self) -> list[Json]:
        """The shoots of the catalog and those that are open, by their folders: the answer of `GET /api/shoots`."""
        with self._lock:
            shoots = dict(self._shoots)
        lines = {shoot_id(folder): line_of(folder, *counts) for folder, *counts in self._stored()}
        lines |= {name: shoot.summary() for name, shoot in shoots.items()}
        return sorted(lines.values(), key=lambda line: str(line["folder"]))

    def shoot(self, name: str) -> ReviewedShoot:
        """The shoot of that id; one that was culled earlier is opened.

        Raises:
            NotFound: there is none, or its folder is gone.
        """
        with self._lock:
            known = self._shoots.get(name)
        if known is not None:
            self._refresh()
            return known
        folder = next((folder for folder, *_ in self._stored() if shoot_id(folder) == name), None)
        if folder is None:
            raise NotFound("There is no such shoot; cull its folder first.")
        return self.open(folder)

    def photo(self, photo: str) -> tuple[ReviewedShoot, Opinion]:
        """A photo of an open shoot.

        Raises:
            NotFound: no open shoot has it.
        """
        with self._lock:
            shoots = list(self._shoots.values())
        for shoot in shoots:
            if shoot.has(photo):
                return shoot, shoot.opinion(photo)
        raise NotFound("No open shoot has this photo.")

    def picture(self, photo: str, what: What) -> Path:
        """The file of a picture of a photo: made where it is not there yet, or the photo's own where that will do.

        Raises:
            NotFound: no open shoot has the photo, or its file lies outside of the shoot.
            UnreadablePhoto: it cannot be read, or has changed since it was culled.
        """
        shoot, opinion = self.photo(photo)
        if what == "full" and (own := original(opinion, shoot.folder)) is not None:
            return own
        return self._pictures.get(opinion, what, shoot.folder)

    def details(self, photo: str) -> Json:
        """All that is known of a photo, the answer of `GET /api/photos/<id>`. Raises NotFound."""
        shoot, opinion = self.photo(photo)
        facts = None
        with suppress(UnreadablePhoto):  # a file that is gone has its facts still
            facts = self._pictures.get(opinion, "facts", shoot.folder)
        return details(opinion, shoot.row(photo), facts)

    def audit(self, shoot: ReviewedShoot, size: int) -> Json:
        """Draw photos for a blind check of the shoot; raises as `checking.sample`."""
        return checking.sample(self._store(), shoot, size)

    def audited(
        self, shoot: ReviewedShoot, number: int, answers: Mapping[str, VerdictName], keep: bool
    ) -> Json:
        """What the answers to a blind check say; they become choices where `keep`. Raises as `checking.result`."""
        return checking.result(self._store(), shoot, number, answers, keep)

    def export(
        self,
        shoot: ReviewedShoot,
        to: str,
        options: Mapping[str, object],
        verdicts: tuple[VerdictName, ...] = (),
        dry_run: bool = False,
        plan: str | None = None,
    ) -> Json:
        """Hand the verdicts over, and tell all tabs how far it is; raises as the verb `export`."""
        shoot.rows()  # not before everything is judged
        running = Handover(
            lambda done, total: self._listeners.tell(shoot.id, ("exporting", {"done": done, "total": total}))
        )
        if not dry_run:
            self._handovers[shoot.id] = running
        told = hand_over(
            shoot.folder,
            to,
            options,
            verdicts=verdicts,
            dry_run=dry_run,
            catalog=self.catalog,
            model=self._run.settings.model,
            plan=plan,
            running=running,
        )
        self._refresh()
        return told

    def exporters(self) -> list[Json]:
        """The ways to export."""
        return ways()

    def stop_export(self, shoot: ReviewedShoot) -> None:
        """End the export of a shoot that runs, if one does; what is done stays done and can be undone."""
        if (running := self._handovers.get(shoot.id)) is not None:
            running.stop()

    def undo_job(self, job: int) -> Json:
        """Take an export back; raises as the verb `undo`."""
        return take_back(job, self.catalog)

    def listen(self, shoot: ReviewedShoot) -> Listener:
        """Hear what happens to a shoot; `leave` in the end."""
        return self._listeners.add(shoot.id, ("hello", shoot.hello()))

    def leave(self, listener: Listener) -> None:
        """Hear no more."""
        self._listeners.remove(listener)

    def settled(self, shoot: ReviewedShoot) -> None:
        """Tell the other open shoots of a change in `shoot`: a photo may lie in several."""
        with self._lock:
            others = [one for one in self._shoots.values() if one is not shoot]
        for other in others:
            other.refresh()

    def hang_up(self) -> None:
        """End all streams of events."""
        self._listeners.end()

    def close(self) -> None:
        """End all streams and processes, and close the catalog."""
        self.hang_up()
        self._pictures.close()
        with self._catalog_lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    @property
    def catalog(self) -> Path:
        """The file of the catalog."""
        return self._run.settings.catalog

    def _refresh(self) -> None:
        """Take over what another keepers has recorded since."""
        generation = self._store().generation()
        if generation != self._generation:
            self._generation = generation
            with self._lock:
                shoots = list(self._shoots.values())
            for shoot in shoots:
                shoot.refresh()

    def _store(self) -> Catalog:
        with self._catalog_lock:
            if self._opened is None:
                self._opened = Catalog(self.catalog)
                self._generation = self._opened.generation()
            return self._opened

    def _stored(self) -> list[tuple[Path, int, int]]:
        if self._opened is None and not self.catalog.is_file():
            return []  # looking must not create a catalog
        return self._store().shoots()

    def _cull(self, shoot: ReviewedShoot) -> None:
        try:
            shoot.opened(*self._table(shoot))
        except Exception as error:  # it is shown in the page
            with suppress(KeepersError):
                shoot.failed(sentence(error))

    def _table(self, shoot: ReviewedShoot) -> tuple[Table, Read]:
        recover(self._run.settings)
        sources, _ = photos_in(shoot.folder)
        with Catalog(self.catalog) as store:
            read = store.last()
            known = Listing(folder=shoot.folder, choices=store.choices(), marks=store.marks())
            known.add(store.glimpse(sources))
            shoot.listed(known, read)
            place, asked = store.shoot_of(shoot.folder)
            wishes = asked if place == shoot.folder else Wishes()
            facts = brought_up_to_date(
                store, self._run, sources, shoot.folder, wishes, shoot.culled, shoot.came
            )
            read = store.last()
            policy = self._run.policy(wishes, store)
            choices, marks = store.choices(), store.marks()
            with without_collector():  # which would take four tenths of the time
                table = Table.of(self._run, facts.reports(), shoot.folder, choices=choices, marks=marks, policy=policy)
        return table, read
