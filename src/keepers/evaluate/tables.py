"""Findings as Markdown tables: what `report.md`, docs/accuracy.md and the terminal show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from keepers.evaluate.findings import OURS, Answered, Findings, Ranked, Result, Share
from keepers.evaluate.statistics import Estimate
from keepers.types import LABELS, VERDICT_TITLES, VERDICTS

NOTHING = "·"


def figure(value: float, digits: int = 3) -> str:
    """".937", "1.000", "-.12"; a dot where it is not defined."""
    if math.isnan(value):
        return NOTHING
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def with_interval(estimate: Estimate | None) -> str:
    """".937 (.910 to .960)"."""
    if estimate is None or math.isnan(estimate.value):
        return NOTHING
    if math.isnan(estimate.low):
        return figure(estimate.value)
    return f"{figure(estimate.value)} ({figure(estimate.low)} to {figure(estimate.high)})"


def share(part: Share | None) -> str:
    """"2 of 128, 1.6 % (.4 to 5.5 %)"."""
    if part is None or not part.total:
        return NOTHING
    of = part.estimate
    return f"{part.count} of {part.total}, {_percent(of.value)} % ({_percent(of.low)} to {_percent(of.high)} %)"


def _percent(value: float) -> str:
    text = f"{100 * value:.1f}".removesuffix(".0")
    return text.removeprefix("0") if text.startswith("0.") else text


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def false_rejects(findings: Findings) -> str:
    """Good photos in To be Deleted, a line a system; empty where no photo is labelled as good."""
    if not findings.lost[OURS].total:
        return ""
    return table(("by", "good photos in To be Deleted"), [(name, share(one)) for name, one in findings.lost.items()])


def labels(findings: Findings) -> str:
    """One line a label: photos, verdicts, six-class answers."""
    header = ("label", "photos", *(VERDICT_TITLES[name] for name in VERDICTS), "cannot tell", "six-class answers")
    rows = []
    for row in findings.rows:
        answers = ", ".join(f"{_words(name)} {row.answers[name]}" for name in LABELS if row.answers[name])
        verdicts = [row.verdicts[name] for name in VERDICTS]
        rows.append((_words(row.label), row.photos, *verdicts, row.cannot_tell, answers))
    return table(header, rows)


def questions(findings: Findings) -> str:
    """One line a question and system."""
    header = ("is it", "yes / no", "by", "AUC", "found", "false alarms", "balanced accuracy", "best, in hindsight")
    rows = [_question(one, result) for one in findings.questions for result in one.results]
    return table(header, rows) if rows else ""


def _question(one: Answered, result: Result) -> tuple[object, ...]:
    return (
        *_once(result is one.results[0], one.question.title, f"{one.positives} / {one.negatives}"),
        result.system,
        with_interval(result.auc),
        share(result.found),
        share(result.false_alarms),
        with_interval(result.accuracy),
        figure(result.best),
    )


def pairs(findings: Findings) -> str:
    """Share of pairs of one scene in the right order; empty where no scene has both kinds."""
    rows = [
        (*_once(result is one.results[0], one.question.title, one.pairs), result.system, figure(result.order))
        for one in findings.questions
        if one.pairs
        for result in one.results
    ]
    return table(("is it", "pairs of one scene", "by", "in the right order"), rows) if rows else ""


def _once(first: bool, *cells: object) -> tuple[object, ...]:
    """The cells in the first line of a question, and blanks in the others."""
    return cells if first else tuple("" for _ in cells)


def calibration(findings: Findings) -> str:
    """Expected calibration error of each question that keepers answers with a probability."""
    rows = [
        (one.question.title, one.positives + one.negatives, figure(one.ece), figure(_base_rate(one)))
        for one in findings.questions
        if one.bins
    ]
    return table(("is it", "photos", "expected calibration error", "share of yes"), rows) if rows else ""


def _base_rate(one: Answered) -> float:
    return one.positives / (one.positives + one.negatives)


_WHAT = {"score": "people's score", "exposure": "exposure"}


def ranks(findings: Findings) -> str:
    """Rank correlations with people's scores and with exposure; empty where the manifest has neither."""
    rows = [
        (_WHAT[one.what], one.system, one.photos, with_interval(one.overall), *_scenes(one))
        for one in findings.ranked
    ]
    header = ("Spearman with", "by", "photos", "all photos", "within scenes (mean)", "scenes")
    return table(header, rows) if rows else ""


def _scenes(one: Ranked) -> tuple[str, object]:
    return with_interval(one.within), one.scenes or NOTHING


def _words(name: str) -> str:
    return name.replace("_", " ")
