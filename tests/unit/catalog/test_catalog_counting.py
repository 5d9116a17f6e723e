"""What the review page asks the catalog costs the same however much is stored; told by its work, not by clocks."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepers.catalog.db import Catalog
from keepers.catalog.marks import COLOURS, Mark
from keepers.catalog.migrations import MIGRATIONS, migrate
from keepers.catalog.news import Read
from keepers.pipeline.policy import Wishes
from keepers.types import VERDICTS, Measurement, Photo, PhotoFile, Report, Source

BEFORE = next(n for n, step in enumerate(MIGRATIONS) if "CREATE TABLE chosen" in step)
SMALL = {"shoot", "wanted", "range"}
"""Tables that hold a row for a shoot, or what was asked for."""


def reports(folder: str, count: int, first: int = 0) -> list[Report]:
    made = []
    for number in range(first, first + count):
        path = Path(folder) / f"{number:06}.jpg"
        source = Source(path, (PhotoFile(path, "image", 1, 1),))
        made.append(Report(source, Photo(f"{number:032x}", source, 3, 2), (Measurement("noise", "1", 0.5),)))
    return made


def photo(number: int) -> str:
    return f"{number:032x}"


@contextmanager
def asked(store: Catalog) -> Iterator[list[str]]:
    """The statements that are executed meanwhile, with the values that were bound."""
    said: list[str] = []
    store._db.set_trace_callback(said.append)
    try:
        yield said
    finally:
        store._db.set_trace_callback(None)


def plans(store: Catalog, statement: str) -> list[str]:
    return [row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {statement}")]


@pytest.fixture(params=[40, 1200])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    """Two shoots, of which one lies in the other; everything was chosen and marked several times."""
    count = request.param
    with Catalog(tmp_path / "c.db") as made:
        made.save([*reports("/p/a", count), *reports("/p/a/best", count, count), *reports("/q", count, 2 * count)])
        for folder in ("/p/a", "/p/a/best", "/none"):
            made.note_shoot(Path(folder), Wishes())
        for verdict in VERDICTS:
            made.choose([photo(n) for n in range(3 * count)], verdict)
            made.mark((photo(n), Mark(3, "red")) for n in range(3 * count))
        made.choose([photo(n) for n in range(count // 2)], None)
        yield made


def page(store: Catalog) -> None:
    """What the page asks for with every key, and when another window has changed something."""
    read = store.last()
    store.generation()
    store.decide([(photo(7), "keep")])
    store.mark([(photo(7), Mark(5))])
    store.since(read)


def test_a_key_asks_as_much_of_many_photos_as_of_few(store: Catalog) -> None:
    with asked(store) as said:
        page(store)
    questions = [one for one in said if one.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    assert 6 <= len(questions) < 20
    for statement in questions:
        for step in plans(store, statement):
            assert not step.startswith("SCAN") or step.split()[1] in (*SMALL, "CONSTANT"), (statement, step)


def test_a_key_costs_as_much_of_many_photos_as_of_few(tmp_path: Path) -> None:
    cost = {}
    for count in (20, 2000):
        with Catalog(tmp_path / f"{count}.db") as store:
            store.save(reports("/p", count))
            store.choose([photo(n) for n in range(count)], "maybe")
            ticks = 0

            def tick() -> None:
                nonlocal ticks
                ticks += 1

            store._db.set_progress_handler(tick, 10)
            page(store)
            store._db.set_progress_handler(None, 0)
            cost[count] = ticks
    assert 0 < cost[2000] <= 2 * cost[20]


def test_the_list_of_shoots_is_one_question_that_reads_an_index_alone(store: Catalog) -> None:
    with asked(store) as said:
        store.shoots()
    (statement,) = said
    plan = plans(store, statement)
    assert [step for step in plan if "source" in step] == [
        "SEARCH source USING COVERING INDEX source_decided (path>? AND path<?) LEFT-JOIN"
    ]
    assert not any("choice" in step for step in plan)


def test_shoots_are_counted_with_what_lies_in_them(store: Catalog) -> None:
    count = len(store.stored()) // 3
    found = {str(folder): (photos, decided) for folder, photos, decided in store.shoots()}
    undecided = count // 2
    assert found == {"/none": (0, 0), "/p/a": (2 * count, 2 * count - undecided), "/p/a/best": (count, count)}
    store.save(reports("/p/a", 1))  # again, and what was decided of it stays
    store.save(reports("/p/a/best", 1, count))
    assert {str(folder): (photos, decided) for folder, photos, decided in store.shoots()} == found


words = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([*VERDICTS, None]), st.integers(0, 5), st.sampled_from(COLOURS)),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(words, words)
def test_what_counts_is_the_latest_that_was_said(tmp_path_factory: pytest.TempPathFactory, old, new) -> None:
    path = tmp_path_factory.mktemp("counting") / "c.db"
    before = sqlite3.connect(path, isolation_level=None)
    migrate(before, path, MIGRATIONS[:BEFORE])
    for number in range(4):
        before.execute("INSERT INTO photo (id, width, height, orientation) VALUES (?, 3, 2, 1)", (photo(number),))
        before.execute("INSERT INTO source VALUES (?, ?, NULL)", (f"/p/{number}.jpg", photo(number)))
    before.execute("INSERT INTO shoot (folder) VALUES ('/p')")
    for number, verdict, stars, colour in old:
        before.execute("INSERT INTO choice (photo, verdict, made_at) VALUES (?, ?, 'then')", (photo(number), verdict))
        add = "INSERT INTO mark (photo, stars, colour, made_at) VALUES (?, ?, ?, 'then')"
        before.execute(add, (photo(number), stars, colour))
    before.close()
    with Catalog(path) as store:
        read = store.last()
        for number, verdict, stars, colour in new:
            store.choose(photo(number), verdict)
            store.mark([(photo(number), Mark(stars, colour))])
        chosen = {photo(number): verdict for number, verdict, _, _ in [*old, *new]}
        marked = {photo(number): Mark(stars, colour) for number, _, stars, colour in [*old, *new]}
        assert store.choices() == {name: verdict for name, verdict in chosen.items() if verdict is not None}
        assert store.marks() == {name: mark for name, mark in marked.items() if mark != Mark()}
        assert store.shoots() == [(Path("/p"), 4, len(store.choices()))]
        # Whoever knew what was said before hears the rest, and whoever knew nothing hears everything.
        news, everything = store.since(read), store.since(Read())
        assert news.choices == {photo(number): verdict for number, verdict, _, _ in new}
        assert (everything.choices, everything.marks) == (chosen, marked)
        assert store.since(news.read) == store.since(everything.read)
        assert not store.since(news.read).choices and store.last() == news.read
