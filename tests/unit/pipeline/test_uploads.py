"""Uploads are scored in processes that may die; the server in front of them may not."""

import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import fake_scorers as fake
import pytest

from keepers.errors import KeepersError, ModelError
from keepers.pipeline import uploads
from keepers.pipeline.score import Network, build_scorer
from keepers.pipeline.uploads import Uploads


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.environ.get("PYTHONPATH")
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, known] if known else [here]))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[uploads.Child]:
    """Every process that was started."""
    children: list[uploads.Child] = []
    real = uploads.Child

    def spy(build, threads):
        children.append(real(build, threads))
        return children[-1]

    monkeypatch.setattr(uploads, "Child", spy)
    return children


@pytest.fixture
def pool(started: list[uploads.Child]) -> Iterator[Uploads]:
    some = Uploads(fake.build, 2)
    yield some
    some.close()
    assert all(child._process.poll() is not None for child in started)


def test_one_process_serves_one_upload_after_another(pool: Uploads, started: list[uploads.Child]) -> None:
    assert [pool.score(f"{n}.jpg", b"x").error for n in "abc"] == ["scored a", "scored b", "scored c"]
    assert len(started) == 1


@pytest.mark.parametrize("end", ["segfault", "exit"])
def test_an_upload_that_kills_its_process_costs_only_itself(pool: Uploads, end: str) -> None:
    told = pool.score(f"{end}.jpg", b"x")
    assert told.error == f"{end}.jpg is damaged in a way that crashes its decoder; it was skipped."
    assert told.photo is None and not told.passing
    assert pool.score("next.jpg", b"x").error == "scored next"


def test_a_process_that_died_in_between_is_no_uploads_fault(pool: Uploads, started: list[uploads.Child]) -> None:
    pool.score("a.jpg", b"x")
    started[0]._process.kill()
    assert pool.score("b.jpg", b"x").error == "scored b"


def test_an_upload_that_hangs_is_given_up(started: list[uploads.Child]) -> None:
    pool = Uploads(fake.build, 1, timeout_s=1.0)
    told = pool.score("hang.jpg", b"x")
    assert told.passing and told.error == "hang.jpg took longer than 1 seconds and was skipped."
    assert started[0]._process.poll() is not None
    pool.close()


def test_uploads_do_not_wait_for_one_another(pool: Uploads) -> None:
    answers: list[str | None] = []

    def ask(name: str) -> None:
        answers.append(pool.score(name, b"x").error)

    asking = [threading.Thread(target=ask, args=(f"{name}.jpg",)) for name in ("slow1", "segfault", "slow2", "a")]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert {"scored slow1", "scored slow2", "scored a"} < set(answers) and len(answers) == 4


def test_what_the_builder_says_is_raised_each_time() -> None:
    pool = Uploads(fake.build_broken, 1)
    for _ in range(2):
        with pytest.raises(ModelError, match="install keepers again"):
            pool.score("a.jpg", b"x")
    with pytest.raises(KeepersError, match="could not start"):
        Uploads(fake.build_dying, 1).score("a.jpg", b"x")


def test_an_interrupted_question_is_not_answered_to_the_next(pool: Uploads, monkeypatch) -> None:
    pool.score("a.jpg", b"x")
    with monkeypatch.context() as patch:
        patch.setattr(pool, "_ask", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            pool.score("b.jpg", b"x")
    assert pool.score("c.jpg", b"x").error == "scored c"


def _interrupt(child: uploads.Child, upload: uploads.Upload) -> None:
    child.send(uploads.Task(0, upload))
    raise KeyboardInterrupt


def test_the_report_of_an_upload_does_not_carry_its_bytes_back() -> None:
    pool = Uploads(partial(build_scorer, Network("none")), 1)
    report = pool.score("letter.jpg", b"Dear photographer")
    pool.close()
    assert type(report.source) is uploads.Source and "letter.jpg is not a photo" in (report.error or "")
