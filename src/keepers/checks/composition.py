"""Checks of composition: where the subject lies, what the border cuts, how level and how balanced a photo is.

They rank photos and break ties; none speaks of a flaw, so none can demote or delete. `image.composition` says how
each is reckoned, docs/composition.md what they are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

from keepers.checks.base import check, once
from keepers.checks.people import people_in
from keepers.image import composition
from keepers.image.composition import GOLDEN, THIRD, Pixels, falling
from keepers.image.horizon import Horizon
from keepers.image.saliency import Box, Point
from keepers.types import Evidence, Reading

LEVEL, TILTED = 0.3, 5.0
"""Degrees up to which nobody sees a tilt, and from which it is as bad as it gets, or meant."""


@dataclass(frozen=True, slots=True)
class Composition:
    """How a photo is composed; all places are shares 0..1 of its width and height.

    subject: the box of the people who count, else of what stands out, None where nothing does; anchor: its middle.
    faces: those boxes of the people who count. cut: along which share of the borders the subject touches them, None
    with people. mass: the centre of all that stands out.
    """

    subject: Box | None
    anchor: Point | None
    faces: tuple[Box, ...]
    cut: float | None
    mass: Point | None
    horizon: Horizon | None


@once
def _pixels(evidence: Evidence) -> Pixels:
    return composition.look(evidence.frame.rgb, evidence.luma, evidence.tiles)


def composed(evidence: Evidence) -> Composition:
    """How a photo is composed: by its people where there are some, else by what stands out."""
    pixels = _pixels(evidence)
    height, width = (side / evidence.frame.scale for side in evidence.frame.rgb.shape[:2])
    some = people_in(evidence.frame, evidence.faces)
    boxes = tuple((f.box[0] / width, f.box[1] / height, f.box[2] / width, f.box[3] / height) for f in some)
    if boxes:
        heads = [composition.head(box) for box in boxes]
        weights = [box[2] * box[3] for box in boxes]
        anchor = (
            sum(w * (b[0] + b[2] / 2) for w, b in zip(weights, boxes, strict=True)) / sum(weights),
            sum(w * (b[1] + b[3] / 2) for w, b in zip(weights, boxes, strict=True)) / sum(weights),
        )
        return Composition(composition.around(heads), anchor, boxes, None, pixels.mass, pixels.horizon)
    region = pixels.region
    if region is None or region.share < composition.LEAST_SHARE:
        return Composition(None, None, (), None, pixels.mass, pixels.horizon)
    return Composition(region.box, region.middle, (), region.cut, pixels.mass, pixels.horizon)


def _placed(evidence: Evidence, part: float) -> Reading | None:
    seen = composed(evidence)
    if seen.subject is None or seen.anchor is None or seen.subject[2] * seen.subject[3] > composition.LARGEST:
        return None
    across, down = (min(1.0, max(0.0, value)) for value in seen.anchor)
    words = ("left", "middle", "right")[min(2, int(3 * across))], ("upper", "middle", "lower")[min(2, int(3 * down))]
    where = "in the middle" if words == ("middle", "middle") else f"{words[1]} {words[0]}".replace("middle ", "", 1)
    return Reading(composition.from_point((across, down), part), f"{'people' if seen.faces else 'subject'}: {where}")


@check(
    "thirds",
    flaws=(),
    higher="worse",
    sentence="The subject is far from the lines of thirds",
    faces=True,
    score=lambda raw: composition.closeness(raw, THIRD),
)
def thirds(evidence: Evidence) -> Reading | None:
    """How far the subject is from the points where lines of thirds meet, in shares of a side: 0 (on one) .. about .47.

    1/12 on a line alone, .24 in the middle. The rule is J. T. Smith's, "Remarks on rural scenery", 1797. Score: 1 on a
    point, falling evenly to 0 at .24. None where nothing stands out, or the subject fills half of the picture.
    """
    return _placed(evidence, THIRD)


@check(
    "golden_ratio",
    flaws=(),
    higher="worse",
    sentence="The subject is far from the lines of the golden ratio",
    faces=True,
    score=lambda raw: composition.closeness(raw, GOLDEN),
)
def golden_ratio(evidence: Evidence) -> Reading | None:
    """How far the subject is from the points that divide both sides by the golden ratio, in shares of a side: 0 .. .54.

    1/12 on a line alone, .17 in the middle. Score: 1 on a point, falling evenly to 0 at .17, as in Liu et al.,
    "Optimizing photo composition", 2010, doi:10.1111/j.1467-8659.2009.01616.x. None as for `thirds`.
    """
    return _placed(evidence, GOLDEN)


@check(
    "horizon",
    flaws=(),
    higher="worse",
    sentence="The horizon is tilted",
    score=lambda raw: falling(raw, LEVEL, TILTED),
)
def horizon(evidence: Evidence) -> Reading | None:
    """How many degrees the longest nearly level line is tilted, 0 .. 15 (see `image.horizon`).

    Score: 1 up to .3 degrees, falling evenly to 0 at 5. None where no line is long and certain enough.
    """
    line = composed(evidence).horizon
    if line is None:
        return None
    tilt = abs(line.degrees)
    lower = "left" if line.degrees > 0 else "right"
    return Reading(tilt, f"{tilt:.1f} degrees, lower at the {lower}" if tilt > LEVEL else "level")


@check(
    "cut_heads",
    flaws=(),
    higher="worse",
    sentence="A head is cut off",
    faces=True,
    score=lambda raw: falling(raw, 0.0, 0.3),
)
def cut_heads(evidence: Evidence) -> Reading | None:
    """The largest share of a head that the border cuts off, 0 .. 1, of the people who count.

    A head is the box of the face and 35 % of its height above. Score: 1 where all heads are whole, falling evenly to
    0 at 30 %. None without people, and for close-ups (a face of 45 % of the height), whose crown is cut on purpose.
    """
    raw = composition.cut_off(composed(evidence).faces)
    return None if raw is None else Reading(raw, f"{round(100 * raw)} % of a head" if raw >= 0.01 else "")


@check(
    "cut_subject",
    flaws=(),
    higher="worse",
    sentence="The border cuts what stands out",
    faces=True,
    score=lambda raw: falling(raw, 0.0, 0.15),
)
def cut_subject(evidence: Evidence) -> Reading | None:
    """Along which share of the four borders' length the subject touches them, 0 .. 1: a limb, a wing, a wheel cut off.

    Of what stands out where there are no people; of people's limbs nothing is known. Score: 1 where it touches none,
    falling evenly to 0 at 15 %. None with people, and where nothing stands out.
    """
    raw = composed(evidence).cut
    return None if raw is None else Reading(raw)


@check(
    "headroom",
    flaws=(),
    higher="worse",
    sentence="The eyes are far from the upper third",
    faces=True,
    score=lambda raw: falling(raw, 0.05, 0.35),
)
def headroom(evidence: Evidence) -> Reading | None:
    """How far the eyes of those who count are from the upper third, in heights of the picture, 0 .. .67.

    The rule of cinema and television (Arijon, "Grammar of the film language", 1976). Score: 1 up to .05, falling evenly
    to 0 at .35. None without people of at least 6 % of the height, and for close-ups.
    """
    raw = composition.eye_line(composed(evidence).faces)
    if raw is None:
        return None
    return Reading(abs(raw), "much room above" if raw > 0.05 else "little room above" if raw < -0.05 else "")


@check(
    "balance",
    flaws=(),
    higher="worse",
    sentence="Its weight lies to one side",
    score=lambda raw: falling(raw, 0.1, 0.7),
)
def balance(evidence: Evidence) -> Reading | None:
    """How far the centre of all that stands out lies from the middle, 0 .. 1 (the middle of a border).

    Visual balance as Liu et al. 2010 (see `golden_ratio`) reckon it. Score: 1 up to .1, falling evenly to 0 at .7. None
    where nothing stands out.
    """
    middle = composed(evidence).mass
    return None if middle is None else Reading(composition.off_balance(middle))
