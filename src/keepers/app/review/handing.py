"""Exporting from the review page: the verb `export`, and its answer as JSON."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from keepers.app.exporting import Exported, ExportStopped, export
from keepers.app.journal import undo
from keepers.app.review.rows import shown
from keepers.errors import Refused, UserError
from keepers.export import EXPORTERS
from keepers.types import Json, VerdictName

_PACE_S = 0.1
"""Between two words about how far it is."""


class Handover:
    """One export that runs: `tell` hears how far it is (done, of all), and `stop` ends it after the set at hand."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell, self._stop, self._told = tell, threading.Event(), 0.0

    def stop(self) -> None:
        """What is done stays done and can be undone."""
        self._stop.set()

    def progress(self, done: int, total: int) -> None:
        """For `export`."""
        if done == total or time.monotonic() - self._told >= _PACE_S:
            self._told = time.monotonic()
            self._tell(done, total)
        if self._stop.is_set() and done < total:
            raise KeyboardInterrupt  # as on a terminal


def ways() -> list[Json]:
    """The answer of `GET /api/exporters`: each way out, in a line, with the options that it has."""
    return [
        {"name": name, "does": " ".join(one.doc.split("\n\n")[0].split()), "options": list(one.options)}
        for name, one in EXPORTERS.items()
    ]


def hand_over(
    folder: Path,
    to: str,
    options: Mapping[str, object],
    *,
    verdicts: tuple[VerdictName, ...],
    dry_run: bool,
    catalog: Path,
    model: str | None,
    plan: str | None = None,
    running: Handover | None = None,
) -> Json:
    """The answer of `POST /api/shoots/<id>/export`; raises as `export`. A relative `out` lies in `folder`.

    plan: what a dry run answered. Where one of now would answer another, nothing is done.
    """
    given = dict(options)
    if given.get("out"):
        given["out"] = folder / Path(str(given["out"])).expanduser()

    def run(dry: bool) -> Exported:
        progress = running.progress if running is not None and not dry else None
        return export(
            folder, to, options=given, verdicts=verdicts, dry_run=dry, catalog=catalog, model=model, progress=progress
        )

    try:
        if not dry_run and plan is not None and _plan(run(True)) != plan:
            raise Refused("Photos or choices have changed since you looked at the list; look at it once more.")
        return _told(run(dry_run), dry_run)
    except ExportStopped as stop:
        return _told(stop.exported, dry_run)
    except (Refused, UserError) as error:  # the page has no options with dashes
        raise type(error)(str(error).replace(" with --out", "")) from error


def take_back(job: int, catalog: Path) -> Json:
    """The answer of `POST /api/jobs/<number>/undo`; raises as `undo`."""
    undone = undo(str(job), catalog=catalog)
    return {
        "job": int(undone.job),
        "restored": undone.restored,
        "refused": [shown(sentence) for _, sentence in undone.refused],
    }


def _plan(result: Exported) -> str:
    """The same for what would do the same to the same files."""
    said = "\n".join(shown(line) for line in result.done.lines)
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _told(result: Exported, dry_run: bool) -> Json:
    done = result.done
    planned = [line.partition(": ") for line in done.lines]
    return {
        "photos": result.photos,
        "planned": [{"path": shown(path), "what": shown(what)} for path, _, what in planned],
        "plan": _plan(result) if dry_run else None,
        "counts": {kind: done.counts.get(kind, 0) for kind in ("written", "copied", "moved", "trashed")},
        "written": 0 if dry_run else sum(done.counts.values()),
        "skipped": [shown(sentence) for _, sentence in done.skipped],
        "failed": [shown(sentence) for _, sentence in done.failures],
        "left_out": done.left_out,
        "notes": [shown(note) for note in _notes(result)],
        "job": int(done.job) if done.job is not None else None,
    }


def _notes(result: Exported) -> list[str]:
    """What a person should know of photos that are not, or not quite, handed over as the page shows them."""

    def of(count: int, one: str, many: str) -> list[str]:
        return [one if count == 1 else f"{count} {many}"] if count else []

    return [
        *of(
            result.spared,
            "1 photo has your stars: it is a Maybe here, though keepers would delete; decide to change that.",
            "photos have your stars: they are Maybes here, though keepers would delete; decide to change that.",
        ),
        *of(
            result.unknown,
            "1 photo is new or changed since it was culled, and left out; start the review again to have it culled.",
            "photos are new or changed since they were culled, and left out; start the review again for these.",
        ),
        *of(
            result.unreadable,
            "1 photo could not be read, so nothing is handed over of it.",
            "photos could not be read, so nothing is handed over of them.",
        ),
        *of(
            result.imported,
            "1 rating of another program was taken over as your choice.",
            "ratings of other programs were taken over as your choices.",
        ),
        *of(
            result.beside,
            "1 JPEG has no RAW: for Lightroom and Bridge, write its rating into the file.",
            "JPEGs have no RAW: for Lightroom and Bridge, write their ratings into the files.",
        ),
    ]
