"""From labels and verdicts to figures, tables and JSON."""

import json
import math

import pytest
from findings_makers import answer, verdict

from keepers.evaluate import report, tables
from keepers.evaluate.findings import OURS, find
from keepers.evaluate.questions import questions
from keepers.evaluate.vocabulary import understand
from keepers.types import Measurement


def result(found, name: str, system: str = OURS):
    (one,) = [q for q in found.questions if q.question.name == name]
    return next(r for r in one.results if r.system == system)


def test_a_perfect_program_scores_perfectly() -> None:
    some = [answer(*pair) for pair in [("good", verdict()), ("blurred", verdict("blurred"))] * 5]
    found = find("set", some, "n")
    own = result(found, "unsharp")
    assert own.auc.value == own.accuracy.value == own.best == 1
    assert (own.found.count, own.false_alarms.count) == (5, 0)
    assert found.lost[OURS].count == 0 and found.lost[OURS].total == 5


def test_a_good_photo_to_be_deleted_is_the_first_figure() -> None:
    some = [answer("good", verdict("blurred", pile="delete")), answer("good", verdict()), answer("blurred", verdict())]
    found = find("set", some, "n")
    assert found.lost[OURS].count == 1 and found.lost[OURS].total == 2
    text = report.markdown([found], {})
    assert text.index("1 of 2") < text.index("### By label") and "Good photos lost" in text


def test_blur_of_any_kind_counts_where_people_did_not_tell_kinds_apart() -> None:
    names = [q.name for q in questions([understand("good"), understand("blurred")])]
    assert names == ["any", "unsharp"]
    names = [q.name for q in questions([understand("good"), understand("blurred"), understand("camera_shake")])]
    assert names == ["any", "unsharp", "blurred", "camera_shake", "shake_or_defocus"]
    shaken = find("set", [answer("good", verdict()), answer("blurred", verdict("camera_shake"))], "n")
    assert result(shaken, "unsharp").found.count == 1


def test_a_question_needs_both_kinds_of_photo() -> None:
    assert questions([understand("good")]) == [] == questions([understand("noisy")])
    found = find("set", [answer("good", verdict())], "n")
    assert tables.questions(found) == "" and "By question" not in report.markdown([found], {})


def test_telling_two_kinds_apart_does_not_depend_on_how_sure_keepers_is_of_either() -> None:
    faint = [answer("camera_shake", verdict("camera_shake", p)) for p in (0.1, 0.3, 0.9)]
    faint += [answer("blurred", verdict("blurred", p)) for p in (0.1, 0.3, 0.9)]
    assert result(find("set", faint, "n"), "shake_or_defocus").accuracy.value == 1


def test_unreadable_photos_and_unknown_labels_count_nowhere_but_are_told() -> None:
    some = [answer("good", verdict()), answer("blurred", verdict("blurred")), answer("good", None)]
    some.append(answer("haunted", verdict("underexposed", pile="delete")))
    found = find("set", some, "n", unknown={"haunted": 1})
    assert found.lost[OURS].total == 1 and result(found, "unsharp").false_alarms.total == 1
    said = report.summary(found)
    assert "1 could not be read" in said and "it is damaged" in said and "haunted (1)" in said and "--map" in said
    assert [row.photos for row in found.rows if row.label == "haunted"] == [1]


def test_cannot_tell_is_counted_and_finds_nothing() -> None:
    some = [answer("good", verdict()), answer("blurred", verdict(blind=True)), answer("blurred", verdict("blurred"))]
    found = find("set", some, "n")
    assert {row.label: row.cannot_tell for row in found.rows} == {"blurred": 1, "good": 0}
    assert result(found, "unsharp").found.count == 1


def test_another_network_and_the_baseline_stand_beside() -> None:
    sharp = (Measurement("baseline_laplacian", "1", 50.0),)
    some = [answer("good", verdict(), beside={"old": verdict("blurred", pile="delete")}, facts=sharp) for _ in range(3)]
    some += [answer("blurred", verdict("blurred"), beside={"old": verdict("blurred")}) for _ in range(3)]
    found = find("set", some, "new")
    assert found.lost["old"].count == 3 and found.lost[OURS].count == 0
    assert result(found, "unsharp", "old").accuracy.value == 0.5
    plain = result(found, "unsharp", "Laplacian variance")
    assert plain.auc.value == 1 and plain.accuracy is None


def test_ranks_of_people_and_of_exposure() -> None:
    some = []
    for exposure, p in enumerate([0.9, 0.6, 0.3, 0.1]):
        grey = (Measurement("baseline_brightness", "1", exposure),)
        some.append(answer("", verdict("blurred", p), "scene", score=1 - p, exposure=exposure, facts=grey))
    found = find("set", some, "n")
    by_name = {(one.what, one.system): one for one in found.ranked}
    assert by_name["score", OURS].overall.value == pytest.approx(1)
    assert by_name["exposure", "mean brightness"].within.value == pytest.approx(1)
    assert by_name["exposure", OURS].within.value == 0, "all photos alike are not ordered"


def test_the_json_holds_no_nan_and_every_answer() -> None:
    found = find("set", [answer("good", verdict()), answer("blurred", verdict("blurred")), answer("good", None)], "n")
    made = json.loads(json.dumps(report.to_json([found]), allow_nan=False))
    (one,) = made["datasets"]
    assert made["schema"] == "keepers.evaluate/1" and len(one["answers"]) == 3
    assert one["answers"][2]["error"] and one["answers"][2]["verdict"] is None
    assert one["questions"][1]["systems"][0]["auc"]["value"] == 1


@pytest.mark.parametrize(
    ("value", "text"), [(0.9371, ".937"), (1.0, "1.000"), (-0.12, "-.120"), (0.0, ".000"), (math.nan, "·")]
)
def test_figures_are_written_without_a_leading_zero(value: float, text: str) -> None:
    assert tables.figure(value) == text


def test_a_bar_in_a_label_does_not_break_a_table() -> None:
    assert tables.table(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"
