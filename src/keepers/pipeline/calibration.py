"""From raw values to probabilities: fitted once on photos with known flaws, then stored as one small JSON file.

One monotone logistic for every (check, flaw), one fusion for every flaw, one temperature for the six-class answer, and
one operating point for every flaw from which its probability is called certain.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from keepers.checks import CHECKS
from keepers.errors import ModelError
from keepers.pipeline import budget
from keepers.types import FLAWS, LABELS, UNSHARP

Numbers = npt.NDArray[np.float64]

SCHEMA = "keepers.calibration/1"
LIMIT = 8.0
"""Bound of the calibrated logit of one check: no single check is ever surer than 1 in 3,000. Logits bend towards it
rather than being cut off, so that of two hopeless photos the worse still ranks lower."""

MOTION = ("focus_shake", "focus_defocus")
"""Two checks whose raw values differ by the log odds of motion against defocus."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Logit = slope x raw + offset; the slope is negative where a higher raw value is better."""

    slope: float
    offset: float


@dataclass(frozen=True, slots=True)
class Fusion:
    """Logit = offset + sum of weight (>= 0) x calibrated logit; a check that does not apply contributes nothing."""

    weights: Mapping[str, float]
    offset: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a calibration comes from: network, photos, ISO date, versions of the checks it was fitted to."""

    model: str = ""
    dataset: str = ""
    date: str = ""
    photos: int = 0
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calibration:
    """All that turns raw values into probabilities.

    checks: the columns of every matrix of raw values. curves: (check, flaw) -> logistic. fusions: flaw -> logistic
    over its checks. operating: flaw -> fused probability from which it is certain. temperature: of the six-class
    softmax, > 0. good: what is known of good photos, for a promised budget of false rejects. motion: log odds that a
    blur is motion, over the difference of the raw values of `MOTION`. Both None in older files.
    """

    checks: tuple[str, ...]
    curves: Mapping[tuple[str, str], Curve]
    fusions: Mapping[str, Fusion]
    operating: Mapping[str, float]
    temperature: float = 1.0
    provenance: Provenance = Provenance()
    good: budget.GoodSample | None = None
    motion: Curve | None = None

    def logits(self, raws: Numbers) -> dict[tuple[str, str], Numbers]:
        """Calibrated logits of each (check, flaw), bent to stay within `LIMIT`; NaN where the raw value is.

        Args:
            raws: float64 N x len(checks), NaN where a check does not apply.
        """
        column = {name: i for i, name in enumerate(self.checks)}
        known = np.where(np.isfinite(raws), raws, np.nan)
        return {
            (check, flaw): LIMIT * np.tanh((curve.slope * known[:, column[check]] + curve.offset) / LIMIT)
            for (check, flaw), curve in self.curves.items()
        }

    def probabilities(self, raws: Numbers) -> dict[tuple[str, str], Numbers]:
        """What each check alone says: (check, flaw) -> N probabilities, NaN where the check does not apply."""
        return {pair: sigmoid(logit) for pair, logit in self.logits(raws).items()}

    def fused(self, raws: Numbers) -> dict[str, Numbers]:
        """Flaw -> N probabilities, NaN where none of its checks applies."""
        return {flaw: sigmoid(logit) for flaw, logit in self.fused_logits(raws).items()}

    def fused_logits(
        self, raws: Numbers, logits: Mapping[tuple[str, str], Numbers] | None = None
    ) -> dict[str, Numbers]:
        """Flaw -> N logits of all its checks together, NaN where none applies; `logits` of the same where known."""
        logits = self.logits(raws) if logits is None else logits
        fused = {flaw: _fuse(fusion, flaw, logits, len(raws)) for flaw, fusion in self.fusions.items()}
        return {**fused, **self._told_apart(raws, fused)}

    def _told_apart(self, raws: Numbers, fused: Mapping[str, Numbers]) -> dict[str, Numbers]:
        """Defocus and shake: that it is one of them all checks say together, which of them `motion` alone.

        Where motion and defocus are equally likely, either may be it, and both keep the larger logit.
        """
        if self.motion is None or not {*UNSHARP} <= set(fused) or not {*MOTION} <= set(self.checks):
            return {}
        moved, still = (raws[:, self.checks.index(name)] for name in MOTION)
        odds = self.motion.slope * np.asarray(moved - still) + self.motion.offset
        either = np.fmax(*(fused[flaw] for flaw in UNSHARP))
        return {
            flaw: np.where(np.isfinite(odds), either + np.log(2.0 * sigmoid(sign * odds)), fused[flaw])
            for flaw, sign in zip(UNSHARP, (-1.0, 1.0), strict=True)
        }

    def six(self, raws: Numbers, fused: Mapping[str, Numbers] | None = None) -> Numbers:
        """The six-class answer, N x 6 in the order of `LABELS`; rows sum to 1; `fused` logits of the same where known.

        From the network's log odds where it ran, else from the fused probabilities of the five flaws; all on
        `original` where nothing is known.
        """
        fused = self.fused_logits(raws) if fused is None else fused
        zero = np.zeros(len(raws))
        fallback = np.stack([np.nan_to_num(fused.get(label, zero), nan=-LIMIT) for label in LABELS[1:]], axis=1)
        odds = self.network_odds(raws)
        return softmax(np.where(np.isfinite(odds).all(axis=1, keepdims=True), odds, fallback))

    def network_odds(self, raws: Numbers) -> Numbers:
        """N x 5 log odds of the network's five flaws against `original`, in the order of `LABELS`, at the temperature
        that suits; NaN where the network does not say."""
        names = [f"network_{label}" for label in LABELS[1:]]
        if not set(names) <= set(self.checks):
            return np.full((len(raws), len(names)), np.nan)
        return np.asarray(raws[:, [self.checks.index(name) for name in names]] / self.temperature)


def _fuse(fusion: Fusion, flaw: str, logits: Mapping[tuple[str, str], Numbers], count: int) -> Numbers:
    total, known = np.full(count, fusion.offset), np.zeros(count, dtype=bool)
    for check, weight in fusion.weights.items():
        logit = logits[check, flaw]
        total += weight * np.nan_to_num(logit)
        known = known | np.isfinite(logit)
    return np.where(known, total, np.nan)


def sigmoid(logits: Numbers) -> Numbers:
    """1 / (1 + exp(-x)) without overflow, always strictly inside 0..1; NaN stays NaN."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))))


def softmax(odds: Numbers) -> Numbers:
    """N x (K+1) probabilities of N x K log odds against a first class; rows sum to 1."""
    full = np.concatenate([np.zeros((len(odds), 1)), odds], axis=1)
    powers = np.exp(full - full.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def to_json(calibration: Calibration) -> str:
    """The calibration as indented JSON that `from_json` reads back unchanged."""
    curves = [
        {"check": check, "flaw": flaw, "slope": curve.slope, "offset": curve.offset}
        for (check, flaw), curve in calibration.curves.items()
    ]
    fusions = {
        flaw: {"weights": dict(fusion.weights), "offset": fusion.offset} for flaw, fusion in calibration.fusions.items()
    }
    source = calibration.provenance
    provenance = {
        "model": source.model,
        "dataset": source.dataset,
        "date": source.date,
        "photos": source.photos,
        "versions": dict(source.versions),
    }
    everything: dict[str, object] = {
        "schema": SCHEMA,
        "provenance": provenance,
        "checks": list(calibration.checks),
        "curves": curves,
        "fusions": fusions,
        "operating": dict(calibration.operating),
        "temperature": calibration.temperature,
    }
    if calibration.good is not None:
        everything["good"] = budget.to_json(calibration.good)
    if calibration.motion is not None:
        everything["motion"] = {"slope": calibration.motion.slope, "offset": calibration.motion.offset}
    return json.dumps(everything, indent=1, allow_nan=False) + "\n"


def from_json(text: str) -> Calibration:
    """Read what `to_json` wrote.

    Raises:
        ValueError: it is something else, or a number in it makes no sense.
    """
    data: Any = json.loads(text)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError(f"the schema is not {SCHEMA}")
    try:
        calibration = _read(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a part is missing or of the wrong kind ({error})") from error
    _sane(calibration)
    return calibration


def _read(data: Mapping[str, Any]) -> Calibration:
    motion = data.get("motion")
    return Calibration(
        checks=tuple(data["checks"]),
        curves={(c["check"], c["flaw"]): Curve(float(c["slope"]), float(c["offset"])) for c in data["curves"]},
        fusions={
            flaw: Fusion({name: float(w) for name, w in fusion["weights"].items()}, float(fusion["offset"]))
            for flaw, fusion in data["fusions"].items()
        },
        operating={flaw: float(p) for flaw, p in data["operating"].items()},
        temperature=float(data["temperature"]),
        provenance=Provenance(**data.get("provenance", {})),
        good=budget.from_json(data["good"]) if "good" in data else None,
        motion=None if motion is None else Curve(float(motion["slope"]), float(motion["offset"])),
    )


def _sane(calibration: Calibration) -> None:
    known = set(calibration.checks)
    numbers = [calibration.temperature, *calibration.operating.values()]
    for (check, flaw), curve in calibration.curves.items():
        if check not in known or flaw not in FLAWS:
            raise ValueError(f"the curve of {check} for {flaw} belongs to no column")
        numbers += [curve.slope, curve.offset]
    for flaw, fusion in calibration.fusions.items():
        if any((check, flaw) not in calibration.curves for check in fusion.weights):
            raise ValueError(f"the fusion of {flaw} names a check without a curve")
        if min(fusion.weights.values(), default=0.0) < 0:
            raise ValueError(f"the fusion of {flaw} has a negative weight")
        numbers += [*fusion.weights.values(), fusion.offset]
    if calibration.motion is not None:
        numbers += [calibration.motion.slope, calibration.motion.offset]
    if calibration.temperature <= 0 or not np.isfinite(numbers).all():
        raise ValueError("the temperature or another number is out of range")


CERTAIN_AS_IT_STANDS = 0.95
"""From this probability a flaw is certain of which only checks speak whose raw values are log odds as they stand."""


def completed(calibration: Calibration) -> Calibration:
    """The same with the checks that need no calibration, such as that of closed eyes, where it does not name them.

    No flaw made by keepers has closed eyes, so no dataset can calibrate them: their check was fitted elsewhere, and
    its documentation says where.
    """
    named = {check for check, _ in calibration.curves}
    ready = [check for name, check in CHECKS.items() if check.log_odds and name not in named]
    new = {(check.name, flaw): Curve(1.0, 0.0) for check in ready for flaw in check.flaws}
    flaws = {flaw: Fusion({check: 1.0}, 0.0) for check, flaw in new if flaw not in calibration.fusions}
    return replace(
        calibration,
        checks=(*calibration.checks, *(check.name for check in ready if check.name not in calibration.checks)),
        curves={**calibration.curves, **new},
        fusions={**calibration.fusions, **flaws},
        operating={**dict.fromkeys(flaws, CERTAIN_AS_IT_STANDS), **calibration.operating},
    )


def packaged() -> Path:
    """Where the calibration that keepers ships lies, whether or not it is there."""
    return Path(__file__).parents[1] / "models" / "data" / "calibration.json"


def load(path: Path | None = None) -> Calibration:
    """The calibration in `path` (default: the packaged one), `completed`.

    Raises:
        ModelError: missing, unreadable or damaged.
    """
    target = path or packaged()
    try:
        return completed(from_json(target.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"The calibration {target} is missing; install keepers again.") from error
    except ValueError as error:
        raise ModelError(f"The calibration {target} is damaged: {error}; install keepers again.") from error
