"""Exporting from the review page: the verb `export`, and its answer as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keepers.app.exporting import Exported, export
from keepers.app.journal import undo
from keepers.app.review.rows import shown
from keepers.types import Json, VerdictName


def hand_over(
    folder: Path,
    to: str,
    options: Mapping[str, object],
    *,
    verdicts: tuple[VerdictName, ...],
    dry_run: bool,
    catalog: Path,
    model: str | None,
) -> Json:
    """The answer of `POST /api/shoots/<id>/export`; raises as `export`. A relative `out` lies in `folder`."""
    given = dict(options)
    if given.get("out"):
        given["out"] = folder / Path(str(given["out"])).expanduser()
    result = export(folder, to, options=given, verdicts=verdicts, dry_run=dry_run, catalog=catalog, model=model)
    return _told(result, dry_run)


def take_back(job: int, catalog: Path) -> Json:
    """The answer of `POST /api/jobs/<number>/undo`; raises as `undo`."""
    undone = undo(str(job), catalog=catalog)
    return {
        "job": int(undone.job),
        "restored": undone.restored,
        "refused": [shown(sentence) for _, sentence in undone.refused],
    }


def _told(result: Exported, dry_run: bool) -> Json:
    done = result.done
    count = sum(done.counts.values())
    skipped = [sentence for _, sentence in (*done.skipped, *done.failures)]
    if result.unknown:
        skipped.append(f"{result.unknown} photos are new or changed since they were culled; open the shoot again.")
    planned = [line.partition(": ") for line in done.lines]
    return {
        "photos": result.photos,
        "planned": [{"path": shown(path), "what": shown(what)} for path, _, what in planned],
        "written": 0 if dry_run else count,
        "skipped": [shown(sentence) for sentence in skipped],
        "job": int(done.job) if done.job is not None else None,
    }
