"""report.md with its figures, and the same for machines."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from keepers.errors import StorageError
from keepers.evaluate import mistakes, plots, tables
from keepers.evaluate.findings import Answer, Findings
from keepers.evaluate.statistics import Estimate
from keepers.io.files import replacing
from keepers.types import Json, Rgb

SCHEMA = "keepers.evaluate/1"

SECTIONS: Mapping[str, Callable[[Findings], str]] = {
    "Good photos lost": tables.false_rejects,
    "By label": tables.labels,
    "By question": tables.questions,
    "Pairs of one scene": tables.pairs,
    "Ranks": tables.ranks,
    "Calibration": tables.calibration,
}
"""Heading -> the table below it; one that comes out empty is left out with its heading."""

FIGURES: Mapping[str, tuple[str, Callable[[Findings], Rgb | None]]] = {
    "roc": ("ROC curves", plots.roc),
    "reliability": ("Reliability", plots.reliability),
    "confusion": ("Answers by label", plots.confusion),
    "mistakes": ("Worst mistakes", mistakes.sheet),
}
"""File name -> title and the function that draws it, or finds that there is nothing to draw."""

_ABOUT = """Nothing was tuned to these photos by this command. In brackets: 95 % intervals, Wilson's for shares, for the
rest from {samples} bootstrap samples of whole scenes; where a system makes no mistake, such samples cannot doubt it, so
look at the number of photos. "Found" and "false alarms" are what keepers tells its user as it ships, at no threshold
chosen here; "best, in hindsight" is the balanced accuracy at the threshold that suits these very photos, which no
honest threshold reaches. "Anything wrong" is asked of the overall score, and told is whatever is no Must Have. A photo
of which keepers cannot tell counts as not found. Where every unsharp photo is labelled as blurred, camera shake counts
as that, too."""


def sections(findings: Findings) -> list[tuple[str, str]]:
    """(heading, table) of those that have something to say."""
    made = ((heading, build(findings)) for heading, build in SECTIONS.items())
    return [(heading, text) for heading, text in made if text]


def markdown(all_findings: Sequence[Findings], figures: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """The whole report.

    Args:
        figures: dataset -> (title, path relative to the report) of its pictures.
    """
    from keepers.evaluate.statistics import SAMPLES

    parts = ["# How right keepers is", _ABOUT.format(samples=SAMPLES)]
    for one in all_findings:
        parts += [f"## {one.name}", summary(one)]
        for heading, text in sections(one):
            parts += [f"### {heading}", text]
        for title, path in figures.get(one.name, ()):
            parts += [f"### {title}", f"![{title}]({path})"]
    return "\n\n".join(parts) + "\n"


def summary(one: Findings) -> str:
    """What was measured and what was not, in sentences."""
    readable = len(one.readable)
    said = [f"{readable} photos in {one.groups} scenes, with {one.network}."]
    bad = [answer for answer in one.answers if answer.verdict is None]
    if bad:
        named = "; ".join(f"line {answer.item.line}: {(answer.error or '').rstrip('.')}" for answer in bad[:5])
        more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
        said.append(f"{len(bad)} could not be read and count nowhere ({named}{more}).")
    for why, count in one.left_out.items():
        said.append(f"{count} {why} were left out.")
    if one.unknown:
        words = ", ".join(f"{label} ({count})" for label, count in sorted(one.unknown.items()))
        said.append(
            f"Labels that mean nothing to keepers, and count only in the table by label: {words}; "
            "--map LABEL=FLAW says what they mean."
        )
    return " ".join(said)


def to_json(all_findings: Sequence[Findings]) -> Json:
    """Every figure, and every photo with its answer; NaN becomes null."""
    return {"schema": SCHEMA, "datasets": [_dataset(one) for one in all_findings]}


def _dataset(one: Findings) -> Json:
    return {
        "name": one.name,
        "network": one.network,
        "photos": len(one.readable),
        "scenes": one.groups,
        "left_out": dict(one.left_out),
        "unknown_labels": dict(one.unknown),
        "false_rejects": {name: _plain({**asdict(part), **asdict(part.estimate)}) for name, part in one.lost.items()},
        "labels": [asdict(row) for row in one.rows],
        "questions": [
            {
                "name": q.question.name,
                "title": q.question.title,
                "positives": q.positives,
                "negatives": q.negatives,
                "pairs": q.pairs,
                "ece": _plain(q.ece),
                "reliability": [asdict(b) for b in q.bins],
                "systems": [_plain(asdict(result)) for result in q.results],
            }
            for q in one.questions
        ],
        "ranks": [_plain(asdict(ranked)) for ranked in one.ranked],
        "answers": [_answer(answer) for answer in one.answers],
    }


def _answer(answer: Answer) -> Json:
    verdict = answer.verdict
    return {
        "path": str(answer.item.path),
        "line": answer.item.line,
        "truth": answer.item.truth.label,
        "scene": answer.item.group,
        "error": answer.error,
        "verdict": verdict.verdict if verdict else None,
        "label": verdict.label if verdict else None,
        "score": round(verdict.score, 6) if verdict else None,
        "flaws": {flaw: round(p, 6) for flaw, p in verdict.flaws.items()} if verdict else {},
        "reasons": [reason.sentence for reason in verdict.reasons] if verdict else [],
        "measurements": {fact.check: fact.raw for fact in answer.facts},
    }


def _plain(value: object) -> object:
    """Without NaN, which is no JSON."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return asdict(value) if isinstance(value, Estimate) else value


def write_json(all_findings: Sequence[Findings], target: Path) -> None:
    """Write `to_json`, or nothing at all. Raises StorageError."""
    _write(target, json.dumps(to_json(all_findings), indent=1, allow_nan=False).encode() + b"\n")


def write(all_findings: Sequence[Findings], folder: Path) -> Path:
    """Write FOLDER/report.md, and its figures into a folder a dataset; what keepers wrote there before is replaced.

    Raises:
        StorageError: the folder cannot be written.
    """
    figures: dict[str, list[tuple[str, str]]] = {}
    for one in all_findings:
        for name, (title, draw) in FIGURES.items():
            picture = draw(one)
            target = folder / file_name(one.name) / f"{name}.png"
            if picture is None:
                target.unlink(missing_ok=True)  # it would belong to an older report
                continue
            write_png(picture, target)
            figures.setdefault(one.name, []).append((title, f"{target.parent.name}/{target.name}"))
    target = folder / "report.md"
    _write(target, markdown(all_findings, figures).encode())
    return target


def write_png(picture: Rgb, target: Path) -> None:
    """Write a picture as PNG, or nothing at all. Raises StorageError."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True)
    _write(target, buffer.getvalue())


def file_name(name: str) -> str:
    """A dataset's name as part of a file name."""
    return re.sub(r"[^\w.-]+", "-", name) or "dataset"


def _write(target: Path, data: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise StorageError(f"{target} could not be written: {error.strerror or error}.") from error
