"""What faces may do to a verdict, whatever the numbers: closed eyes alone never delete, and no face costs nothing."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from face_makers import evidence, eye, face
from keepers.checks import CHECKS
from keepers.checks.people import eyes, left_eye, people, right_eye
from keepers.pipeline.calibration import Calibration, completed, load
from keepers.pipeline.judge import judge
from keepers.pipeline.people import prominent, score_people
from keepers.types import Eye, Face, Measurement, Photo, Report, Source, Verdict

RANK = {"keep": 0, "maybe": 1, "delete": 2}
PACKAGED = load()
share = st.floats(0, 1)
lids = st.builds(
    lambda openness, blink, luma, sharp, detail: replace(
        eye((openness, blink)), luma=luma, sharpness=sharp, detail=detail
    ),
    st.floats(0, 0.6), share, share, st.none() | st.floats(-7, 1), st.none() | st.floats(-7, 1),
)  # fmt: skip


@st.composite
def faces(draw: st.DrawFn) -> tuple[Face, ...]:
    some = []
    for _ in range(draw(st.integers(0, 4))):
        width = draw(st.floats(8, 500))
        eyes_of: tuple[Eye | None, Eye | None] = (draw(lids), draw(lids)) if draw(st.booleans()) else (None, None)
        some.append(
            face(x=draw(st.floats(-50, 1000)), width=width, presence=draw(share), right=eyes_of[0], left=eyes_of[1],
                 yaw=draw(st.floats(-90, 90)), pitch=draw(st.floats(-90, 90)), smile=draw(share),
                 looking_down=draw(share), mouth_open=draw(share), luma=draw(share))
        )  # fmt: skip
    return prominent(some, 1000, 800)


raws = st.fixed_dictionaries(
    {name: st.none() | st.floats(-12, 12) for name, check in CHECKS.items() if not check.faces}
)


def verdict(facts: dict[str, float | None], calibration: Calibration = PACKAGED) -> Verdict:
    source = Source(Path("/a.jpg"), ())
    rows = tuple(Measurement(name, "1", raw) for name, raw in facts.items())
    return judge(Report(source, Photo("id", source, 1000, 800), rows), calibration)


@settings(max_examples=60, deadline=None)
@given(raws)
def test_a_photo_without_faces_is_judged_as_if_nobody_had_looked(facts: dict[str, float | None]) -> None:
    bare = replace(
        PACKAGED,
        curves={pair: curve for pair, curve in PACKAGED.curves.items() if pair[1] != "closed_eyes"},
        fusions={flaw: fusion for flaw, fusion in PACKAGED.fusions.items() if flaw != "closed_eyes"},
    )
    with_check, without = verdict({**facts, "closed_eyes": None}), verdict(facts, bare)
    assert (with_check.verdict, with_check.score) == (without.verdict, without.score)
    assert completed(bare).curves.keys() == PACKAGED.curves.keys()


@settings(max_examples=60, deadline=None)
@given(raws, st.floats(-12, 12), st.floats(-12, 12))
def test_more_surely_closed_never_improves_a_verdict(facts: dict[str, float | None], one: float, two: float) -> None:
    less, more = (verdict({**facts, "closed_eyes": raw}) for raw in sorted((one, two)))
    assert RANK[more.verdict] >= RANK[less.verdict] and more.score <= less.score + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.floats(-12, -0.001) | st.floats(0, 12))
def test_closed_eyes_alone_never_delete(raw: float) -> None:
    assert verdict({"closed_eyes": raw, "tile_sharpness": 0.0}).verdict == ("maybe" if raw >= 0 else "keep")


@settings(max_examples=60, deadline=None)
@given(faces())
def test_unknown_eyes_are_never_a_flaw(some: tuple[Face, ...]) -> None:
    reading = CHECKS["closed_eyes"](evidence(*some))
    if all(eyes(one).state == "unknown" for one in people(some, 1000)):
        assert reading is None
    if reading is not None and reading.raw >= 0:
        assert any(eyes(one).state == "closed" for one in people(some, 1000))


@settings(max_examples=60, deadline=None)
@given(faces())
def test_every_face_has_states_and_says_why_not(some: tuple[Face, ...]) -> None:
    for one in some:
        for view in (eyes(one), left_eye(one), right_eye(one)):
            assert (view.state == "unknown") == bool(view.why)


@settings(max_examples=60, deadline=None)
@given(faces())
def test_scores_of_people_stay_within_bounds(some: tuple[Face, ...]) -> None:
    score = score_people(some, 1000)
    assert (score is None) == (not people(some, 1000))
    if score is not None:
        assert 0 <= score.eyes <= 1 and 0 <= score.expression <= 1 and len(score.closed) <= score.people
        assert score.sharpness is None or 0 <= score.sharpness <= 1
