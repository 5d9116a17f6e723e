"""The verb `audit`: a blind sample, its answers, what they say, and the promise that comes to rest on them."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app_world import World, build_world
from keepers import app, cli
from keepers.app.auditing import measured
from keepers.catalog.audits import Audit, Drawn
from keepers.catalog.db import Catalog
from keepers.cli import audit as command
from keepers.errors import NotFound, NothingToDo, UserError
from keepers.types import VerdictName


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """30 photos of which 12 are To be Deleted."""
    here = build_world(tmp_path, monkeypatch)
    here.add(*(f"fine{n:02}.jpg" for n in range(18)), *(f"soft{n:02}.jpg" for n in range(12)), "bad.jpg")
    here.cull()
    return here


def verdicts(world: World) -> dict[str, VerdictName]:
    return {o.path.name: o.verdict.verdict for o in app.list_photos(world.shoot) if o.verdict}


def test_half_is_drawn_from_all_and_it_is_blind(world: World) -> None:
    sample = app.audit_sample(world.shoot, size=16, seed=3)
    assert len(sample.asked) == 16 == len({one.photo for one in sample.asked})
    assert sum(one.part == "all" for one in sample.asked) == 8
    gone = [one.deleted for one in sample.asked]
    assert sample.deleted == sum(gone) >= 8 and not all(gone)
    # Those To be Deleted do not come first or last.
    assert gone != sorted(gone) and gone != sorted(gone, reverse=True)
    assert [one.path for one in app.audit_sample(world.shoot, size=16, seed=3).asked] == [
        one.path for one in sample.asked
    ]


def test_a_sample_that_is_too_large_takes_what_there_is(world: World) -> None:
    sample = app.audit_sample(world.shoot, size=500, seed=1)
    assert {one.path.name for one in sample.asked} == set(verdicts(world))


def test_answers_are_choices_and_can_be_taken_back(world: World) -> None:
    before = verdicts(world)
    sample = app.audit_sample(world.shoot, size=12, seed=1)
    app.audit_answer(sample.number, {one.photo: "keep" for one in sample.asked})
    assert all(verdicts(world)[one.path.name] == "keep" for one in sample.asked)
    later = sample.asked[0]
    app.choose([later.path], "delete")
    assert app.audit_undo(app.last_audit(world.shoot)) == 11
    assert verdicts(world) == {**before, later.path.name: "delete"}
    assert app.audit_result(sample.number).answered == 0


def test_what_was_decided_before_is_not_asked_and_counts(world: World) -> None:
    app.choose([world.shoot / "soft00.jpg"], "keep")
    sample = app.audit_sample(world.shoot, size=60, seed=1)
    assert "soft00.jpg" not in {one.path.name for one in sample.asked}
    with Catalog(world.catalog) as store:
        drawn = {one.path.name: one for one in store.audit(sample.number).drawn}
    one = drawn["soft00.jpg"]
    assert (one.asked, one.answer, one.deleted) == (False, "keep", False)


def test_the_result_says_what_the_pile_would_lose(world: World) -> None:
    sample = app.audit_sample(world.shoot, size=60, seed=2)
    keeps = [one for one in sample.asked if one.deleted][:3]
    given: dict[str, VerdictName] = {one.photo: "delete" if one.deleted else "keep" for one in sample.asked}
    app.audit_answer(sample.number, {**given, **{one.photo: "keep" for one in keeps}})
    result = app.audit_result(sample.number)
    assert (result.deleted, result.checked, len(result.wrong)) == (12, 12, 3)
    # The whole pile was looked at, so that nothing is left to chance.
    assert result.rate.low == result.rate.value == result.rate.high == 0.25
    assert result.lost.value == 3 and result.false_rejects is not None
    assert result.false_rejects.value == pytest.approx(3 / 21)


def drawn(count: int, answer: VerdictName | None, deleted: bool = True) -> list[Drawn]:
    return [Drawn(f"{answer}{deleted}{n}", Path("/a"), "all", deleted, True, answer) for n in range(count)]


def test_the_interval_knows_what_was_found_and_narrows_with_the_sample() -> None:
    small = measured(Audit(1, Path("/"), 1000, 100, (*drawn(1, "keep"), *drawn(9, "delete"))))
    large = measured(Audit(1, Path("/"), 1000, 100, (*drawn(5, "keep"), *drawn(45, "delete"))))
    assert small.rate.value == large.rate.value == 0.1
    assert small.rate.low < large.rate.low < 0.1 < large.rate.high < small.rate.high
    assert large.lost.low >= 5 and large.lost.high <= 100 - 45
    assert small.false_rejects is None
    more = measured(Audit(1, Path("/"), 1000, 100, (*drawn(1, "keep"), *drawn(9, "delete"), *drawn(4, "keep", False))))
    assert more.false_rejects is not None and more.false_rejects.value == pytest.approx(10 / 910)


def test_nothing_answered_says_nothing() -> None:
    none = measured(Audit(1, Path("/"), 10, 5, tuple(drawn(3, None))))
    assert math.isnan(none.rate.value) and none.checked == 0
    assert "nothing can be said" in " ".join(command.sentences(none))


def test_what_cannot_be_audited_says_why(world: World, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least 1"):
        app.audit_sample(world.shoot, size=0)
    with pytest.raises(NotFound, match="keepers audit"):
        app.last_audit(world.shoot)
    with pytest.raises(NotFound, match="99"):
        app.audit_result(99)
    sample = app.audit_sample(world.shoot, size=4, seed=1)
    with pytest.raises(NotFound, match="did not ask"):
        app.audit_answer(sample.number, {"nobody": "keep", sample.asked[0].photo: "keep"})
    assert app.audit_result(sample.number).answered == 0
    app.choose([world.shoot / f"soft{n:02}.jpg" for n in range(12)], "delete")
    with pytest.raises(NothingToDo, match="nothing to audit"):
        app.audit_sample(world.shoot)


class Queued(command.Interview):
    """A person whose keys are known beforehand."""

    def __init__(self, keys: Iterator[str]) -> None:
        super().__init__()
        self.keys, self.seen = keys, list[str]()

    def ask(self, number: int, of: int, path: Path) -> str:
        self.seen.append(path.name)
        return next(self.keys)


def test_the_interview_goes_on_back_and_ends(world: World) -> None:
    sample = app.audit_sample(world.shoot, size=6, seed=1)
    person = Queued(iter(["k", "?", "d", "u", "m", "s", "K", "q"]))
    a, b, c, d, e, _ = (one.path.name for one in sample.asked)
    answers = person.answers(sample)
    assert person.seen == [a, b, b, c, b, c, d, e]
    ids = [one.photo for one in sample.asked]
    assert answers == {ids[0]: "keep", ids[1]: "maybe", ids[3]: "keep"}


def run(*arguments: str):
    return CliRunner().invoke(cli.build(), ["audit", *arguments])


def test_a_list_goes_out_and_comes_back(world: World, tmp_path: Path) -> None:
    out = tmp_path / "sample.csv"
    assert run(str(world.shoot), "--size", "10", "--seed", "1", "--out", str(out)).exit_code == 0
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 11 and "delete" not in out.read_text(encoding="utf-8").casefold()
    answered = [lines[0], *(line.replace(",,", ",k," if n % 2 else ",D,", 1) for n, line in enumerate(lines[1:]))]
    out.write_text("\n".join(answered), encoding="utf-8")
    done = run(str(world.shoot), "--answers", str(out))
    assert done.exit_code == 0 and "10 of 10 photos judged" in done.output and "95 %" in done.output
    assert list(verdicts(world).values()).count("keep") > 0
    assert "10 photos" in run(str(world.shoot), "--undo").output
    assert run(str(world.shoot), "--out", str(out)).exit_code == 2  # never over answers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("number,answer\n1,k\n", "no list of an audit"),
        ("number,answer,photo,id,audit\n1,x,/a,b,1\n", "line 2"),
        ("number,answer,photo,id,audit\n1,k,/a,b,1\n2,k,/a,c,2\n", "several audits"),
        ("", "no list of an audit"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(world: World, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "own.csv"
    file.write_text(text, encoding="utf-8")
    done = run(str(world.shoot), "--answers", str(file))
    assert done.exit_code == 2 and told in done.output


def test_without_a_terminal_it_says_what_to_do(world: World) -> None:
    done = run(str(world.shoot))
    assert done.exit_code == 2 and "--out" in done.output
    assert run(str(world.shoot), "--undo", "--out", "x").exit_code == 2


class TestOwnPhotos:
    """Which of a person's choices are a fair sample."""

    def test_choices_here_and_there_are_none(self, world: World) -> None:
        app.choose([world.shoot / f"fine{n:02}.jpg" for n in range(10)], "keep")
        with Catalog(world.catalog) as store:
            assert store.good_photos() == []

    def test_a_shoot_that_is_decided_whole_is_one(self, world: World) -> None:
        app.choose([world.shoot / f"fine{n:02}.jpg" for n in range(18)], "keep")
        app.choose([world.shoot / f"soft{n:02}.jpg" for n in range(12)], "delete")
        with Catalog(world.catalog) as store:
            good = store.good_photos()
        assert len(good) == 18 and all(one.measurements for one in good)
        assert len({one.scene for one in good}) == 1  # without a time nobody knows which belong together

    def test_what_an_audit_drew_from_all_is_one(self, world: World) -> None:
        sample = app.audit_sample(world.shoot, size=16, seed=3)
        app.audit_answer(sample.number, {one.photo: "keep" for one in sample.asked})
        with Catalog(world.catalog) as store:
            good = store.good_photos()
        assert {one.photo for one in good} == {one.photo for one in sample.asked if one.part == "all"}

    def test_photos_close_in_time_are_one_scene(self, world: World) -> None:
        names = [f"fine{n:02}.jpg" for n in range(18)]
        app.choose([world.shoot / name for name in names], "keep")
        app.choose([world.shoot / f"soft{n:02}.jpg" for n in range(12)], "delete")
        start = datetime(2024, 5, 6)
        with sqlite3.connect(world.catalog) as db:
            for n, name in enumerate(sorted(names)):
                moment = (start + timedelta(seconds=30 * n + 3600 * (n // 6))).isoformat()
                photo = name.encode().hex().ljust(32, "0")[:32]
                db.execute("UPDATE photo SET captured_at = ? WHERE id = ?", (moment, photo))
        db.close()
        with Catalog(world.catalog) as store:
            assert len({one.scene for one in store.good_photos()}) == 3


class TestWishes:
    """What was asked for at a cull holds afterwards."""

    def test_they_are_remembered_until_the_next_cull(self, world: World, tmp_path: Path) -> None:
        world.cull(max_false_rejects="0.5%", strictness="strict", shoot_type="sport")
        with Catalog(world.catalog) as store:
            _, wishes = store.shoot_of(world.shoot / "inside")
        assert (wishes.max_false_rejects, wishes.strictness, wishes.shoot_type) == (0.005, 0.75, "sport")
        own = tmp_path / "own.toml"
        own.write_text('name = "own"\n[flaws]\nnoisy = "less"\n', encoding="utf-8")
        shoot = world.cull(shoot_type=str(own))
        own.unlink()
        assert shoot.policy.shoot_type.name == "own"
        assert verdicts(world)  # the file is not needed any more
        world.cull()
        with Catalog(world.catalog) as store:
            assert store.shoot_of(world.shoot)[1] == replace(wishes, max_false_rejects=0.01, strictness=0.5,
                                                             shoot_type="general")  # fmt: skip

    @pytest.mark.parametrize(
        "wrong", [{"max_false_rejects": "1"}, {"strictness": "very"}, {"shoot_type": "party"}, {"keep": "some"}]
    )
    def test_a_slip_of_the_pen_comes_out_at_once(self, world: World, wrong: dict[str, str]) -> None:
        measured_before = list(world.measured)
        with pytest.raises(UserError):
            world.cull(**wrong)
        assert world.measured == measured_before
