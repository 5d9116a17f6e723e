"""What is promised of a review, whatever a person does in whatever order."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_group_promises import opinion, shoots
from test_taste_promises import facts_of, tastes

from keepers.app.review.listing import photo_id
from keepers.app.review.table import Table
from keepers.catalog.marks import COLOURS, NO_MARK, Mark
from keepers.errors import NothingToDo
from keepers.pipeline.fill import fill, target
from keepers.pipeline.members import together
from keepers.pipeline.policy import Policy
from keepers.pipeline.taste import Taste
from keepers.pipeline.taste_use import apply
from keepers.types import VERDICTS, Json, Opinion, Report, VerdictName
from review_world import NAMES, PictureWorld, opened, picture_world

FOLDER = Path("/shoot")


@dataclass(frozen=True)
class Judge:
    """What the table needs of a run, over opinions that were drawn."""

    opinions: Mapping[Path, Opinion]
    taste: Taste | None = None

    def alone(self, reports: list[Report], policy: Policy) -> list[Opinion]:
        return [self.opinions[report.source.path] for report in reports]

    def people(self, reports: list[Report]) -> list[None]:
        return [None] * len(reports)


def table_of(
    opinions: list[Opinion],
    choices: Mapping[str, VerdictName],
    keep: str | None,
    taste: Taste | None = None,
) -> Table:
    judge = Judge({opinion.path: opinion for opinion in opinions}, taste)
    reports = [opinion.report for opinion in opinions]
    return Table.of(judge, reports, FOLDER, choices=choices, marks={}, policy=Policy(keep=keep))


@st.composite
def liked(draw: st.DrawFn) -> tuple[list[Opinion], dict[str, VerdictName]]:
    """Photos on their own and in groups, enough of them for a taste."""
    opinions, choices = draw(shoots())
    return [*opinions, *(opinion(report, "keep", 0.1, n / 10) for n, report in enumerate(facts_of(2)[:9]))], choices


@settings(max_examples=30, deadline=None)
@given(shoots() | liked(), st.sampled_from([None, "2", "40%"]), st.none() | tastes(), st.data())
def test_following_a_choice_through_its_group_is_judging_everything_anew(
    made: tuple[list[Opinion], dict[str, VerdictName]], keep: str | None, taste: Taste | None, data: st.DataObject
) -> None:
    opinions, choices = made
    table = table_of(opinions, choices, keep, taste)
    ids = sorted({photo_id(opinion.report) for opinion in opinions})
    for _ in range(data.draw(st.integers(1, 4))):
        some = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True))
        verdict = data.draw(st.sampled_from([*VERDICTS, None]))
        before, groups = dict(table.rows), dict(table.groups)
        touched = table.decide(dict.fromkeys(some, verdict))
        choices = {**choices, **dict.fromkeys(some, verdict)}
        choices = {photo: word for photo, word in choices.items() if word is not None}
        everything = together(opinions, choices, [None] * len(opinions)) if len(opinions) > 1 else opinions
        everything = apply(everything, taste, choices) if taste else everything
        everything = fill(everything, target(keep), choices) if keep else everything
        assert [one.verdict for one in table.machine] == [one.verdict for one in everything]
        anew = table_of(opinions, choices, keep, taste)
        assert (table.rows, table.groups, table.counts()) == (anew.rows, anew.groups, anew.counts())
        # Whoever only hears of what was touched knows everything.
        assert {**before, **{photo: table.rows[photo] for photo in touched.photos}} == table.rows
        assert {**groups, **{number: table.groups[number] for number in touched.groups}} == table.groups


acts = st.one_of(
    st.tuples(
        st.just("choose"),
        st.lists(st.integers(0, 3), min_size=1, max_size=3),
        st.sampled_from([*VERDICTS, None]),
    ),
    st.tuples(
        st.just("mark"),
        st.lists(st.integers(0, 3), min_size=1, max_size=3),
        st.tuples(st.none() | st.integers(0, 5), st.none() | st.sampled_from(COLOURS)),
    ),
    st.tuples(st.just("accept"), st.lists(st.integers(0, 3), max_size=4), st.none()),
    st.tuples(st.just("undo"), st.just([]), st.none()),
    st.tuples(st.just("redo"), st.just([]), st.none()),
)
State = dict[str, tuple[VerdictName | None, Mark]]


class Model:
    """A list of states, and where in it we are."""

    def __init__(self, machine: Mapping[str, VerdictName]) -> None:
        self.machine = machine
        self.states: list[State] = [dict.fromkeys(machine, (None, NO_MARK))]
        self.at = 0

    def do(self, act: str, photos: list[str], value: object) -> None:
        state = dict(self.states[self.at])
        for photo in photos:
            choice, mark = state[photo]
            if act == "choose":
                choice = value
            elif act == "accept":
                choice = choice or self.machine[photo]
            else:
                stars, colour = value
                mark = Mark(mark.stars if stars is None else stars, mark.colour if colour is None else colour)
            state[photo] = (choice, mark)
        if state != self.states[self.at]:  # what changes nothing is no step
            self.states[self.at + 1 :] = [state]
            self.at += 1

    def move(self, by: int) -> bool:
        if not 0 <= self.at + by < len(self.states):
            return False
        self.at += by
        return True


@pytest.fixture(scope="module")
def world() -> PictureWorld:
    with tempfile.TemporaryDirectory() as root, picture_world(Path(root)) as here:
        here.take(*NAMES)
        yield here


@settings(max_examples=12, deadline=None)
@given(st.lists(acts, max_size=12))
def test_whatever_is_done_undone_and_redone_is_on_the_disk(
    world: PictureWorld, done: list[tuple[str, list[int], object]]
) -> None:
    world.catalog = world.catalog.with_name(f"{id(done)}-{len(list(world.catalog.parent.glob('*')))}.db")
    desk = world.desk()
    shoot = opened(desk, world.shoot)
    rows = [row for row in shoot.rows() if row["error"] is None]
    model = Model({row["id"]: row["machine"] for row in rows})
    heard = {row["id"]: row for row in shoot.rows()}  # by a second tab
    listener = desk.listen(shoot)
    for act, places, value in done:
        photos = [rows[place]["id"] for place in places]
        version = shoot.version
        if act in ("undo", "redo"):
            if model.move(-1 if act == "undo" else 1):
                shoot.undo() if act == "undo" else shoot.redo()
            else:
                with pytest.raises(NothingToDo):
                    shoot.undo() if act == "undo" else shoot.redo()
        else:
            model.do(act, photos, value)
            verb = {"choose": shoot.choose, "accept": shoot.accept, "mark": shoot.mark}[act]
            args = {"choose": (value,), "accept": (), "mark": value}[act]
            verb(photos, *args)
        assert shoot.version in (version, version + 1)
        assert said(shoot.to_json()["photos"], model) == model.states[model.at]
    desk.leave(listener)
    listener.end()
    for event in drained(listener):
        heard |= {row["id"]: row for row in event["photos"]}
    assert list(heard.values()) == shoot.rows()
    desk.close()
    again = world.desk()
    assert said(opened(again, world.shoot).rows(), model) == model.states[model.at]
    again.close()


def said(rows: list[Json], model: Model) -> State:
    return {r["id"]: (r["choice"], Mark(r["stars"], r["colour"])) for r in rows if r["id"] in model.machine}


def drained(listener) -> list[Json]:
    events = []
    while not listener._events.empty():
        event = listener._events.get()
        if event is not None and event[0] == "change":
            events.append(event[1])
    return events
