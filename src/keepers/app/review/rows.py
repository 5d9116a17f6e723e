"""The JSON of a photo and of a group in the review page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keepers.catalog.marks import Mark
from keepers.checks.people import eyes, people
from keepers.pipeline.members import member_of
from keepers.types import Group, Json, Opinion, Report, VerdictName

_DIGITS = 4


def stable(photo: str, opinion: Opinion, folder: Path) -> Json:
    """What no choice changes of a row."""
    report = opinion.report
    found = report.photo
    camera = found.camera if found else None
    counting = people(report.faces, max(found.width, found.height)) if found else []
    states = {eyes(face).state for face in counting}
    moment = camera.captured_at if camera else None
    return {
        "id": photo,
        "name": shown(opinion.path.name),
        "path": shown(_within(opinion.path, folder)),
        "label": opinion.verdict.label if opinion.verdict else None,
        "scene": opinion.scene,
        "width": found.width if found else 0,
        "height": found.height if found else 0,
        "time": moment.isoformat() if moment else None,
        "camera": camera_name(report),
        "faces": len(counting),
        "eyes": next((state for state in ("closed", "unknown", "open") if state in states), "none"),
        "error": shown(report.error) if report.error else None,
    }


def row_of(fixed: Json, opinion: Opinion, group: int | None, choice: VerdictName | None, mark: Mark) -> Json:
    """The row: reasons are the machine's, also where a person thinks otherwise.

    `judged` is False while the photo waits for its verdict.
    """
    verdict = opinion.verdict
    machine = verdict.verdict if verdict else None
    return {
        **fixed,
        "judged": verdict is not None or fixed["error"] is not None,
        "score": round(verdict.score, _DIGITS) if verdict else None,
        "verdict": choice or machine,
        "machine": machine,
        "choice": choice,
        "reasons": list(dict.fromkeys(reason.name for reason in verdict.reasons)) if verdict else [],
        "sentence": shown(verdict.reasons[0].sentence) if verdict and verdict.reasons else "",
        "stars": mark.stars,
        "colour": mark.colour,
        "group": group,
        "place": _place(opinion),
    }


def group_json(number: int, group: Group, ids: Mapping[Path, str]) -> Json:
    """A group with the ids of its photos; each once, also where exact copies of a file are in it."""
    return {
        "id": number,
        "kind": group.kind,
        "protected": group.protected,
        "best": ids[group.best] if group.best else None,
        "tied": group.tied,
        "why": shown(group.why),
        "members": list(dict.fromkeys(ids[member.path] for member in group.members)),
    }


def camera_name(report: Report) -> str | None:
    """Make and model, the make once; None where the photo does not say."""
    if report.photo is None:
        return None
    make, model = (report.photo.camera.make or "").strip(), (report.photo.camera.model or "").strip()
    first = make.split(" ")[0].casefold()
    return (model if first and model.casefold().startswith(first) else f"{make} {model}".strip()) or None


def shown(text: str) -> str:
    """`text` as JSON can carry it: names on a Unix disk may hold bytes that are no characters."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _within(path: Path, folder: Path) -> str:
    """The path from the folder on; most paths begin with it, and a long way round takes a second for 50,000."""
    start, name = os.path.join(folder, ""), os.fspath(path)  # noqa: PTH118
    return name.removeprefix(start) if name.startswith(start) else os.path.relpath(path, folder)


def _place(opinion: Opinion) -> int | None:
    group = opinion.group
    return None if group is None or group.protected else member_of(group, opinion.path).place
