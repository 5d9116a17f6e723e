"""The verb `cull`: scan, measure what is new, store the facts, judge everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from keepers.app import tastes
from keepers.app.importing import take_over
from keepers.app.journal import Note, recover
from keepers.app.measuring import Progress, Run, Skipped, photos_in
from keepers.catalog.db import Catalog
from keepers.errors import StorageError
from keepers.io.files import absolute, content_id
from keepers.pipeline.executors import CHUNK
from keepers.pipeline.policy import Policy, Wishes, parse_strictness
from keepers.pipeline.quick import is_quick
from keepers.settings import cache_folder, settings
from keepers.types import VERDICTS, Opinion, Report, Source, VerdictName


@dataclass(frozen=True, slots=True)
class Shoot:
    """A culled folder.

    `opinions` are sorted by path and include unreadable photos (`verdict` None); `skipped` are subfolders that
    could not be looked into and sidecars that could not be read; `measured` counts the photos whose pixels were read
    in this run and `seconds` how long it took; `imported` the ratings of other programs that became choices.
    `policy` is what it was judged by; `policy.budget.promise` says what is promised of To be Deleted.
    `unsaved` says why facts could not be stored, where they could not. After Ctrl-C `complete` is False and photos
    without facts are missing.
    """

    folder: Path
    catalog: Path
    opinions: tuple[Opinion, ...]
    skipped: tuple[Skipped, ...] = ()
    measured: int = 0
    seconds: float = 0.0
    unsaved: str | None = None
    complete: bool = True
    imported: int = 0
    policy: Policy = field(default_factory=Policy)

    @property
    def held_back(self) -> int:
        """How many photos the promised budget keeps from To be Deleted."""
        return sum(any(r.name == "budget" for r in o.verdict.reasons) for o in self.of("maybe") if o.verdict)

    @property
    def counts(self) -> dict[VerdictName, int]:
        """Photos per verdict, in the order keep, maybe, delete."""
        names = [o.verdict.verdict for o in self.opinions if o.verdict is not None]
        return {name: names.count(name) for name in VERDICTS}

    @property
    def quick(self) -> int:
        """How many photos only a quick look was taken at."""
        return sum(is_quick(o.report) for o in self.opinions)

    @property
    def unreadable(self) -> tuple[Opinion, ...]:
        """The photos without a verdict; `report.error` says why."""
        return tuple(o for o in self.opinions if o.verdict is None)

    def of(self, verdict: VerdictName) -> tuple[Opinion, ...]:
        """The photos of one verdict, the technically worst first."""
        some = [o for o in self.opinions if o.verdict is not None and o.verdict.verdict == verdict]
        return tuple(sorted(some, key=lambda o: o.verdict.score if o.verdict else 0.0))


class Stopped(KeyboardInterrupt):
    """Ctrl-C during `cull`. `shoot` is what was done until then; it is in the catalog."""

    def __init__(self, shoot: Shoot) -> None:
        super().__init__("stopped")
        self.shoot = shoot


def cull(
    folder: Path | str,
    *,
    catalog: Path | str | None = None,
    workers: int | None = None,
    model: Path | str | None = None,
    engine: str | None = None,
    keep: str | None = None,
    max_false_rejects: str | None = None,
    strictness: str | None = None,
    shoot_type: str | None = None,
    thumbnails: bool = True,
    quick: bool = False,
    progress: Progress | None = None,
    note: Note | None = None,
) -> Shoot:
    """Triage a folder of photos into Must Haves, Maybes and To be Deleted. No photo is changed.

    Facts go into the catalog; a second run measures only photos that are new or changed and facts that are out
    of date. When the catalog cannot be written any more (disk full), the rest is judged from memory and
    `Shoot.unsaved` says so.

    Args:
        folder: searched recursively; RAW and JPEG of one stem are one photo.
        catalog: file of the catalog; in the platform's user-data directory unless given.
        workers: threads; one per core unless given.
        model: an ONNX file to use instead of the packaged network, or "none".
        engine: what runs the networks, see `app.engines`; "auto" unless given.
        keep: how many Must Haves to end with, such as "300" or "20%"; None for as many as there are. This and the next
            three are remembered for the folder until it is culled again.
        max_false_rejects: the promised budget of good photos that are To be Deleted, such as "1%".
        strictness: "gentle", "normal", "strict" or a number 0..1: how soon a photo is a Maybe.
        shoot_type: "portrait", "wedding", "sport", "landscape", "general" or a TOML file; which flaws count how much.
        thumbnails: keep a small picture of every photo that is measured in the cache (`settings.cache_folder`), so that
            the review page shows it at once.
        quick: look only at the previews that are embedded in photos of which nothing is known yet, which takes seconds;
            see `pipeline.quick`. All of them are Maybes, with a score and in groups; the next cull without it measures
            them.
        progress: called after every photo with how many are done and how many there are.
        note: called with a sentence about what else was done, such as taking back an export that was cut short.

    Raises:
        NotFound, NothingToDo: there is no such folder, or no photo in it.
        StorageError: the catalog cannot be opened.
        ModelError: the network's file is missing or damaged.
        UserError: one of `keep` to `shoot_type` cannot be understood.
        Refused: the file of a learned taste is damaged.
        Stopped: Ctrl-C; it is a KeyboardInterrupt.
    """
    began = time.monotonic()
    kept = settings(catalog=catalog, workers=workers, model=model, engine=engine)
    run = Run(kept, cache_folder() if thumbnails else None)
    wishes = _wishes(keep, max_false_rejects, strictness, shoot_type)
    run.policy(wishes)  # a slip of the pen must not come out after an hour
    outdated = run.taste is None and tastes.outdated(run.settings.catalog, run.versions())  # nor that it is damaged
    if outdated and note is not None:
        note("Your taste waits: it was learned from facts of another version. Cull its shoots, then run: keepers learn")
    recover(run.settings, note)
    sources, skipped = photos_in(folder)
    with Catalog(run.settings.catalog) as store:
        facts = brought_up_to_date(store, run, sources, Path(folder).expanduser(), wishes, progress, quick=quick)
        policy = run.policy(wishes, store)
        opinions = run.opinions(facts.reports(), store.choices(), policy)
    shoot = Shoot(
        folder=facts.folder,
        catalog=run.settings.catalog,
        opinions=tuple(opinions),
        skipped=(*skipped, *facts.silent),
        measured=facts.measured,
        seconds=time.monotonic() - began,
        unsaved=facts.unsaved,
        complete=not facts.stopped,
        imported=facts.imported,
        policy=policy,
    )
    if facts.stopped:
        raise Stopped(shoot)
    return shoot


def _wishes(
    keep: str | None, max_false_rejects: str | None, strictness: str | None, shoot_type: str | None
) -> Wishes:
    from keepers.pipeline.budget import MAX_FALSE_REJECTS, parse_rate
    from keepers.pipeline.policy import NORMAL
    from keepers.pipeline.shoot_type import GENERAL, named

    return Wishes(
        keep,
        MAX_FALSE_REJECTS if max_false_rejects is None else parse_rate(max_false_rejects),
        NORMAL if strictness is None else parse_strictness(strictness),
        GENERAL.name if shoot_type is None else named(shoot_type).stored,
    )


def brought_up_to_date(
    store: Catalog,
    run: Run,
    sources: Sequence[Source],
    folder: Path,
    wishes: Wishes,
    progress: Progress | None,
    came: Callable[[Sequence[Report]], None] | None = None,
    quick: bool = False,
) -> Facts:
    """Measure and store what is new, changed or out of date of a shoot, and remember it as one; see `cull`.

    `came` is called with reports that were measured, once they are stored; where it is given, outlines of eyes are left
    out of those that were stored before.
    """
    facts = Facts(store, run.prepare(), sources, folder, came, quick)
    try:
        facts.refresh(progress)
    finally:
        facts.flush()
    facts.note(wishes)
    if run.thumbs is not None and facts.measured:
        from keepers.app.review.pictures import tidy

        tidy(run.thumbs)
    return facts


class Facts:
    """The reports of a run: known ones from the catalog, missing ones measured and saved chunk by chunk."""

    def __init__(
        self,
        store: Catalog,
        run: Run,
        sources: Sequence[Source],
        folder: Path,
        came: Callable[[Sequence[Report]], None] | None = None,
        quick: bool = False,
    ) -> None:
        self.folder, self._came = folder, came
        self.measured = 0
        self.stopped = False
        self.unsaved: str | None = None
        self.imported = 0
        self.silent: list[Skipped] = []
        self._store, self._run, self._sources = store, run, sources
        self._pending: list[Report] = []
        store.adopt(sources, content_id)  # photos that were moved or renamed keep their facts
        self._quick = quick
        self._stale = store.stale(sources, run.versions())
        if quick:  # facts of an earlier version say more than a preview
            known = {report.source.path for report in store.load(self._stale)}
            self._stale = [source for source in self._stale if source.path not in known]
        self._known = self._from_catalog()
        self._unheard = list(self._known.values())  # photos whose files may hold ratings of other programs
        self.flush()

    def refresh(self, progress: Progress | None) -> None:
        """Measure what is stale. Ctrl-C ends it and sets `stopped`."""
        total, known = len(self._sources), len(self._sources) - len(self._stale)
        tell = progress or (lambda done, of: None)
        tell(known, total)
        look = self._run.glimpse if self._quick else self._run.score
        reports = look(self._stale) if self._stale else iter(())
        try:
            for self.measured, report in enumerate(reports, start=1):
                self._take(report)
                tell(known + self.measured, total)
        except KeyboardInterrupt:
            self.stopped = True

    def flush(self) -> None:
        """Save what is pending; when the disk refuses, keep it and remember why."""
        storable = [report for report in self._pending if not report.passing]
        try:
            if storable:
                self._store.save(storable)
            self._pending, self._unheard = [], self._unheard + storable
            self._hear()  # now, while the files are in the system's memory
        except StorageError as error:
            self.unsaved = str(error)
            return
        self.unsaved = None
        if storable and self._came is not None:
            self._came(storable)

    def note(self, wishes: Wishes) -> None:
        """Remember what was culled together, so that all verbs judge it together."""
        if self.unsaved is None:
            try:
                self._store.note_shoot(absolute(self.folder), wishes)
            except StorageError as error:
                self.unsaved = str(error)

    def reports(self) -> list[Report]:
        """One report per photo that has facts, in the order of the sources."""
        return [self._known[s.path] for s in self._sources if s.path in self._known]

    def _hear(self) -> None:
        """Take over what people said of photos in other programs."""
        silent: list[Skipped] = []
        self.imported += take_over(self._store, self._unheard, lambda path, why: silent.append(Skipped(path, why)))
        self._unheard, self.silent = [], self.silent + silent

    def _take(self, report: Report) -> None:
        self._known[report.source.path] = report
        self._pending.append(report)
        # After a refusal only the flush at the end tries again: a full disk rarely empties by itself.
        if len(self._pending) >= CHUNK and self.unsaved is None:
            self.flush()

    def _from_catalog(self) -> dict[Path, Report]:
        stale = {s.path for s in self._stale}
        current = [s for s in self._sources if s.path not in stale]
        return {report.source.path: report for report in self._store.load(current, outlines=self._came is None)}
