"""The verb `export`: verdicts to where other programs, and people, find them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from keepers.app.importing import take_over
from keepers.app.journal import Note, journal_of, now, recover
from keepers.app.measuring import Progress, Run, photos_in, quoted
from keepers.catalog.db import Catalog
from keepers.catalog.marks import NO_MARK, Mark
from keepers.errors import NothingToDo, StorageError, UserError
from keepers.export import EXPORTERS, Item, Options
from keepers.export.journal import Doer, Done, Dry, Journalled, Stopped
from keepers.export.operations import Plan, WriteFile
from keepers.io.files import absolute
from keepers.io.kinds import JPEG_EXTENSIONS, SIDECAR_EXTENSION
from keepers.settings import settings
from keepers.types import VERDICTS, Opinion, PhotoFile, Report, VerdictName


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did, or in a dry run would do.

    done: files by what became of them, with sentences for failures and for photos that were left out, and the job
    number by which it can be undone. photos: how many were exported. unknown: photos that are new or changed since
    they were culled. unreadable: photos without a verdict. imported: ratings of other programs that became choices.
    beside: JPEG files without a RAW that got a sidecar, where the profile's programs look inside the file only.
    spared: photos that the machine would delete and to which a person gave stars; they are handed over as Maybes.
    """

    folder: Path
    catalog: Path
    to: str
    done: Done
    photos: int
    unknown: int = 0
    unreadable: int = 0
    imported: int = 0
    beside: int = 0
    spared: int = 0


class ExportStopped(KeyboardInterrupt):
    """Ctrl-C during `export`. `exported` is what was done until then; it can be undone."""

    def __init__(self, exported: Exported) -> None:
        super().__init__("stopped")
        self.exported = exported


def export(
    folder: Path | str,
    to: str,
    *,
    options: Mapping[str, object] | None = None,
    verdicts: Sequence[VerdictName] = (),
    dry_run: bool = False,
    catalog: Path | str | None = None,
    model: Path | str | None = None,
    progress: Progress | None = None,
    note: Note | None = None,
) -> Exported:
    """Hand over the verdicts of a culled folder: `to` names an exporter, such as xmp, csv, json or files.

    Every change is written into the journal first and can be taken back with `undo`. Ratings that other programs
    changed since the cull count: a person's word is never overwritten by a verdict of the machine.

    Args:
        folder: a folder that was culled, or one inside it.
        to: the name of an exporter.
        options: fields of `keepers.export.Options`, only such as the exporter reads.
        verdicts: only photos with one of these; all where empty.
        dry_run: change nothing; `done.lines` says what would happen.
        catalog: file of the catalog; the journal lies beside it.
        model: as for `cull`.
        progress: called with the number of changes that are done, and of all.
        note: called with a sentence about what else was done, such as taking back a job that was cut short.

    Raises:
        NotFound, NothingToDo: there is no such folder, no photo in it, or none of them was culled.
        UserError: there is no such exporter, verdict or option.
        Refused: the output exists and is not keepers' own, or another keepers is changing files.
        StorageError: the catalog or the journal cannot be used.
        ExportStopped: Ctrl-C; it is a KeyboardInterrupt.
    """
    run = Run(settings(catalog=catalog, model=model))
    chosen = _options(folder, to, options or {}, verdicts)
    recover(run.settings, note)
    really = Journalled(journal_of(run.settings), progress)

    def doer(store: Catalog, items: Sequence[Item]) -> Doer:
        return Dry() if dry_run else _Known(really, store, items)

    return _Export(run, to, chosen, verdicts).through(doer)


def _options(folder: Path | str, to: str, given: Mapping[str, object], verdicts: Sequence[VerdictName]) -> Options:
    if to not in EXPORTERS:
        raise UserError(f"{to!r} is no way to export; name one of: {', '.join(EXPORTERS)}.")
    wrong = [name for name in verdicts if name not in VERDICTS]
    if wrong:
        raise UserError(f"{wrong[0]!r} is no verdict; name one of: {', '.join(VERDICTS)}.")
    known = EXPORTERS[to].options
    foreign = [name for name in given if name not in known]
    if foreign:
        raise UserError(f"{to} knows no option {foreign[0]!r}; it has: {', '.join(known) or 'none'}.")
    return Options(root=Path(folder).expanduser().absolute(), **given)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Known:
    """A doer after which the catalog knows what keepers wrote itself: no news, and no other picture."""

    really: Doer
    store: Catalog
    items: Sequence[Item]

    def do(self, plan: Plan) -> Done:
        """As `really` does it."""
        if plan.exporter == "xmp":
            self.store.will_write((_photo_id(item), item.verdict) for item in self.items if item.by == "person")
        try:
            done = self.really.do(plan)
        except Stopped as stop:
            self._renew(plan, stop.done)
            raise
        self._renew(plan, done)
        return done

    def _renew(self, plan: Plan, done: Done) -> None:
        with suppress(StorageError):  # then the photos are measured again, no more
            self.store.renew(_written(plan, done))


class _Export:
    """One call of `export`: from a folder to items, to a plan, to what is left to say."""

    def __init__(self, run: Run, to: str, options: Options, verdicts: Sequence[VerdictName]) -> None:
        self._run, self._to, self._options, self._verdicts = run, to, options, verdicts

    def through(self, doer: Callable[[Catalog, Sequence[Item]], Doer]) -> Exported:
        """Plan, have it done, and tell."""
        folder = self._options.root
        sources, _ = photos_in(folder)
        path = self._run.settings.catalog
        if not path.is_file():  # exporting must not create one
            raise NothingToDo(self._cull_first())
        with Catalog(path) as store:
            reports = store.load(sources)
            if not reports:
                raise NothingToDo(self._cull_first())
            imported = take_over(store, reports)
            items, unreadable = self._items(store, reports, folder)
            plan = EXPORTERS[self._to].plan(items, self._options)
            beside = _beside(items, self._options) if self._to == "xmp" else 0
            spared = sum(_spared(item) for item in items)
            rest = len(sources) - len(reports), unreadable, imported, beside, spared
            try:
                done = doer(store, items).do(plan)
            except Stopped as stop:
                raise ExportStopped(Exported(folder, path, self._to, stop.done, len(items), *rest)) from None
        return Exported(folder, path, self._to, done, len(items), *rest)

    def _items(self, store: Catalog, reports: list[Report], folder: Path) -> tuple[list[Item], int]:
        """Photos with the verdict that counts, and how many have none."""
        choices, marks = store.choices(), store.marks()
        folder = absolute(folder)
        shoot, wishes = store.shoot_of(folder)
        policy = self._run.policy(wishes, store)
        whole = reports if shoot == folder else store.load(photos_in(shoot)[0])
        asked = {report.source.path for report in reports}
        judged = self._run.by_machine(whole, choices, policy, self._run.taste)
        opinions = [one for one in judged if one.path in asked]
        items = [item for opinion in opinions if (item := _item(opinion, choices, marks)) is not None]
        unreadable = len(opinions) - len(items)
        return [item for item in items if not self._verdicts or item.verdict in self._verdicts], unreadable

    def _cull_first(self) -> str:
        folder = quoted(self._options.root)
        return f"No photo in {self._options.root} was culled yet; run this first: keepers cull {folder}"


def _item(opinion: Opinion, choices: Mapping[str, VerdictName], marks: Mapping[str, Mark]) -> Item | None:
    """The photo as it is handed over. Whoever gives a photo stars does not want the machine to reject it."""
    photo, verdict = opinion.report.photo, opinion.verdict
    if photo is None or verdict is None:
        return None
    choice, mark = choices.get(photo.id), marks.get(photo.id, NO_MARK)
    if choice is not None:
        return Item(opinion, choice, "person", mark.stars, mark.colour)
    said: VerdictName = "maybe" if mark.stars and verdict.verdict == "delete" else verdict.verdict
    return Item(opinion, said, "machine", mark.stars, mark.colour)


def _spared(item: Item) -> bool:
    verdict = item.opinion.verdict
    return item.by == "machine" and verdict is not None and item.verdict != verdict.verdict


def _beside(items: Sequence[Item], options: Options) -> int:
    """JPEG files whose sidecar Lightroom, Camera Raw and Bridge ignore: they look inside."""
    if options.embed or options.profile not in ("adobe", "bridge"):
        return 0
    sources = [item.opinion.report.source for item in items]
    alone = [source for source in sources if all(file.role != "raw" for file in source.files)]
    return sum(source.path.suffix.lower() in JPEG_EXTENSIONS for source in alone)


def _photo_id(item: Item) -> str:
    photo = item.opinion.report.photo
    assert photo is not None
    return photo.id


def _written(plan: Plan, done: Done) -> list[PhotoFile]:
    """The photos that hold the XMP now that was to be written into them: their pictures are as they were."""
    failed = {path for path, _ in done.failures}
    files = []
    for operation in plan.operations[: len(plan.operations) - done.left_out]:
        if isinstance(operation, WriteFile) and operation.path.suffix.lower() != SIDECAR_EXTENSION:
            facts = now(operation.path)
            if facts is not None and operation.path not in failed:
                files.append(PhotoFile(operation.path, "image", *facts))
    return files
