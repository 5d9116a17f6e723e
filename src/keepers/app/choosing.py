"""The verb `choose`: what a person decided of photos, which always wins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keepers.app.importing import take_over
from keepers.app.journal import Note, recover
from keepers.app.measuring import Progress, Run, quoted
from keepers.catalog.db import Catalog
from keepers.errors import NotFound
from keepers.io.files import absolute
from keepers.io.scan import scan
from keepers.settings import settings
from keepers.types import Opinion, Report, Source, VerdictName


@dataclass(frozen=True, slots=True)
class Chosen:
    """What became of a decision. `opinions` are the photos it holds of, with the verdict that now counts.

    `unreadable` are files of which nothing can be decided; `report.error` says why.
    """

    verdict: VerdictName | None
    catalog: Path
    opinions: tuple[Opinion, ...]
    unreadable: tuple[Opinion, ...] = ()


def choose(
    photos: Sequence[Path | str],
    verdict: VerdictName | None,
    *,
    catalog: Path | str | None = None,
    workers: int | None = None,
    model: Path | str | None = None,
    progress: Progress | None = None,
    note: Note | None = None,
) -> Chosen:
    """Record what a person decided of `photos`; when this returns, the decision survives a kill and a power cut.

    Photos that were not culled yet, or changed since, are measured first. All decisions are recorded or, on an error,
    none. Earlier ones stay on record.

    Args:
        photos: files; any file of a photo stands for all of it, such as the RAW of a RAW and JPEG pair.
        verdict: keep, maybe or delete; None takes the decision back, and the verdict is the machine's again.
        catalog: file of the catalog.
        workers, model, progress, note: as for `cull`.

    Raises:
        NotFound: a file does not exist, or is a folder.
        Refused: there is no such verdict.
        StorageError: the catalog cannot be written.
        ModelError: the network's file is missing or damaged.
    """
    run = Run(settings(catalog=catalog, workers=workers, model=model))
    recover(run.settings, note)
    sources = photos_of(photos)
    with Catalog(run.settings.catalog) as store:
        reports = _known_or_measured(store, run, sources, progress)
        good = [report for report in reports if report.photo is not None]
        take_over(store, good)  # what was said before must not come after this
        store.choose([report.photo.id for report in good if report.photo is not None], verdict)
        opinions = [_opinion(run, store, report) for report in reports]
    unreadable = tuple(opinion for opinion in opinions if opinion.verdict is None)
    readable = tuple(opinion for opinion in opinions if opinion.verdict is not None)
    return Chosen(verdict, run.settings.catalog, readable, unreadable)


def _opinion(run: Run, store: Catalog, report: Report) -> Opinion:
    """What counts of one photo now, by what was asked for its shoot."""
    _, wishes = store.shoot_of(report.source.path.parent)
    return run.opinions([report], store.choices(), run.policy(wishes, store))[0]


def photos_of(paths: Iterable[Path | str]) -> list[Source]:
    """The photos to which files belong, each once, in the order of the first file of each.

    Raises:
        NotFound: a file does not exist, or is a folder; or it is a sidecar without its photo.
    """
    wanted = [absolute(Path(path).expanduser()) for path in paths]
    for path in wanted:
        if path.is_dir():
            raise NotFound(f"{path} is a folder; name photos in it, such as those of: keepers list {quoted(path)}")
    owners: dict[Path, Source] = {}
    for source in scan([*wanted, *_neighbours(wanted)]):
        # A pair comes after its RAW alone, if that was named: the one with more files is the photo.
        for file in source.files:
            known = owners.get(file.path)
            if known is None or len(known.files) < len(source.files):
                owners[file.path] = source
    return list({source.path: source for source in map(owners.__getitem__, wanted)}.values())


def _neighbours(paths: Iterable[Path]) -> list[Path]:
    """The files beside `paths` that may be of one photo with them."""
    stems: dict[Path, set[str]] = {}
    for path in paths:
        stems.setdefault(path.parent, set()).add(path.name.split(".")[0].casefold())
    found = []
    for folder, wanted in stems.items():
        try:
            with os.scandir(folder) as entries:
                found += [Path(e.path) for e in entries if e.name.split(".")[0].casefold() in wanted and e.is_file()]
        except OSError:
            continue  # `scan` says what is wrong with the file itself
    return found


def _known_or_measured(store: Catalog, run: Run, sources: list[Source], progress: Progress | None) -> list[Report]:
    known = {report.source.path: report for report in store.load(sources)}
    missing = [source for source in sources if source.path not in known]
    tell = progress or (lambda done, of: None)
    for done, report in enumerate(run.score(missing) if missing else (), start=1):
        known[report.source.path] = report
        tell(done, len(missing))
    new = [known[source.path] for source in missing]
    store.save([report for report in new if not report.passing])
    return [known[source.path] for source in sources]
