"""The verbs around a learned taste: learn it from choices, look at it, switch it, hand it over, forget it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.app import tastes
from keepers.app.importing import take_over
from keepers.app.measuring import Run, photos_in, quoted
from keepers.app.tastes import Stored
from keepers.catalog.db import Catalog
from keepers.errors import NotFound, NothingToDo, Refused
from keepers.io.files import absolute
from keepers.settings import settings
from keepers.types import Opinion, Report, Source, VerdictName

if TYPE_CHECKING:
    from keepers.evaluate.learning import Lesson

PAUSE_S = 24 * 3600.0
"""A pause without a photo after which another shoot begins in a folder that was culled as one."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """The choices of one shoot. kept, others: photos that a person made Must Haves, and that they did not."""

    name: str
    kept: int
    others: int
    enough: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """What became of learning, or what there is.

    taste: None where too few shoots have enough choices. on: whether it is switched on. used: whether it counts now.
    outdated: it was learned from facts of other versions. occasions: the shoots with choices, of `learn` alone.
    stale: photos with choices that were left out because their facts are of other versions. imported: ratings of other
    programs that became choices.
    """

    catalog: Path
    stored: Stored | None = None
    used: bool = False
    outdated: bool = False
    occasions: tuple[Occasion, ...] = ()
    stale: int = 0
    imported: int = 0

    @property
    def missing(self) -> int:
        """How many more shoots with enough choices are needed."""
        from keepers.pipeline.taste import LEAST_SHOOTS

        return max(0, LEAST_SHOOTS - sum(one.enough for one in self.occasions))


def learn(
    folders: Sequence[Path | str] = (), *, catalog: Path | str | None = None, model: Path | str | None = None
) -> Learned:
    """Learn what a person keeps from all their choices, and test it on shoots that it did not learn from.

    The taste is stored beside the catalog, with the numbers of its test, and takes the place of an earlier one. It is
    used by all verbs that use the catalog, if the test says so and unless it was switched off. Ratings that other
    programs left since the last cull are heard first, where the shoots are on the disk; no photo is measured.

    Args:
        folders: culled folders to learn from, and all below them; default all that the catalog knows.
        catalog: file of the catalog.
        model: the network whose facts count.

    Raises:
        NothingToDo: there is no catalog, or nobody has decided of any photo in these folders.
        NotFound: no folder of that name was culled.
        StorageError: the catalog cannot be read, or the taste not be written.
    """
    from keepers.evaluate.learning import teach

    run = Run(settings(catalog=catalog, model=model)).prepare()
    path = run.settings.catalog
    if not path.is_file():
        raise NothingToDo(f"There is no catalog {path}; cull shoots and choose in them first.")
    with Catalog(path) as store:
        shoots = _asked([folder for folder, _, _ in store.shoots()], folders)
        imported = sum(_listen(store, folder) for folder in shoots)
        lesson, stale = _lesson(store, run, shoots)
    if not len(lesson.kept) and stale:
        photos = "photo" if stale == 1 else f"all {stale} photos"
        raise NothingToDo(f"The facts of {photos} with choices are of another version; cull their folders again.")
    if not len(lesson.kept):
        raise NothingToDo(f"{path} holds no choices to learn from; choose with: keepers choose PHOTO --keep")
    occasions = _occasions(lesson)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    taste = teach(lesson, run.versions(), now)
    if taste is not None:
        before = _before(path)
        tastes.save(tastes.place(path), Stored(taste, before.on if before is not None else True))
    status = taste_status(catalog=catalog, model=model)
    return replace(status, occasions=occasions, stale=stale, imported=imported)


def taste_status(*, catalog: Path | str | None = None, model: Path | str | None = None) -> Learned:
    """What was learned, and whether it is used.

    Raises:
        Refused, StorageError: the file of the taste is damaged or cannot be read.
    """
    run = Run(settings(catalog=catalog, model=model))
    found = tastes.stored(run.settings.catalog)
    if found is None:
        return Learned(run.settings.catalog)
    versions = run.versions()
    return Learned(run.settings.catalog, found, found.used(versions), not found.taste.fits(versions))


def switch_taste(on: bool, *, catalog: Path | str | None = None) -> Learned:
    """Switch a learned taste on or off; off, everything is exactly as without one. Raises NotFound without a taste."""
    path = settings(catalog=catalog).catalog
    tastes.save(tastes.place(path), replace(_there(path), on=on))
    return taste_status(catalog=catalog)


def export_taste(out: Path | str, *, catalog: Path | str | None = None) -> Path:
    """Write the taste into a file that `import_taste` reads, here or elsewhere.

    Raises:
        NotFound: nothing was learned.
        Refused: the file exists.
        StorageError: it cannot be written.
    """
    target = Path(out).expanduser()
    if target.exists():
        raise Refused(f"{target} exists already; name another file.")
    tastes.save(target, _there(settings(catalog=catalog).catalog))
    return target


def import_taste(file: Path | str, *, catalog: Path | str | None = None) -> Learned:
    """Use the taste in a file that `export_taste` wrote, in place of the one that is there.

    Raises:
        NotFound, Refused: there is no such file, or it is none.
    """
    found = tastes.load(Path(file).expanduser())
    path = settings(catalog=catalog).catalog
    path.parent.mkdir(parents=True, exist_ok=True)
    tastes.save(tastes.place(path), found)
    return taste_status(catalog=catalog)


def forget_taste(*, catalog: Path | str | None = None) -> bool:
    """Delete what was learned; choices stay. Whether there was anything. Raises StorageError."""
    return tastes.remove(settings(catalog=catalog).catalog)


def _there(catalog: Path) -> Stored:
    found = tastes.stored(catalog)
    if found is None:
        raise NotFound("Nothing was learned yet; run this first: keepers learn")
    return found


def _before(catalog: Path) -> Stored | None:
    """The taste that is there; a damaged one is replaced."""
    try:
        return tastes.stored(catalog)
    except Refused:
        return None


def _asked(known: Sequence[Path], folders: Sequence[Path | str]) -> list[Path]:
    """The culled shoots in these folders; all where none is named. Raises NotFound."""
    wanted = [absolute(Path(folder).expanduser()) for folder in folders]
    for folder in wanted:
        if not any(one == folder or one.is_relative_to(folder) for one in known):
            raise NotFound(f"{folder} was not culled as a shoot; run this first: keepers cull {quoted(folder)}")
    return [one for one in known if not wanted or any(one == w or one.is_relative_to(w) for w in wanted)]


def _listen(store: Catalog, folder: Path) -> int:
    """Take over what other programs said of a shoot since it was culled; nothing where it is not on the disk."""
    try:
        return take_over(store, store.load(photos_in(folder)[0]))
    except (NotFound, NothingToDo):
        return 0


def _lesson(store: Catalog, run: Run, folders: Sequence[Path]) -> tuple[Lesson, int]:
    """All that there is to learn, and how many photos with choices have facts of other versions."""
    choices = store.choices()
    parts: list[tuple[str, list[Opinion], list[int]]] = []
    seen: set[str] = set()
    stale = 0
    for folder, opinions, old in _shoots(store, run, folders, choices):
        stale += old
        for name, part in _by_occasion(folder, opinions):
            # A photo that lies in two shoots must not be learned from in one and asked for in the other.
            own = [n for n, one in enumerate(part) if _id(one) in choices and _id(one) not in seen]
            seen.update(map(_id, part))
            if own:
                parts.append((name, part, own))
    return _written(parts, choices), stale


def _written(parts: Sequence[tuple[str, list[Opinion], list[int]]], choices: Mapping[str, VerdictName]) -> Lesson:
    """The lesson of shoots: their names, all their photos, and the places of those of which a person has decided."""
    import numpy as np

    from keepers.evaluate.learning import Lesson
    from keepers.pipeline.taste_facts import joined, table

    around = tuple(table(part) for _, part, _ in parts)
    tables = [one.rows(np.array(own, np.int64)) for one, (_, _, own) in zip(around, parts, strict=True)]
    some = [part[n] for _, part, own in parts for n in own]
    orders = np.array([_orders(one) for one in some], np.float64).reshape(-1, 2)
    return Lesson(
        table=joined(tables),
        kept=np.array([choices[_id(one)] == "keep" for one in some], bool),
        shoot=np.repeat(np.arange(len(parts)), [len(own) for _, _, own in parts]),
        names=tuple(name for name, _, _ in parts),
        orders=(orders[:, 0], orders[:, 1]),
        around=around,
    )


def _id(opinion: Opinion) -> str:
    return opinion.report.photo.id if opinion.report.photo is not None else ""


def _shoots(
    store: Catalog, run: Run, folders: Sequence[Path], choices: Mapping[str, VerdictName]
) -> Iterator[tuple[Path, list[Opinion], int]]:
    """Each culled shoot that has choices, as the machine sees it alone, and its photos with outdated facts."""
    places = _places(store.stored(), [folder for folder, _, _ in store.shoots()])
    versions = run.versions()
    for folder in folders:
        reports = [r for r in store.load(places.get(folder, [])) if r.photo is not None]
        current = [report for report in reports if _current(report, versions)]
        told, of_today = (sum(r.photo is not None and r.photo.id in choices for r in o) for o in (reports, current))
        if told:
            # Without choices: what a person decided must not find its way into the facts that shall foretell it.
            yield folder, run.by_machine(current, {}), told - of_today


def _places(sources: Sequence[Source], shoots: Sequence[Path]) -> dict[Path, list[Source]]:
    """The photos of each shoot: a photo belongs to the nearest culled folder above it."""
    known, of_folder = set(shoots), dict[Path, Path | None]()
    found: dict[Path, list[Source]] = {}
    for source in sources:
        parent = source.path.parent
        if parent not in of_folder:
            of_folder[parent] = next((one for one in (parent, *parent.parents) if one in known), None)
        nearest = of_folder[parent]
        if nearest is not None:
            found.setdefault(nearest, []).append(source)
    return found


def _current(report: Report, versions: Mapping[str, str]) -> bool:
    """Whether the facts of a photo are those that a cull would find today."""
    have = {one.check: one.version for one in report.measurements}
    sign = report.signature.version if report.signature is not None else None
    return all((sign if name == "signature" else have.get(name)) == version for name, version in versions.items())


def _by_occasion(folder: Path, opinions: Sequence[Opinion]) -> Iterator[tuple[str, list[Opinion]]]:
    """A culled folder, cut where for a day nobody took a photo; photos without a time stay with the first part."""
    timed = [(o.report.photo.camera.captured_at, n) for n, o in enumerate(opinions) if o.report.photo is not None]
    order = sorted((moment, n) for moment, n in timed if moment is not None)
    parts: list[list[int]] = [[n for moment, n in timed if moment is None]]
    for place, (moment, n) in enumerate(order):
        if place and (moment - order[place - 1][0]).total_seconds() > PAUSE_S:
            parts.append([])
        parts[-1].append(n)
    some = [part for part in parts if part]
    starts = {n: moment for moment, n in order}
    for part in some:
        first = next((starts[n] for n in part if n in starts), None)
        day = f", {first:%Y-%m-%d}" if len(some) > 1 and first is not None else ""
        yield folder.name + day, [opinions[n] for n in part]


_PILES: dict[VerdictName, float] = {"keep": 2.0, "maybe": 1.0, "delete": 0.0}


def _orders(opinion: Opinion) -> tuple[float, float]:
    """The two orders in which keepers shows photos: by score, and by pile and then by score."""
    verdict = opinion.verdict
    assert verdict is not None
    return verdict.score, _PILES[verdict.verdict] + verdict.score


def _occasions(lesson: Lesson) -> tuple[Occasion, ...]:
    useful = set(lesson.useful())
    found = []
    for number, name in enumerate(lesson.names):
        kept = lesson.kept[lesson.shoot == number]
        found.append(Occasion(name, int(kept.sum()), int((~kept).sum()), number in useful))
    return tuple(found)
