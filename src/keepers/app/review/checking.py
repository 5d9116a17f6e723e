"""The blind check of the review page: the verb `audit`, of a shoot that is judged already, and its answers as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from keepers.app.auditing import SIZE, answered, measured, sample_of
from keepers.app.review.shoot import ReviewedShoot
from keepers.catalog.db import Catalog
from keepers.errors import NotFound
from keepers.evaluate.statistics import Estimate
from keepers.types import Json, VerdictName


def sample(store: Catalog, shoot: ReviewedShoot, size: int = SIZE) -> Json:
    """Draw and remember a sample: the answer of `POST /api/shoots/<id>/audits`.

    Raises:
        Refused: the shoot is not ready. NothingToDo: nothing is To be Deleted.
    """
    opinions, choices = shoot.snapshot()
    drawn = sample_of(store, shoot.folder, opinions, choices, size)
    return {"audit": drawn.number, "ids": [one.photo for one in drawn.asked]}


def result(
    store: Catalog, shoot: ReviewedShoot, number: int, answers: Mapping[str, VerdictName], keep: bool
) -> Json:
    """What the answers say, the answer of `POST /api/shoots/<id>/audits/<number>`; stored as choices where `keep`.

    Raises:
        NotFound: there is no such audit of this shoot, or it did not ask for such a photo; then nothing is recorded.
    """
    audit = store.audit(number)
    if audit.folder != shoot.folder:
        raise NotFound(f"Audit {number} is one of another shoot; draw a new sample.")
    found = measured(answered(audit, answers))
    if keep:
        shoot.answer(number, answers)
    told = {"deleted": found.deleted, "checked": found.checked, "wrong": len(found.wrong)}
    known = found.checked > 0
    return {
        "audit": number,
        "asked": found.asked,
        "answered": found.answered,
        **told,
        "rate": _told(found.rate) if known else None,
        "lost": _told(found.lost) if known else None,
        "false_rejects": _told(found.false_rejects),
    }


def _told(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else asdict(estimate)
