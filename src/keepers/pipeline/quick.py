"""A quick look: a photo as its embedded preview shows it, to sort a folder roughly within seconds.

A preview tells how light a photo is and which photos are alike. Whether a photo is sharp it does not tell: so a quick
look calls nothing a Must Have and condemns nothing, and a cull measures the photo again.
"""

from __future__ import annotations

from dataclasses import replace

from keepers.pipeline.score import Keep, Scorer, score_photo
from keepers.types import Opinion, Reason, Report, Source

QUICK = "quick look"
"""Stands where a report names its network."""
CHECKS = ("clipped_highlights", "bright_tones", "blocked_shadows", "dark_tones", "balance")
"""What a preview can tell."""
REASON = Reason("quick", "Only its embedded preview was looked at; keepers cull without --quick measures it", 0.0)
_UNSAID = {"sharp", "flawless", "unmeasured", "budget"}
"""Reasons that a photo has no flaw, or is too plain to tell: a preview does not know that."""
_CHANGE = "Measuring it would: keepers cull without --quick."


def is_quick(report: Report) -> bool:
    """Whether these facts come from a quick look."""
    return report.model == QUICK


def build_quick(keep: Keep | None = None) -> Scorer:
    """As `score.build_scorer`: a scorer that looks at embedded previews and loads no network."""
    import cv2

    from keepers.io.preview import glimpse

    cv2.setNumThreads(1)
    return lambda source: _marked(score_photo(source, lambda lap: glimpse(source), None, None, keep), source)


def _marked(report: Report, source: Source) -> Report:
    """With versions that no check has, so that a cull measures it again, and without what a preview cannot tell.

    An error may be the preview's own: the photo is tried again.
    """
    if report.photo is None:
        return replace(report, source=source, passing=True)
    kept = tuple(replace(m, version=f"{m.version} quick") for m in report.measurements if m.check in CHECKS)
    return replace(report, model=QUICK, measurements=kept)


def cautious(opinion: Opinion) -> Opinion:
    """The opinion that a quick look allows: a Maybe that says so, with the score and the flaws that were seen."""
    verdict = opinion.verdict
    if verdict is None or not is_quick(opinion.report):
        return opinion
    told = tuple(reason for reason in verdict.reasons if reason.name not in _UNSAID)
    held = replace(verdict, verdict="maybe", reasons=(*told, REASON), would_change=_CHANGE, normal=None, budget=None)
    return replace(opinion, verdict=held)
