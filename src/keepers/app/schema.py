"""The documented JSON of an opinion: `docs/assess-schema.md`. Scripts of other people depend on it.

A new key may be added within version 1; renaming, removing or changing the meaning of one makes version 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keepers.checks.people import eyes, left_eye, people, right_eye, sharpness
from keepers.types import Face, Group, Json, Opinion, Report

SCHEMA = "keepers.assess/1"
GROUPS_SCHEMA = "keepers.groups/1"
_DIGITS = 6


def to_json(opinion: Opinion) -> Json:
    """One line of `keepers assess --json`; every key is always there, see `docs/assess-schema.md`."""
    report, verdict = opinion.report, opinion.verdict
    return {
        "schema": SCHEMA,
        "path": str(opinion.path),
        "error": report.error,
        "verdict": verdict.verdict if verdict else None,
        "score": _round(verdict.score) if verdict else None,
        "label": verdict.label if verdict else None,
        "probabilities": _rounded(verdict.probabilities) if verdict else {},
        "flaws": _rounded(verdict.flaws) if verdict else {},
        "reasons": [
            {"name": r.name, "sentence": r.sentence, "weight": _round(r.weight)}
            for r in (verdict.reasons if verdict else ())
        ],
        "would_change": verdict.would_change if verdict else None,
        "budget": None if verdict is None or verdict.budget is None else _round(verdict.budget),
        "faces": _faces(report),
        "model": report.model,
        "group": _group(opinion),
    }


def _group(opinion: Opinion) -> Json | None:
    from keepers.pipeline.members import member_of

    group = opinion.group
    if group is None:
        return None
    member = member_of(group, opinion.path)
    return {
        "id": group.id,
        "kind": group.kind,
        "size": len(group.members),
        "place": None if group.protected else member.place,
        "best": group.best == opinion.path,
        "protected": group.protected,
        "reasons": list(member.reasons),
        "copy_of": str(member.copy_of) if member.copy_of else None,
        "scene": group.scene,
    }


def group_to_json(group: Group, opinions: Sequence[Opinion]) -> Json:
    """One object of `keepers groups --format json`; see `docs/groups.md`."""
    verdicts = {opinion.path: opinion.verdict.verdict if opinion.verdict else None for opinion in opinions}
    return {
        "schema": GROUPS_SCHEMA,
        "id": group.id,
        "kind": group.kind,
        "scene": group.scene,
        "protected": group.protected,
        "best": str(group.best) if group.best else None,
        "tied": group.tied,
        "why": group.why,
        "members": [
            {
                "path": str(member.path),
                "verdict": verdicts.get(member.path),
                "place": None if group.protected else member.place,
                "behind": None if group.protected else _round(member.behind),
                "reasons": list(member.reasons),
                "copy_of": str(member.copy_of) if member.copy_of else None,
            }
            for member in group.members
        ],
    }


def explain_to_json(opinion: Opinion) -> Json:
    """`to_json` with what every check said: the JSON of `keepers explain --json`."""
    verdict = opinion.verdict
    return {
        **to_json(opinion),
        "assessments": [
            {"check": a.check, "flaw": a.flaw, "raw": a.raw, "score": _round(a.score), "sentence": a.sentence}
            for a in (verdict.assessments if verdict else ())
        ],
    }


def _faces(report: Report) -> list[Json]:
    """From the left to the right, as `docs/assess-schema.md` describes them."""
    if report.photo is None:
        return []
    counting = people(report.faces, max(report.photo.width, report.photo.height))
    return [_face(face, counting.index(face) + 1 if face in counting else None) for face in report.faces]


def _face(face: Face, person: int | None) -> Json:
    both, sharp = eyes(face), sharpness(face)
    return {
        "person": person,
        "box": [round(v, 1) for v in face.box],
        "width": round(face.box[2], 1),
        "presence": _round(face.presence),
        "eyes": both.state,
        "eyes_unknown": both.why or None,
        "left_eye": left_eye(face).state,
        "right_eye": right_eye(face).state,
        "smile": _round(face.smile),
        "prominence": _round(face.prominence),
        "sharpness": None if sharp is None else _round(sharp),
    }


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: _round(number) for name, number in numbers.items()}


def _round(number: float) -> float:
    return round(float(number), _DIGITS)
