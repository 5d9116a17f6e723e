"""What a taste changes: each change happens where it should, and says why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from face_makers import face
from frame_makers import shot
from keepers.pipeline.members import member_of, together
from keepers.pipeline.people import prominent
from keepers.pipeline.taste import Gate, Scale, Taste
from keepers.pipeline.taste_facts import QUALITY
from keepers.pipeline.taste_use import LEAST, REASON, apply, changed
from keepers.types import Opinion, Reason, Verdict

SCALE = Scale((QUALITY, "smile", "light"), (0.0, 0.3, -3.0), (1.0, 0.2, 1.0))


def likes_smiles(low: float = -2.0) -> Taste:
    return Taste(SCALE, (0.1, 1.5, 0.0), low, Gate(), 1.0)


def photo(name: str, seconds: float, smile: float = 0.3, sharp: float = -1.0, scene: int = 0, **more: float) -> Opinion:
    report = shot(name, seconds, scene, facts={"tile_sharpness": sharp})
    report = replace(report, faces=prominent([face(x=2500.0, width=900.0, smile=smile, frame_width=300.0)], 6000, 4000))
    flaw = more.get("flaw", 0.1)
    name, reason = "keep" if flaw < 0.5 else "maybe", Reason("sharp", "x", 0.05)
    return Opinion(report, Verdict(name, 0.7, "original", {}, {"blurred": flaw}, (reason,)))  # type: ignore[arg-type]


def by_name(opinions: list[Opinion]) -> dict[str, Opinion]:
    return {one.path.name: one for one in opinions}


def lone(*smiles: float, flaw: float = 0.1, rest: float = 0.3) -> list[Opinion]:
    """Frames of their own that are alike but for their smiles, ten with the rest."""
    ten = (*smiles, *[rest] * 10)[:10]
    some = [photo(f"{n}.jpg", 1000.0 * (n + 1), smile, scene=n, flaw=flaw) for n, smile in enumerate(ten)]
    return together(some)


def test_a_handful_of_photos_is_no_shoot() -> None:
    few = together(lone(0.0, 0.3, 0.9)[: LEAST - 1])
    assert apply(few, likes_smiles(), {}) == few


def test_the_order_follows_the_taste() -> None:
    scores = [o.verdict.score for o in apply(lone(0.0, 0.3, 0.9), likes_smiles(), {})[:3] if o.verdict]
    assert scores == sorted(scores) and scores[0] < 0.5 < scores[-1]
    told = apply(lone(0.0, 0.3, 0.9), likes_smiles(low=-9), {})
    assert [r.sentence for r in told[2].verdict.reasons] == ["x", "Like the photos that you keep: smiles"]  # type: ignore[union-attr]
    assert changed(told) == (0, 0)


def test_what_is_liked_far_less_than_what_was_kept_becomes_a_maybe() -> None:
    some = lone(0.0, 0.3, 0.3, 0.9)
    after = apply(some, likes_smiles(low=-2.0), {})
    first = after[0].verdict
    assert first and first.verdict == "maybe" and first.reasons[0].name == REASON
    assert first.reasons[0].sentence == "Unlike the photos that you keep: serious faces"
    assert [o.verdict.verdict for o in after[1:] if o.verdict] == ["keep"] * 9
    assert changed(after) == (0, 1)


def test_a_whole_shoot_that_is_unlike_the_others_keeps_its_must_haves() -> None:
    after = apply(lone(rest=0.0), likes_smiles(), {})
    assert all(o.verdict and o.verdict.verdict == "keep" and o.verdict.score == 0.5 for o in after)


def test_a_choice_or_a_likely_flaw_is_left_alone() -> None:
    some = lone(0.0, 0.3, 0.3, 0.9)
    own = some[0].report.photo
    assert own
    assert apply(some, likes_smiles(), {own.id: "keep"})[0].verdict.verdict == "keep"  # type: ignore[union-attr]
    flawed = lone(0.0, 0.3, 0.9, 0.9, flaw=0.6)
    assert all(o.verdict and o.verdict.verdict == "maybe" for o in apply(flawed, likes_smiles(), {}))


def test_a_frame_that_lost_on_technique_alone_comes_back() -> None:
    crisp, soft = photo("crisp.jpg", 0.0, 0.2, -0.5), photo("soft.jpg", 0.4, 0.25, -2.0)
    some = together([crisp, soft, *lone(rest=0.2)])
    assert by_name(some)["soft.jpg"].verdict.verdict == "maybe"  # type: ignore[union-attr]
    assert by_name(apply(some, likes_smiles(), {}))["soft.jpg"].verdict.verdict == "maybe"  # type: ignore[union-attr]
    smiling = replace(soft, report=replace(soft.report, faces=photo("x", 0, 0.95).report.faces))
    # A better expression is no technique: it would win in the group by itself, were it counted.
    some = together([crisp, smiling, *lone(rest=0.2)])
    assert by_name(some)["soft.jpg"].verdict.verdict == "maybe"  # type: ignore[union-attr]
    after = by_name(apply(some, likes_smiles(), {}))["soft.jpg"].verdict
    assert after and after.verdict == "keep" and "smiles" in after.reasons[0].sentence
    assert after.would_change == "Without your taste (keepers learn --off) it would be a Maybe."


def test_frames_that_technique_cannot_tell_apart_are_told_apart() -> None:
    some = together([photo("a.jpg", 0.0, 0.1), photo("b.jpg", 0.4, 0.9), photo("c.jpg", 0.8, 0.1), *lone()])
    group = some[0].group
    assert group and group.tied and group.best and group.best.name == "a.jpg"
    after = apply(some, likes_smiles(low=-9), {})
    assert [o.group.best for o in after if o.group] == [Path("/shoot/b.jpg")] * 3
    made = after[0].group
    assert made and all(o.group is made for o in after if o.group) and "most like the photos that you keep" in made.why
    assert member_of(made, Path("/shoot/b.jpg")).place == 1
    put_away = some[1].report.photo
    assert put_away
    assert apply(some, likes_smiles(low=-9), {put_away.id: "delete"})[0].group == group
