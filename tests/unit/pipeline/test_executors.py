import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import fake_scorers as fake
import pytest

from keepers.errors import KeepersError, ModelError
from keepers.pipeline import executors
from keepers.pipeline.executors import ENGINES, child


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.environ.get("PYTHONPATH")
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([here, known] if known else [here]))


def words(reports) -> list[str]:
    return [report.error for report in reports]


@pytest.mark.parametrize("engine", ENGINES)
class TestEveryEngine:
    def test_answers_in_the_order_of_the_sources(self, engine: str) -> None:
        names = ["slow1", *(f"p{i}" for i in range(executors.CHUNK * 3)), "slow2", "last"]
        reports = ENGINES[engine](map(fake.source, (f"{n}.jpg" for n in names)), fake.build, threads=3)
        assert words(reports) == [f"scored {n}" for n in names]

    def test_nothing_in_nothing_out(self, engine: str) -> None:
        assert list(ENGINES[engine]([], fake.build)) == []

    def test_says_what_the_builder_says(self, engine: str) -> None:
        with pytest.raises(ModelError, match="install keepers again"):
            list(ENGINES[engine]([fake.source("a.jpg")], fake.build_broken))


def test_no_process_is_started_for_no_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "Child", None)
    assert list(child([], fake.build)) == []


@pytest.mark.parametrize("end", ["segfault", "exit", "hungry"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_file_that_kills_the_process_costs_only_itself(end: str, threads: int) -> None:
    names = ["slow0", f"{end}1", *(f"p{i}" for i in range(20)), f"{end}2"]
    reports = child(map(fake.source, (f"{n}.jpg" for n in names)), fake.build, threads=threads)
    told = dict(zip(names, words(reports), strict=True))
    assert all("crashes its decoder" in told[n] and f"{n}.jpg" in told[n] for n in (f"{end}1", f"{end}2"))
    assert all(told[n] == f"scored {n}" for n in names if not n.startswith(end))


def test_a_file_that_hangs_is_given_up(tmp_path: Path) -> None:
    log = tmp_path / "log"
    names = ["a", "hang1", "b", "c"]
    sources = [fake.source(f"{n}.jpg") for n in names]
    told = words(child(sources, partial(fake.build, log), threads=2, timeout_s=1.0))
    assert told == [
        "scored a",
        "hang1.jpg took longer than 1 seconds and was skipped.",
        "scored b",
        "scored c",
    ]
    assert log.read_text().split().count("hang1") == 1


@pytest.mark.parametrize("build", [fake.build_dying, fake.build_defective])
def test_a_process_that_cannot_start_is_an_error(build) -> None:
    with pytest.raises(KeepersError, match="could not start"):
        list(child([fake.source("a.jpg")], build))


def test_closing_early_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    real = executors.Child

    def spy(*args):
        started.append(real(*args))
        return started[-1]

    monkeypatch.setattr(executors, "Child", spy)
    reports = child(map(fake.source, ["a.jpg", "hang.jpg"]), fake.build)
    assert next(reports).error == "scored a"
    reports.close()
    assert started[0]._process.poll() is not None


def test_only_a_window_of_sources_is_under_way() -> None:
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield fake.source(f"p{taken}.jpg")

    reports = child(endless(), fake.build)
    next(reports)
    reports.close()
    assert taken <= 4 * executors.CHUNK


def test_the_child_leaves_when_its_parent_dies(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, fake_scorers as fake\n"
        "from keepers.pipeline import executors\n"
        "reports = executors.child(map(fake.source, ['a.jpg', 'hang.jpg']), fake.build)\n"
        "next(reports)\n"
        "frame = reports.gi_frame.f_locals['driver']\n"
        "print(frame._child._process.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    src = str(Path(executors.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([src, os.environ["PYTHONPATH"]])}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert _gone(int(done.stdout))


def test_a_script_without_a_main_guard_does_not_start_itself_again(tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text(
        "print('once')\n"
        "import fake_scorers as fake\n"
        "from keepers.pipeline import executors\n"
        "print(len(list(executors.child(map(fake.source, ['a.jpg', 'b.jpg']), fake.build))))\n"
    )
    src = str(Path(executors.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([src, os.environ["PYTHONPATH"]])}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["once", "2"], done.stderr


def _gone(pid: int) -> bool:
    """Whether a process that is not our child ends within 5 seconds (a zombie has ended)."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("this platform has no /proc to look at other processes")
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(50):
        if not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.1)
    return False
