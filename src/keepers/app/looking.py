"""The verbs `explain` and `list_photos`: what is known of photos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from keepers.app.choosing import photos_of
from keepers.app.measuring import Run, photos_in, quoted
from keepers.catalog.db import Catalog
from keepers.errors import NotFound, NothingToDo, UserError
from keepers.settings import settings
from keepers.types import VERDICTS, Opinion, Report, Source, VerdictName


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
            return run.opinions([report], store.choices())[0]
    return run.opinions([_measured(run, source)])[0]


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
            opinions = run.opinions(store.load(sources), store.choices())
    if not opinions:
        option = f" --catalog {quoted(catalog)}" if catalog is not None else ""
        raise NothingToDo(
            f"The catalog knows no photo in {folder}; run this first: keepers cull {quoted(folder)}{option}"
        )
    if on_missing is not None and len(opinions) < len(sources):
        on_missing(len(sources) - len(opinions))
    return list(filter(_wanted(verdict), opinions))


def _wanted(verdict: VerdictName | None) -> Callable[[Opinion], bool]:
    return lambda o: verdict is None or (o.verdict is not None and o.verdict.verdict == verdict)


def _known(store: Catalog, run: Run, source: Source) -> Report | None:
    if store.stale([source], run.versions()):
        return None
    return next(iter(store.load([source])), None)


def _measured(run: Run, source: Source) -> Report:
    return next(iter(run.score([source])))
