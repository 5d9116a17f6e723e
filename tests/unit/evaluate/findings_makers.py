"""Labelled photos with verdicts, made up for tests of what is found in them."""

import itertools
from pathlib import Path

from keepers.evaluate.findings import Answer
from keepers.evaluate.manifest import Item
from keepers.evaluate.vocabulary import understand
from keepers.types import FLAWS, LABELS, Assessment, Measurement, Reason, Verdict


def verdict(told: str = "", probability: float = 0.9, pile: str = "maybe", blind: bool = False) -> Verdict:
    """What keepers would say of a photo with one flaw, or of a good one."""
    flaws = {flaw: probability if flaw == told else 0.05 for flaw in FLAWS}
    reason = Reason(told or ("unmeasured" if blind else "sharp"), "because", 0.5)
    said = () if blind else (Assessment("tile_sharpness", "blurred", 0.0, 0.5, "says"),)
    label = told if told in LABELS else "original"
    return Verdict(pile if told else "keep", 1 - flaws.get(told, 0.05), label, {}, flaws, (reason,), said)


_LINES = itertools.count(2)


def answer(label: str, said: Verdict | None, group: str = "", *, score: float | None = None, **more) -> Answer:
    place = next(_LINES)
    truth = understand(label)
    assert truth is not None
    exposure = more.pop("exposure", None)
    item = Item(Path(f"{place}.jpg"), truth, score, exposure, group or f"line {place}", place)
    facts = (Measurement("baseline_laplacian", "1", 5.0), Measurement("baseline_brightness", "1", 100.0))
    return Answer(item, said, None if said else "it is damaged.", more.get("beside", {}), more.get("facts", facts))
