"""From evidence to facts: every check, one row each."""

from __future__ import annotations

import math
from collections.abc import Mapping

from keepers.checks import CHECKS, Check
from keepers.models.faces import name_of
from keepers.types import Evidence, Measurement

SMALLEST = 160
"""Pictures with a shorter side than this many pixels are icons or thumbnails: enlarged for the network they look
blurred, and they have too few tiles to say otherwise. Nothing is measured on them, so they end as "cannot tell"."""


def version(check: Check, model: str | None) -> str:
    """The version stored with a measurement; that of a check of a network or of faces names the networks too."""
    if check.faces:
        return f"{check.version}+{name_of()}"
    return f"{check.version}+{model or 'none'}" if check.network else check.version


def versions(model: str | None) -> Mapping[str, str]:
    """Check -> the version that a current measurement carries; `model` is the network's name or None."""
    return {name: version(check, model) for name, check in CHECKS.items()}


def measure(
    evidence: Evidence, model_name: str | None = None, checks: Mapping[str, Check] | None = None
) -> tuple[Measurement, ...]:
    """One measurement for every check, in the order of registration.

    Args:
        evidence: what was observed.
        model_name: the network's name, or None when none ran.
        checks: those to run; default all.

    Returns:
        `raw` is None where a check does not apply, and also where it came out as no finite number. In a picture
        smaller than `SMALLEST` none applies.
    """
    ours = (checks or CHECKS).values()
    if min(evidence.luma.shape) < SMALLEST:
        return tuple(Measurement(check.name, version(check, model_name), None) for check in ours)
    return tuple(_one(check, evidence, model_name) for check in ours)


def _one(check: Check, evidence: Evidence, model: str | None) -> Measurement:
    reading = check(evidence)
    if reading is None or not math.isfinite(reading.raw):
        return Measurement(check.name, version(check, model), None)
    return Measurement(check.name, version(check, model), float(reading.raw), reading.note)
