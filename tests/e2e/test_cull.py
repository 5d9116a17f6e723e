"""The whole path as a photographer walks it: the real command, a real folder, nothing faked."""

import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keepers import sample
from keepers.cli import build


def environment(catalog: Path) -> dict[str, str]:
    chosen = {name: value for name, value in os.environ.items() if not name.startswith("KEEPERS_")}
    return {**chosen, "KEEPERS_CATALOG": str(catalog)}


def keepers(catalog: Path, *arguments: object, **more) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keepers", *map(str, arguments)]
    return subprocess.run(
        command, env=environment(catalog), capture_output=True, text=True, timeout=120, check=False, **more
    )


def here(catalog: Path, *arguments: object) -> Result:
    """The command in this process, which is much faster where nothing hangs on it."""
    environment = {"KEEPERS_CATALOG": str(catalog), "KEEPERS_MODEL": None, "KEEPERS_WORKERS": None}
    done = CliRunner().invoke(build(), [*map(str, arguments)], env=environment)
    assert done.exit_code == 0, done.output
    return done


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shoot") / "a shoot"
    sample.make(folder)
    return folder


@pytest.fixture(scope="module")
def culled(shoot: Path, tmp_path_factory: pytest.TempPathFactory):
    """The sample shoot, culled once: (catalog, finished process)."""
    catalog = tmp_path_factory.mktemp("data") / "catalog.db"
    before = snapshot(shoot)
    done = keepers(catalog, "cull", shoot)
    assert done.returncode == 0, done.stderr
    assert snapshot(shoot) == before, "culling changed the folder"
    return catalog, done


def listed(catalog: Path, shoot: Path, *more: str) -> list[dict]:
    done = here(catalog, "list", shoot, "--format", "json", *more)
    return json.loads(done.stdout)


def test_the_summary_is_complete_and_stderr_is_quiet(culled) -> None:
    catalog, done = culled
    for said in (
        "24 photos",
        "24 measured",
        "Must Haves",
        "Maybes",
        "To be Deleted",
        str(catalog),
        "keepers list",
    ):
        assert said in done.stdout
    assert done.stderr == ""


def test_the_second_run_measures_nothing_and_says_the_same(culled, shoot: Path) -> None:
    catalog, first = culled
    began = time.perf_counter()
    second = keepers(catalog, "cull", shoot)
    assert "0 measured" in second.stdout and "24 known already" in second.stdout
    assert time.perf_counter() - began < 10  # well under 1 s on a quiet machine; no process is started
    assert second.stdout.split("\n\n")[1:] == first.stdout.split("\n\n")[1:]


def test_flawed_photos_score_less_than_their_originals(culled, shoot: Path) -> None:
    catalog, _ = culled
    with (shoot / sample.LABELS_FILE).open(newline="", encoding="utf-8") as rows:
        label = {row["file"]: row["label"] for row in csv.DictReader(rows)}
    scores: dict[bool, list[float]] = {True: [], False: []}
    for one in listed(catalog, shoot):
        scores[label[Path(one["path"]).name] == "original"].append(one["score"])
    good, bad = (sum(some) / len(some) for some in (scores[True], scores[False]))
    assert good > bad + 0.1


def test_no_original_of_the_sample_shoot_is_to_be_deleted(culled, shoot: Path) -> None:
    catalog, _ = culled
    with (shoot / sample.LABELS_FILE).open(newline="", encoding="utf-8") as rows:
        originals = {row["file"] for row in csv.DictReader(rows) if row["label"] == "original"}
    gone = listed(catalog, shoot, "--verdict", "delete")
    copies = {Path(one["path"]).name for one in gone if one["group"] and one["group"]["copy_of"]}
    assert copies == {"KPR_0024.JPG"}  # of KPR_0018.JPG, which stays
    assert not {Path(one["path"]).name for one in gone} & originals - copies


def test_assess_says_what_cull_says_without_a_catalog(culled, shoot: Path, tmp_path: Path) -> None:
    catalog, _ = culled
    known = {one["path"]: one for one in listed(catalog, shoot)}
    by_itself = [name for name, one in known.items() if "group" not in [reason["name"] for reason in one["reasons"]]]
    names = sorted(by_itself)[5:2:-1]
    nowhere = tmp_path / "none" / "catalog.db"
    done = keepers(nowhere, "assess", *names, "--json", cwd=tmp_path)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["path"] for answer in answers] == names
    # Of photos of which their group decided nothing: assess looks at each alone, not beside its like.
    assert len(names) == 3 and answers == [{**known[name], "group": None} for name in names]
    assert done.stderr == "" and done.returncode == 0
    assert not nowhere.parent.exists()


def test_probabilities_are_probabilities(culled, shoot: Path) -> None:
    catalog, _ = culled
    for one in listed(catalog, shoot):
        assert len(one["probabilities"]) == 6 and abs(sum(one["probabilities"].values()) - 1) < 1e-4
        assert one["label"] == max(one["probabilities"], key=one["probabilities"].get)
        assert set(one["flaws"]) == {*one["probabilities"], "noisy", "closed_eyes"} - {"original"}
        assert all(0 <= p <= 1 for p in [*one["flaws"].values(), one["score"]])
        weights = [reason["weight"] for reason in one["reasons"]]
        assert weights and weights == sorted(weights, reverse=True)


def test_explain_and_csv(culled, shoot: Path) -> None:
    catalog, _ = culled
    worst = min(listed(catalog, shoot), key=lambda one: one["score"])
    told = here(catalog, "explain", worst["path"])
    assert worst["reasons"][0]["sentence"] in told.stdout and "tile_sharpness" in told.stdout
    table = here(catalog, "list", shoot, "--format", "csv").stdout
    assert len(list(csv.DictReader(table.splitlines()))) == 24


def test_bench_names_the_stages(shoot: Path, tmp_path: Path) -> None:
    done = here(tmp_path / "c.db", "bench", shoot, "--limit", 4, "--brief")
    assert "decode" in done.stdout and "photos/s" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to another process")
def test_ctrl_c_keeps_what_is_done(shoot: Path, tmp_path: Path) -> None:
    big = tmp_path / "big"
    for copy in range(8):
        shutil.copytree(shoot, big / str(copy))
    catalog = tmp_path / "catalog.db"
    command = [sys.executable, "-m", "keepers", "cull", str(big)]
    run = subprocess.Popen(
        command, env=environment(catalog), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for_first_photos(catalog, run)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "run the same command again" in out and "Traceback" not in err
    kept = len(listed(catalog, big))
    assert 0 < kept < 8 * 24


def wait_for_first_photos(catalog: Path, run: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if catalog.exists():
            try:
                with sqlite3.connect(f"file:{catalog}?mode=ro", uri=True) as db:
                    if db.execute("SELECT count(*) FROM photo").fetchone()[0]:
                        return
            except sqlite3.OperationalError:
                pass  # it is being made
            finally:
                db.close()
        assert run.poll() is None, "it was done before it could be stopped"
        time.sleep(0.02)
    raise AssertionError("no photo was saved in time")


def test_a_script_without_a_main_guard_works(shoot: Path, tmp_path: Path) -> None:
    script = tmp_path / "careless.py"
    script.write_text(f"import keepers\nprint(len(keepers.cull({str(shoot)!r}, workers=1).opinions))\n")
    done = subprocess.run(
        [sys.executable, script],
        env=environment(tmp_path / "c.db"),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "24\n", done.stderr
