"""The verbs `explain` and `list_photos`: what is known of photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.app.choosing import photos_of
from keepers.app.measuring import Run, photos_in, quoted
from keepers.catalog.db import Catalog
from keepers.errors import NotFound, NothingToDo, UserError
from keepers.io.files import absolute
from keepers.settings import settings
from keepers.types import VERDICTS, Group, Opinion, Report, Source, VerdictName

if TYPE_CHECKING:
    from keepers.pipeline.policy import Policy

_NOT_BY_ITSELF = {"choice", "group", "target", "taste"}
"""Names of reasons that decide whatever a photo itself is like."""


def explain(
    photo: Path | str, *, catalog: Path | str | None = None, model: Path | str | None = None
) -> Opinion:
    """Everything that is known of one photo. Facts come from the catalog where they are current there, else the
    photo is measured; nothing is stored.

    Returns:
        An opinion whose `verdict.assessments` are what every check said; `verdict` is None and `report.error`
        set when the photo cannot be read.

    Raises:
        NotFound: there is no such file.
        StorageError: the catalog cannot be read.
        ModelError: the network's file is missing or damaged.
    """
    path = Path(photo).expanduser()
    if path.is_dir():
        raise NotFound(f"{path} is a folder; name one photo, or list it with: keepers list {quoted(path)}")
    (source,) = photos_of([path])
    run = Run(settings(catalog=catalog, model=model, workers=1))
    if run.settings.catalog.is_file():
        with Catalog(run.settings.catalog) as store:
            report = _known(store, run, source) or _measured(run, source)
            return _among_its_like(store, run, report)
    return _with_numbers(run, run.opinions([_measured(run, source)])[0], run.policy())


def list_photos(
    folder: Path | str,
    *,
    verdict: VerdictName | None = None,
    catalog: Path | str | None = None,
    on_missing: Callable[[int], None] | None = None,
) -> list[Opinion]:
    """The photos of a folder that were culled and have not changed since, sorted by path; none is opened.

    Args:
        folder: a folder that was culled, or one inside it.
        verdict: only these; None lists all, unreadable ones included.
        catalog: file of the catalog; in the platform's user-data directory unless given.
        on_missing: called with the number of photos that are new, changed or could not be opened, where there are any.

    Raises:
        NotFound: there is no such folder.
        NothingToDo: there is no photo in it, or the catalog knows none of them.
        StorageError: the catalog cannot be read.
        UserError: there is no such verdict.
    """
    if verdict is not None and verdict not in VERDICTS:
        raise UserError(f"{verdict!r} is no verdict; name one of: {', '.join(VERDICTS)}.")
    sources, _ = photos_in(folder)
    run = Run(settings(catalog=catalog))
    opinions: list[Opinion] = []
    if run.settings.catalog.is_file():  # looking must not create one
        with Catalog(run.settings.catalog) as store:
            opinions = judged_in(store, run, Path(folder), sources)
    if not opinions:
        option = f" --catalog {quoted(catalog)}" if catalog is not None else ""
        raise NothingToDo(
            f"The catalog knows no photo in {folder}; run this first: keepers cull {quoted(folder)}{option}"
        )
    if on_missing is not None and len(opinions) < len(sources):
        on_missing(len(sources) - len(opinions))
    return list(filter(_wanted(verdict), opinions))


def list_groups(folder: Path | str, *, catalog: Path | str | None = None) -> list[tuple[Group, list[Opinion]]]:
    """The groups of a culled folder with their photos, in the order of time; see `list_photos` for what it raises."""
    groups: dict[int, tuple[Group, list[Opinion]]] = {}
    for opinion in list_photos(folder, catalog=catalog):
        if opinion.group is not None:
            groups.setdefault(id(opinion.group), (opinion.group, []))[1].append(opinion)
    for group, opinions in groups.values():
        place = {member.path: number for number, member in enumerate(group.members)}
        opinions.sort(key=lambda opinion: place[opinion.path])
    return sorted(groups.values(), key=lambda found: found[0].scene)


def judged_in(store: Catalog, run: Run, folder: Path, sources: Sequence[Source]) -> list[Opinion]:
    """The opinions on the stored photos among `sources`, which lie in `folder`.

    They are judged together with the rest of the shoot that was culled, so that a photo has one verdict and one group
    whichever folder is asked for.
    """
    folder = absolute(folder.expanduser())
    shoot, wishes = store.shoot_of(folder)
    whole = sources if shoot == folder else photos_in(shoot)[0]
    opinions = run.opinions(store.load(whole), store.choices(), run.policy(wishes, store))
    asked = {source.path for source in sources}
    return [opinion for opinion in opinions if opinion.path in asked]


def _among_its_like(store: Catalog, run: Run, report: Report) -> Opinion:
    """The opinion on one photo, judged with the shoot to which it belongs."""
    shoot, wishes = store.shoot_of(report.source.path.parent)
    others = [one for one in store.load(photos_in(shoot)[0]) if one.source.path != report.source.path]
    reports = sorted([*others, report], key=lambda one: one.source.path)
    policy = run.policy(wishes, store)
    opinions = run.opinions(reports, store.choices(), policy)
    return _with_numbers(run, next(one for one in opinions if one.path == report.source.path), policy)


def _with_numbers(run: Run, opinion: Opinion, policy: Policy) -> Opinion:
    """The same with the number at which its verdict would turn, where its own flaws decided it."""
    from keepers.pipeline.turning import turning_point

    verdict = opinion.verdict
    if verdict is None or any(reason.name in _NOT_BY_ITSELF for reason in verdict.reasons):
        return opinion
    number = turning_point(opinion.report, verdict, run.calibration, policy)
    return replace(opinion, verdict=replace(verdict, would_change=f"{verdict.would_change} {number}".strip()))


def _wanted(verdict: VerdictName | None) -> Callable[[Opinion], bool]:
    return lambda o: verdict is None or (o.verdict is not None and o.verdict.verdict == verdict)


def _known(store: Catalog, run: Run, source: Source) -> Report | None:
    if store.stale([source], run.versions()):
        return None
    return next(iter(store.load([source])), None)


def _measured(run: Run, source: Source) -> Report:
    return next(iter(run.score([source])))
