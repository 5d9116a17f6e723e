"""The mistakes of keepers on labelled photos, the worst first, and a sheet that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keepers.errors import PhotoError
from keepers.evaluate.findings import Answer, Findings
from keepers.evaluate.questions import logit
from keepers.evaluate.statistics import ranks
from keepers.image.canvas import BLACK, GREY, PALE, WHITE, Canvas, Colour, shortened, text_width, wrapped
from keepers.image.resize import fit
from keepers.types import UNSHARP, VERDICT_TITLES, PhotoFile, Rgb, Source, Verdict

MOST = 24
"""Mistakes on a sheet."""
_LOST, _KEPT, _DOUBTED, _RANKED, _MISTAKEN = 5.0, 4.0, 3.0, 2.0, 1.0
_FAR = 0.35
"""Difference of two ranks, as a share of the photos, from which it is a mistake."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What went wrong with one photo; `weight` orders them, the kinds one after the other."""

    answer: Answer
    what: str
    weight: float


def mistakes(findings: Findings) -> list[Mistake]:
    """Good photos to be deleted, flawed ones kept, good ones doubted, scores far off, one flaw taken for another."""
    present = {flaw for one in findings.readable for flaw in one.item.truth.flaws}
    told_apart = set(UNSHARP) <= present
    found = [
        _labelled(one, one.verdict, _meant(one.item.truth.flaws, told_apart))
        for one in findings.answers
        if one.verdict is not None
    ]
    every = [one for one in (*found, *_scored(findings)) if one is not None]
    worst: dict[int, Mistake] = {}
    for one in sorted(every, key=lambda mistake: -mistake.weight):
        worst.setdefault(id(one.answer), one)
    return list(worst.values())


def _meant(flaws: frozenset[str], told_apart: bool) -> frozenset[str]:
    """What a label may mean: where people did not tell kinds of blur apart, any."""
    return flaws if told_apart or not flaws & set(UNSHARP) else flaws | set(UNSHARP)


def _labelled(answer: Answer, verdict: Verdict, flaws: frozenset[str]) -> Mistake | None:
    if answer.item.truth.good and verdict.verdict != "keep":
        certain = max(verdict.flaws.values(), default=0.0)
        if verdict.verdict == "delete":
            return Mistake(answer, "good, and to be deleted", _LOST + _part(certain))
        return Mistake(answer, "good, and doubted", _DOUBTED + _part(certain))
    if not flaws:
        return None
    seen = max(verdict.flaws.get(flaw, 0.0) for flaw in flaws)
    if verdict.verdict == "keep":
        return Mistake(answer, "flawed, and kept", _KEPT + _part(1.0 - seen))
    if not any(reason.name in flaws for reason in verdict.reasons):
        return Mistake(answer, "another flaw was named", _MISTAKEN + _part(1.0 - seen))
    return None


def _part(probability: float) -> float:
    """0..1 in the order of the probability, also where it is very near to 0 or 1."""
    return 0.5 + logit(probability) / 50.0


def _scored(findings: Findings) -> list[Mistake]:
    """Photos whose score ranks far from where people rank them."""
    scored = [one for one in findings.readable if one.item.score is not None and one.verdict is not None]
    if len(scored) < 3:
        return []
    people = ranks(np.array([one.item.score for one in scored], dtype=float)) / len(scored)
    ours = ranks(np.array([one.verdict.score for one in scored if one.verdict], dtype=float)) / len(scored)
    gaps = ours - people
    return [
        Mistake(one, f"ranked {'above' if gap > 0 else 'below'} people's score", _RANKED + abs(gap))
        for one, gap in zip(scored, gaps.tolist(), strict=True)
        if abs(gap) >= _FAR
    ]


_EDGE, _GAP, _COLUMNS, _CAPTION, _HEAD = 280, 14, 4, 108, 44
_SHADE: dict[str, Colour] = {"keep": (0, 110, 80), "maybe": (150, 100, 0), "delete": (176, 58, 0)}


def sheet(findings: Findings, found: Sequence[Mistake] | None = None) -> Rgb | None:
    """The worst mistakes with file, label, answer and reason; None where there is none.

    Opens the photos; one that has gone since is shown as an empty field.
    """
    every = mistakes(findings) if found is None else list(found)
    if not every:
        return None
    shown = every[:MOST]
    columns = min(_COLUMNS, len(shown))
    lines = -(-len(shown) // columns)
    high = _EDGE + _CAPTION + _GAP
    canvas = Canvas(max(640, columns * (_EDGE + _GAP) + _GAP), _HEAD + lines * high + _GAP)
    readable = len(findings.readable)
    title = f"{findings.name}: the worst {len(shown)} of {len(every)} mistakes on {readable} photos"
    canvas.text((_GAP, _HEAD / 2), title, 16, BLACK, "lm")
    for place, mistake in enumerate(shown):
        _field(canvas, mistake, _GAP + place % columns * (_EDGE + _GAP), _HEAD + place // columns * high)
    return canvas.rgb()


def _field(canvas: Canvas, mistake: Mistake, left: int, top: int) -> None:
    canvas.rectangle((left, top, left + _EDGE, top + _EDGE), PALE)
    small = _thumbnail(mistake.answer)
    if small is not None:
        height, width = small.shape[:2]
        canvas.picture(small, left + (_EDGE - width) // 2, top + (_EDGE - height) // 2)
    verdict, item = mistake.answer.verdict, mistake.answer.item
    y = top + _EDGE + 5
    canvas.text((left, y), shortened(item.path.name, _EDGE, 13), 13)
    people = item.truth.label.replace("_", " ") or (f"score {item.score:.2f}" if item.score is not None else "no label")
    y += 18
    canvas.text((left, y), shortened(f"people: {people}", _EDGE, 12), 12, GREY)
    if verdict is not None:
        y += 17
        answer = verdict.label.replace("_", " ")
        said = f"keepers: {VERDICT_TITLES[verdict.verdict]}, {answer}, score {verdict.score:.2f}"
        canvas.text((left, y), shortened(said, _EDGE, 12), 12, _SHADE[verdict.verdict])
        why = verdict.reasons[0].sentence if verdict.reasons else ""
        for line in wrapped(why, _EDGE, 12, most=2):
            y += 16
            canvas.text((left, y), line, 12)
    _tag(canvas, mistake.what, left, top)


def _tag(canvas: Canvas, words: str, left: int, top: int) -> None:
    canvas.rectangle((left, top, left + text_width(words, 12) + 12, top + 20), BLACK, alpha=0.75)
    canvas.text((left + 6, top + 10), words, 12, WHITE, "lm")


def _thumbnail(answer: Answer) -> Rgb | None:
    from keepers.io import decode

    path = answer.item.path
    try:
        facts = path.stat()
        _, frame = decode.read(Source(path, (PhotoFile(path, "image", facts.st_size, facts.st_mtime_ns),)))
    except (OSError, PhotoError):
        return None
    return fit(frame.rgb, _EDGE)
