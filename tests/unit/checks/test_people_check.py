"""Eyes are open, closed, or it cannot be told; and closed ones count where they should."""

import numpy as np
import pytest

from face_makers import OPEN, SHUT, evidence, eye, face
from keepers.checks import CHECKS
from keepers.checks.people import excuse, expression, eyes, left_eye, people, right_eye, sharpness
from keepers.types import Face

CHECK = CHECKS["closed_eyes"]


def raw(*faces: Face) -> float | None:
    reading = CHECK(evidence(*faces))
    return None if reading is None else reading.raw


def test_open_and_shut_eyes_have_a_state() -> None:
    for lids, state in ((OPEN, "open"), (SHUT, "closed")):
        some = face(lids)
        assert (eyes(some).state, left_eye(some).state, right_eye(some).state) == (state, state, state)
        assert not eyes(some).why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"frame_width": 30.0}, "too small"),
        ({"right": None, "left": None}, "too small"),
        ({"yaw": 60.0}, "profile"),
        ({"yaw": -60.0}, "profile"),
        ({"presence": 0.1}, "profile or covered"),
        ({"right": eye(SHUT, luma=0.02), "left": eye(SHUT, luma=0.02), "luma": 0.6}, "sunglasses"),
        ({"right": eye(SHUT, luma=0.01), "left": eye(SHUT, luma=0.01), "luma": 0.03}, "too dark"),
        ({"right": eye(SHUT, detail=-5.0), "left": eye(SHUT, detail=-5.0)}, "blurred"),
        ({"looking_down": 0.05}, "narrowed"),
    ],
)
def test_where_it_cannot_be_told_it_says_why_and_costs_nothing(change: dict[str, object], why: str) -> None:
    some = face(SHUT, **change)
    assert (eyes(some).state, eyes(some).why) == ("unknown", why)
    assert left_eye(some).state == right_eye(some).state == "unknown"
    assert raw(some) is None


def test_a_wink_and_half_shut_lids_are_neither() -> None:
    wink = face(right=eye(SHUT), looking_down=0.4)
    assert (right_eye(wink).state, left_eye(wink).state) == ("closed", "open")
    assert eyes(wink).state != "closed"
    lids = [eyes(face((openness, 0.35), looking_down=0.5)).state for openness in np.linspace(0.02, 0.3, 57)]
    assert lids == sorted(lids, key=("closed", "unknown", "open").index) and set(lids) == {"closed", "unknown", "open"}


def test_the_eye_turned_away_is_not_judged() -> None:
    assert right_eye(face(yaw=-35.0)).why == "turned away" and left_eye(face(yaw=-35.0)).state == "open"
    assert left_eye(face(yaw=35.0)).why == "turned away" and right_eye(face(yaw=35.0)).state == "open"


def test_small_faces_need_more_to_be_called_closed() -> None:
    barely = (0.1, 0.35)
    states = [eyes(face(barely, frame_width=width, looking_down=0.5)).state for width in (40.0, 60.0, 100.0, 300.0)]
    assert states[0] != "closed" and states[-1] == "closed"


@pytest.mark.parametrize(("change", "why"), [({"smile": 0.8}, "smiling"), ({"pitch": 25.0}, "looking down")])
def test_a_laugh_and_a_look_down_explain_closed_eyes(change: dict[str, object], why: str) -> None:
    some = face(SHUT, **change)
    assert eyes(some).state == "closed" and excuse(some) == why and raw(some) is None


def test_the_reason_names_who() -> None:
    row = [face(x=60.0), face(SHUT, x=260.0), face(x=460.0), face(SHUT, x=660.0)]
    reading = CHECK(evidence(*row))
    assert reading is not None and reading.raw > 0
    assert reading.note == "persons 2 and 4 of 4 from the left"
    assert CHECK(evidence(*row[:3])).note == "person 2 of 3 from the left"  # type: ignore[union-attr]
    assert CHECK(evidence(face(SHUT))).note == ""  # type: ignore[union-attr]
    assert CHECK(evidence(face())).note == "" and raw(face()) < 0  # type: ignore[union-attr, operator]


def test_bystanders_do_not_count() -> None:
    from keepers.pipeline.people import prominent

    couple = [face(x=300.0, width=150.0), face(x=600.0, width=150.0)]
    child = face(SHUT, x=20.0, width=50.0)
    some = prominent([child, *couple], 1000, 800)
    assert raw(*some) == raw(*some[1:]) and len(people(some, 1000)) == 2
    assert people([face(width=15.0)], 1000) == ()


def test_the_worst_of_those_who_count_decides() -> None:
    assert raw(face(), face(SHUT)) == raw(face(SHUT)) > 0 > raw(face())  # type: ignore[operator]


def test_nobody_is_no_fact() -> None:
    assert raw() is None


def test_sharpness_is_that_of_the_better_eye() -> None:
    assert sharpness(face(right=eye(sharpness=-3.0), left=eye(sharpness=-1.0))) == 0.5
    assert sharpness(face(right=eye(sharpness=None), left=eye(sharpness=None))) is None
    assert sharpness(face(right=None, left=None)) is None


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({}, "neutral"),
        ({"smile": 0.6}, "smile"),
        ({"mouth_open": 0.5, "brows_up": 0.6}, "surprise"),
        ({"mouth_open": 0.3}, "talking"),
        ({"grimace": 0.7}, "grimace"),
        ({"presence": 0.1, "smile": 0.9}, None),
    ],
)
def test_expressions_have_names(change: dict[str, object], name: str | None) -> None:
    assert expression(face(**change)) == name
