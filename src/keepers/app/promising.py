"""On which good photos the promise of a triage rests: the user's own where there are enough, else the calibration's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keepers.pipeline.budget import GoodSample, good_sample, least_sources

if TYPE_CHECKING:
    from keepers.app.measuring import Run
    from keepers.catalog.db import Catalog


def good_sample_of(run: Run, rate: float, store: Catalog | None) -> GoodSample | None:
    """The sample for a budget of `rate`.

    The user's own confirmed choices are like the user's next photos, and the photos of a calibration are not: they are
    taken as soon as there are enough of them to promise anything, 1 / rate - 1 scenes (99 for 1 %).
    """
    shipped = run.calibration.good if run.calibration is not None else None
    if store is None or run.calibration is None or rate <= 0:
        return shipped
    if sum(verdict == "keep" for verdict in store.choices().values()) < least_sources(rate):
        return shipped
    own = own_sample(run, store)
    return own if own is not None and own.sources >= least_sources(rate) else shipped


def own_sample(run: Run, store: Catalog) -> GoodSample | None:
    """What the catalog knows of photos that the user keeps, as of today's checks; None where it knows none."""
    from keepers.checks import CHECKS
    from keepers.pipeline.judge import certainties

    current = {name: version for name, version in run.versions().items() if name in CHECKS}
    photos = [
        one
        for one in store.good_photos()
        if {fact.check: fact.version for fact in one.measurements if fact.check in current} == current
    ]
    found = certainties([one.measurements for one in photos], run.calibration)
    return good_sample(((one.scene, c) for one, c in zip(photos, found, strict=True)), own=True)
