"""The verbs `assess` and `assess_bytes`: judge photos and keep nothing."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from keepers.app.measuring import Progress, Run, Skipped, nothing_in
from keepers.errors import NotFound
from keepers.io.files import absolute
from keepers.settings import settings
from keepers.types import Opinion, Report, Source

if TYPE_CHECKING:
    from keepers.pipeline.uploads import Uploads

_PROCESSES = 3
"""Uploads decoded at once: as many as the page sends. Each costs about 200 MB."""


def assess(
    paths: Iterable[Path | str],
    *,
    workers: int | None = None,
    model: Path | str | None = None,
    engine: str | None = None,
    groups: bool = False,
    progress: Progress | None = None,
) -> Iterator[Opinion]:
    """Judge files and folders without a catalog: one opinion per photo, in the order given, as they get ready.

    A photo that cannot be read, a path that does not exist and a folder without photos become opinions with
    `report.error` and never stop the rest; for the latter two `report.source.files` is empty.

    Args:
        paths: photos and folders; a folder is searched recursively, its photos sorted by path.
        workers: threads; one per core unless given.
        model: an ONNX file to use instead of the packaged network, or "none".
        engine: what runs the networks, see `app.engines`; "auto" unless given.
        groups: judge the photos together, with groups and the best of each, once all are measured.
        progress: called after every photo with how many are done and how many there are.

    Raises:
        ModelError: the network's file is missing or damaged.
    """
    run = Run(settings(model=model, workers=workers, engine=engine))
    found = [one for path in paths for one in _found(Path(path))]
    reports = run.score([one for one in found if isinstance(one, Source)])
    together: list[Report] = []
    for done, one in enumerate(found, start=1):
        report = one if isinstance(one, Report) else next(reports)
        if progress is not None:
            progress(done, len(found))
        if groups:
            together.append(report)
        else:
            yield run.opinions([report])[0]
    yield from run.opinions(together)


def assess_bytes(name: str, data: bytes) -> Opinion:
    """Judge the bytes of one photo; safe to call from several threads. Nothing is stored.

    They are decoded in a process of their own, which is kept for the next photo: one that crashes its decoder becomes
    an opinion with `report.error`, like any other that cannot be read.

    Args:
        name: its file name; the extension helps to tell RAW formats apart.
        data: the whole file.

    Raises:
        ModelError: the network's file is missing or damaged.
    """
    run, uploads = _ready()
    return run.opinions([uploads.score(name, data)])[0]


_starting = threading.Lock()


def _ready() -> tuple[Run, Uploads]:
    with _starting:  # several first requests at once must not each prepare everything
        return _prepared()


@cache
def _prepared() -> tuple[Run, Uploads]:
    from keepers.pipeline.score import build_scorer
    from keepers.pipeline.uploads import Uploads

    run = Run(settings()).prepare()
    uploads = Uploads(partial(build_scorer, run.network), min(run.settings.workers, _PROCESSES))
    atexit.register(uploads.close)
    return run, uploads


def _found(path: Path) -> Iterator[Source | Report]:
    """The photos under one path, or the report that says why there is none."""
    from keepers.io.scan import scan

    skipped: list[Skipped] = []
    try:
        sources = scan([path], on_error=lambda where, why: skipped.append(Skipped(where, why)))
    except NotFound as error:
        yield _missing(path, str(error))
        return
    yield from sources
    yield from (_missing(one.path, one.sentence) for one in skipped)
    if not sources and not skipped:
        yield _missing(path, nothing_in(path))


def _missing(path: Path, sentence: str) -> Report:
    return Report(Source(absolute(path.expanduser()), ()), error=sentence, passing=True)
