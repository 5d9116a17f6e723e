"""Plots and the sheet of mistakes: that they are drawn where there is something, and what is called a mistake."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from findings_makers import answer, verdict

from keepers.evaluate import mistakes, plots, report
from keepers.evaluate.findings import find
from keepers.image import canvas


@pytest.fixture
def some() -> list:
    kinds = [("good", verdict()), ("blurred", verdict("blurred")), ("camera_shake", verdict("blurred"))]
    return [answer(*kind) for kind in kinds * 3]


def test_every_figure_is_drawn_and_shows_something(some, tmp_path: Path) -> None:
    target = report.write([find("a set/with: signs", some, "n")], tmp_path)
    text = target.read_text()
    for name in report.FIGURES:
        (path,) = tmp_path.glob(f"*/{name}.png")
        drawn = cv2.imread(str(path))
        assert drawn.std() > 5 and f"({path.parent.name}/{name}.png)" in text


def test_what_cannot_be_asked_is_not_drawn(tmp_path: Path) -> None:
    found = find("set", [answer("good", verdict())], "n")
    assert plots.roc(found) is None and plots.reliability(found) is None and mistakes.sheet(found) is None
    assert "roc.png" not in report.write([found], tmp_path).read_text()


def test_an_older_figure_does_not_stay_in_a_newer_report(some, tmp_path: Path) -> None:
    report.write([find("set", some, "n")], tmp_path)
    report.write([find("set", [answer("good", verdict())], "n")], tmp_path)
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["confusion.png"]


def test_the_worst_mistake_is_a_good_photo_to_be_deleted() -> None:
    found = find(
        "set",
        [
            answer("good", verdict()),
            answer("good", verdict("blurred", 0.6)),
            answer("camera_shake", verdict("blurred")),
            answer("blurred", verdict()),
            answer("good", verdict("blurred", 0.9, "delete")),
            answer("good", verdict("blurred", 0.95, "delete")),
        ],
        "n",
    )
    made = mistakes.mistakes(found)
    assert [one.what for one in made] == [
        "good, and to be deleted", "good, and to be deleted", "flawed, and kept", "good, and doubted",
        "another flaw was named",
    ]  # fmt: skip
    assert made[0].answer.verdict.flaws["blurred"] == 0.95


def test_shake_is_no_mistake_where_people_call_all_of_it_blur() -> None:
    assert not mistakes.mistakes(find("set", [answer("blurred", verdict("camera_shake"))], "n"))


def test_a_score_far_from_peoples_is_a_mistake() -> None:
    some = [answer("", verdict("blurred", p), score=s) for p, s in [(0.1, 0.9), (0.2, 0.8), (0.3, 0.7), (0.9, 0.95)]]
    (worst, *_) = mistakes.mistakes(find("set", some, "n"))
    assert worst.what == "ranked below people's score" and worst.answer is some[3]


def test_text_stays_within_its_width() -> None:
    words = "Even the sharpest parts lack fine detail (sharpest: upper left); Donaudampfschifffahrtsgesellschaft"
    for width in (40, 90, 200):
        lines = canvas.wrapped(words, width, 12)
        assert all(canvas.text_width(line, 12) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == words.replace(" ", "")
        short = canvas.wrapped(words, width, 12, most=2)
        assert len(short) == 2 and short[-1].endswith("...") and canvas.text_width(short[-1], 12) <= width


def test_a_dashed_line_has_gaps_and_its_right_length() -> None:
    drawn = []
    for dash in ((), (6, 6)):
        board = canvas.Canvas(120, 20)
        board.line([(10, 10), (60, 10), (110, 10)], canvas.BLACK, 2, dash)
        drawn.append(int((board.rgb()[10, :, 0] < 128).sum()))
    assert drawn[0] == pytest.approx(100, abs=3) and drawn[1] == pytest.approx(50, abs=8)


def test_what_is_drawn_lies_where_it_was_asked_for() -> None:
    board = canvas.Canvas(60, 40)
    board.rectangle((10, 5, 30, 25), canvas.BLACK)
    rows, columns = np.nonzero(board.rgb()[..., 0] < 128)
    assert (columns.min(), rows.min()) == (10, 5) and columns.max() in (29, 30) and rows.max() in (24, 25)
