"""All figures of one dataset, from what people say of its photos and what keepers says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from keepers.evaluate import questions as asking
from keepers.evaluate import statistics as st
from keepers.evaluate.baselines import BASELINES, PREFIX
from keepers.evaluate.manifest import Item
from keepers.evaluate.questions import ANY, Question
from keepers.evaluate.statistics import Bin, Estimate
from keepers.pipeline.calibrate import wilson
from keepers.types import LABELS, VERDICTS, Measurement, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """One photo: what people say of it, and keepers' verdict (None for a photo that could not be read).

    beside: further verdicts on it, by the name of the network. facts: of the main run, baselines included.
    """

    item: Item
    verdict: Verdict | None
    error: str | None = None
    beside: Mapping[str, Verdict] = field(default_factory=dict)
    facts: tuple[Measurement, ...] = ()

    @property
    def truth(self) -> str:
        """The label as it stands in the manifest."""
        return self.item.truth.label or "(no label)"


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `total`, with Wilson's 95 % interval of the share."""

    count: int
    total: int

    @property
    def estimate(self) -> Estimate:
        """The share and its interval; NaN of nothing."""
        return Estimate(self.count / self.total, *wilson(self.count, self.total)) if self.total else st.UNDEFINED


@dataclass(frozen=True, slots=True)
class Row:
    """One label: how many photos, their verdicts, six-class answers, and how many keepers could not tell."""

    label: str
    photos: int
    verdicts: Mapping[str, int]
    answers: Mapping[str, int]
    cannot_tell: int


@dataclass(frozen=True, slots=True)
class Result:
    """What one system makes of one question.

    found, false_alarms, accuracy: of its own decisions, which a baseline does not take. best: the balanced accuracy at
    the threshold that suits these photos best. order: share of pairs of one scene in the right order.
    """

    system: str
    auc: Estimate
    best: float
    order: float
    found: Share | None = None
    false_alarms: Share | None = None
    accuracy: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question and what each system makes of it; `pairs` of one group stand behind `Result.order`."""

    question: Question
    positives: int
    negatives: int
    pairs: int
    results: tuple[Result, ...]
    curves: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    bins: tuple[Bin, ...]

    @property
    def ece(self) -> float:
        """Expected calibration error of keepers' own probability."""
        return st.ece(self.bins)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rank correlation of one system with people's scores (`what` = "score") or with exposure; `within` scenes."""

    what: str
    system: str
    photos: int
    overall: Estimate
    scenes: int = 0
    within: Estimate | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that is measured on one dataset."""

    name: str
    network: str
    answers: tuple[Answer, ...]
    rows: tuple[Row, ...]
    lost: Mapping[str, Share]
    questions: tuple[Answered, ...]
    ranked: tuple[Ranked, ...]
    left_out: Mapping[str, int]
    unknown: Mapping[str, int]

    @property
    def readable(self) -> list[Answer]:
        """The photos that have a verdict."""
        return [one for one in self.answers if one.verdict is not None]

    @property
    def groups(self) -> int:
        """How many groups the bootstrap draws."""
        return len({one.item.group for one in self.readable})


OURS = "keepers"


def find(
    name: str,
    answers: Sequence[Answer],
    network: str,
    left_out: Mapping[str, int] | None = None,
    unknown: Mapping[str, int] | None = None,
) -> Findings:
    """All figures of one dataset; photos without a verdict count in none of them."""
    readable = [one for one in answers if one.verdict is not None]
    systems = {OURS: [one.verdict for one in readable if one.verdict is not None]}
    for other in dict.fromkeys(name for one in readable for name in one.beside):
        if all(other in one.beside for one in readable):
            systems[other] = [one.beside[other] for one in readable]
    asked = asking.questions(one.item.truth for one in readable)
    return Findings(
        name=name,
        network=network,
        answers=tuple(answers),
        rows=_rows(readable),
        lost={system: _lost(readable, verdicts) for system, verdicts in systems.items()},
        questions=tuple(_answered(question, readable, systems) for question in asked),
        ranked=(*_ranked("score", readable, systems), *_ranked("exposure", readable, systems)),
        left_out=dict(left_out or {}),
        unknown=dict(unknown or {}),
    )


def _rows(readable: Sequence[Answer]) -> tuple[Row, ...]:
    rows = []
    for label in sorted({one.truth for one in readable}):
        own = [one.verdict for one in readable if one.truth == label and one.verdict is not None]
        verdicts, answers = Counter(v.verdict for v in own), Counter(v.label for v in own)
        rows.append(
            Row(
                label,
                len(own),
                {name: verdicts[name] for name in VERDICTS},
                {name: answers[name] for name in LABELS},
                sum(map(asking.abstains, own)),
            )
        )
    return tuple(rows)


def _lost(readable: Sequence[Answer], verdicts: Sequence[Verdict]) -> Share:
    good = [v for one, v in zip(readable, verdicts, strict=True) if one.item.truth.good]
    return Share(sum(v.verdict == "delete" for v in good), len(good))


def _answered(question: Question, readable: Sequence[Answer], systems: Mapping[str, Sequence[Verdict]]) -> Answered:
    truths = [question.truth(one.item.truth) for one in readable]
    use = np.array([truth is not None for truth in truths])
    positive = np.array([bool(truth) for truth in truths])[use]
    groups = [one.item.group for one, counts in zip(readable, use, strict=True) if counts]
    results: list[Result] = []
    curves: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {}
    bins: tuple[Bin, ...] = ()
    for system, verdicts in systems.items():
        own = [v for v, counts in zip(verdicts, use, strict=True) if counts]
        said = np.array([question.probability(v) for v in own])
        results.append(_decided(system, said, np.array([question.told(v) for v in own]), positive, groups))
        curves[system] = _curve(said, positive)
        if system == OURS and question is not ANY:
            bins = tuple(st.reliability(said, positive))
    for key, baseline in BASELINES.items():
        sign = baseline.means.get(question.flaws[0]) if question is not ANY else baseline.quality and -baseline.quality
        opposed = {baseline.means.get(flaw) for flaw in question.against}
        if sign and sign not in opposed:
            values = sign * _baseline(readable, key)[use]
            results.append(_plain(baseline.title, values, positive, groups))
            curves[baseline.title] = _curve(values, positive)
    pairs = st.right_order(np.zeros(len(positive)), positive, groups)[1]
    count = int(positive.sum())
    return Answered(question, count, len(positive) - count, pairs, tuple(results), curves, bins)


def _curve(scores: st.Numbers, positive: st.Flags) -> tuple[tuple[float, ...], tuple[float, ...]]:
    false, true = st.roc(scores, positive)
    return tuple(false.tolist()), tuple(true.tolist())


def _plain(system: str, scores: st.Numbers, positive: st.Flags, groups: Sequence[str]) -> Result:
    area = st.bootstrap(lambda weights: st.auc(scores, positive, weights), groups)
    order, _ = st.right_order(scores, positive, groups)
    return Result(system, area, st.best_balanced_accuracy(scores, positive), order)


def _decided(
    system: str, scores: st.Numbers, told: st.Flags, positive: st.Flags, groups: Sequence[str]
) -> Result:
    plain = _plain(system, scores, positive, groups)
    return Result(
        system,
        plain.auc,
        plain.best,
        plain.order,
        Share(int((told & positive).sum()), int(positive.sum())),
        Share(int((told & ~positive).sum()), int((~positive).sum())),
        st.bootstrap(lambda weights: st.balanced_accuracy(told, positive, weights), groups),
    )


def _baseline(readable: Sequence[Answer], key: str) -> st.Numbers:
    named = PREFIX + key
    values = [next((m.raw for m in one.facts if m.check == named and m.raw is not None), 0.0) for one in readable]
    return np.array(values, dtype=float)


def _ranked(what: str, readable: Sequence[Answer], systems: Mapping[str, Sequence[Verdict]]) -> tuple[Ranked, ...]:
    wanted = [one.item.score if what == "score" else one.item.exposure for one in readable]
    use = np.array([value is not None for value in wanted], dtype=bool)
    if use.sum() < 3:
        return ()
    people = np.array([value for value in wanted if value is not None])
    groups = [one.item.group for one, counts in zip(readable, use, strict=True) if counts]
    columns = {
        system: np.array([v.score if what == "score" else asking.exposure(v.flaws) for v in verdicts])
        for system, verdicts in systems.items()
    }
    for key, baseline in BASELINES.items():
        if baseline.quality if what == "score" else baseline.exposure:
            columns[baseline.title] = _baseline(readable, key)
    return tuple(_correlated(what, system, values[use], people, groups) for system, values in columns.items())


def _correlated(what: str, system: str, own: st.Numbers, people: st.Numbers, groups: Sequence[str]) -> Ranked:
    overall = st.spearman_interval(own, people, groups)
    within = st.within_groups(own, people, groups)
    if not within:
        return Ranked(what, system, len(own), overall)
    values = np.array(list(within.values()))
    mean = st.bootstrap(lambda weights: float(values @ weights / weights.sum()), list(within))
    return Ranked(what, system, len(own), overall, len(within), mean)
