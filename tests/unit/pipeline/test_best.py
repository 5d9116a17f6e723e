"""The best of a group, in words, and what becomes of the others."""

from dataclasses import dataclass

import pytest

from frame_makers import shot
from keepers.errors import UserError
from keepers.pipeline.fill import Target, fill, target
from keepers.pipeline.members import together
from keepers.types import Opinion, Reason, Report, Verdict, VerdictName


@dataclass(frozen=True)
class People:
    eyes: float = 1.0
    expression: float = 0.7
    sharpness: float | None = 0.5
    people: int = 1


def judged(report: Report, verdict: VerdictName = "keep", blurred: float = 0.1, score: float = 0.8) -> Opinion:
    reasons = (Reason("blurred", "It is soft", blurred),)
    return Opinion(report, Verdict(verdict, score, "original", {}, {"blurred": blurred}, reasons))


def frame(name: str, seconds: float, sharp: float = -1.0, clipped: float = -9.0, **more) -> Report:
    facts = {"tile_sharpness": sharp, "shake_direction": 0.1, "clipped_highlights": clipped, "blocked_shadows": -9.0}
    return shot(name, seconds, facts=facts, **more)


def test_the_sharper_frame_is_the_best_and_the_others_become_maybes() -> None:
    after = together([judged(frame("a.jpg", 0, -3.0)), judged(frame("b.jpg", 0.2)), judged(frame("c.jpg", 0.4, -1.05))])
    group = after[0].group
    assert group is not None and group.best is not None and group.best.name == "b.jpg" and group.tied
    assert group.why == "As good as 1 other that cannot be told apart from it"
    assert [member.place for member in group.members] == [3, 1, 1]
    assert group.members[0].reasons == ("sharper",) and group.members[2].reasons == ()
    assert [o.verdict.verdict for o in after if o.verdict] == ["maybe", "keep", "keep"]
    assert after[0].verdict and after[0].verdict.reasons[0].sentence == "b.jpg of the same burst is sharper"
    assert "would be a Must Have" in after[0].verdict.would_change


def test_a_frame_that_is_beaten_and_likely_flawed_goes() -> None:
    after = together([judged(frame("a.jpg", 0, -4.0), "maybe", 0.7), judged(frame("b.jpg", 0.2))])
    assert [o.verdict.verdict for o in after if o.verdict] == ["delete", "keep"]
    # Both are flawed: neither is a reason to throw the other away.
    after = together([judged(frame("a.jpg", 0, -4.0), "maybe", 0.7), judged(frame("b.jpg", 0.2), "maybe", 0.6)])
    assert [o.verdict.verdict for o in after if o.verdict] == ["maybe", "maybe"]


def test_the_best_has_no_likely_flaw_where_one_has_none_and_was_not_put_away() -> None:
    shoot = [judged(frame("a.jpg", 0, -0.5), "delete", 0.95), judged(frame("b.jpg", 0.2, -1.5))]
    group = together(shoot)[0].group
    assert group is not None and group.best is not None and group.best.name == "b.jpg" and not group.tied
    assert group.why == "Beside the next one, a.jpg: no likely flaw"
    photo = shoot[1].report.photo
    assert photo is not None
    away = together(shoot, {photo.id: "delete"})[0].group
    assert away is not None and away.best is not None and away.best.name == "a.jpg"


def test_a_lead_in_another_thing_saves_a_frame() -> None:
    after = together([judged(frame("a.jpg", 0, -3.0)), judged(frame("b.jpg", 0.2, clipped=-1.0))])
    assert [o.verdict.verdict for o in after if o.verdict] == ["keep", "keep"]


def test_people_decide_before_sharpness_does() -> None:
    shoot = [judged(frame("a.jpg", 0, -1.0)), judged(frame("b.jpg", 0.2, -1.3))]
    after = together(shoot, people=[People(eyes=0.0), People()])
    group = after[0].group
    assert group is not None and group.best is not None and group.best.name == "b.jpg"
    assert group.why == "Beside the next one, a.jpg: nobody blinks"
    assert after[0].verdict and "nobody blinks" in after[0].verdict.reasons[0].sentence
    away = together(shoot, people=[None, People()])
    assert away[0].group is not None and away[0].group.best is not None
    assert away[0].group.best.name == "b.jpg" and away[0].group.members[0].reasons == ("more faces are seen",)


def test_the_first_copy_stays() -> None:
    same = [frame("a.jpg", 0, pixels="x"), frame("b.jpg", 0, pixels="x")]
    after = together([judged(one) for one in same])
    assert [o.verdict.verdict for o in after if o.verdict] == ["keep", "delete"]
    assert after[1].verdict and after[1].verdict.reasons[0].sentence == "It is an exact copy of a.jpg"


def test_a_bracket_is_left_alone() -> None:
    shoot = [frame(f"{n}.jpg", 0.3 * n, -1.0 - 2 * n, bias_ev=ev) for n, ev in enumerate((0.0, -2.0, 2.0))]
    after = together([judged(one) for one in shoot])
    group = after[0].group
    assert group is not None and group.protected and group.best is None
    assert group.why == "All 3 frames of this exposure bracket belong together"
    assert {o.verdict.verdict for o in after if o.verdict} == {"keep"}


def test_unreadable_photos_pass_through() -> None:
    broken = Opinion(Report(frame("a.jpg", 0).source, error="a.jpg is damaged."), None)
    assert together([broken, judged(frame("b.jpg", 0))])[0] == broken


# As many Must Haves as were asked for


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("300", Target(300)), (" 20 % ", Target(share=0.2)), ("0", Target(0)), ("12.5%", Target(share=0.125))],
)
def test_targets(text: str, wanted: Target) -> None:
    assert target(text) == wanted


@pytest.mark.parametrize("text", ["", "many", "-3", "120%", "1.5", "3 photos"])
def test_what_is_no_target(text: str) -> None:
    with pytest.raises(UserError, match="is no number of photos to keep; write it as 300 or as 20%"):
        target(text)


def test_the_best_of_a_worse_scene_comes_before_the_rest_of_a_better_one() -> None:
    shoot = [judged(frame(f"a{n}.jpg", 10.0 * n, scene=n), score=0.90) for n in range(6)]
    shoot += [judged(frame(f"b{n}.jpg", 9000 + 10.0 * n, scene=20 + n), score=0.85) for n in range(6)]
    after = fill(together(shoot), Target(4), {})
    kept = [o.path.name for o in after if o.verdict and o.verdict.verdict == "keep"]
    assert kept == ["a0.jpg", "a1.jpg", "b0.jpg", "b1.jpg"]
    assert after[5].verdict and after[5].verdict.reasons[0].sentence == "Beyond the 4 Must Haves that were asked for"
    burst = [judged(frame(f"c{n}.jpg", 0.2 * n), score=0.95) for n in range(4)]
    after = fill(together([*burst, judged(frame("d.jpg", 5, scene=3), score=0.7)]), Target(2), {})
    assert [o.path.name for o in after if o.verdict and o.verdict.verdict == "keep"] == ["c0.jpg", "d.jpg"]


def test_the_least_doubtful_maybes_fill_up() -> None:
    shoot = [judged(frame("a.jpg", 0, scene=0))]
    shoot += [judged(frame(f"b{n}.jpg", 100.0 * n + 50, scene=n + 1), "maybe", 0.9 - 0.1 * n) for n in range(3)]
    shoot += [judged(frame("z.jpg", 900, scene=9), "delete", 0.95)]
    after = fill(together(shoot), Target(share=0.6), {})
    assert [o.verdict.verdict for o in after if o.verdict] == ["keep", "maybe", "keep", "keep", "delete"]
    assert after[3].verdict and after[3].verdict.reasons[0].sentence.endswith("asked for, despite: It is soft")
