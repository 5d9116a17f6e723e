"""Full disks, missing permissions, cards that are pulled out, two programs at once, names of every kind: one sentence
each, nothing half done, and the rest goes on."""

import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app_world import World, build_world
from hostile_places import fill, keepers_command, small_disk, without_privileges
from keepers import app, sample
from keepers.cli import build, main
from keepers.export import journal, lock
from keepers.export.journal import Journalled

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX file names, permissions and mounts")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(tmp_path, monkeypatch)


def keepers(world: World, *arguments: object) -> Result:
    """The command in this process, over the fake engine."""
    return CliRunner().invoke(build(), list(map(str, arguments)), env={"KEEPERS_CATALOG": str(world.catalog)})


def complaint(done: Result, code: int) -> str:
    """The one sentence on stderr."""
    assert done.exit_code == code, done.output
    assert done.stderr.startswith("keepers: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def sound(catalog: Path) -> bool:
    database = sqlite3.connect(catalog)
    try:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        database.close()


# Full disks


@posix
def test_a_full_disk_while_sidecars_are_written(world: World, tmp_path: Path) -> None:
    with small_disk(tmp_path / "card", "256k") as card:
        world.shoot = card / "shoot"
        world.shoot.mkdir()
        world.add("a.jpg", "b.jpg", "soft.jpg")
        assert keepers(world, "cull", world.shoot).exit_code == 0
        heavy = fill(card)
        done = keepers(world, "export", world.shoot, "--to", "xmp")
        assert done.exit_code == 3 and done.stderr == ""
        assert f"The disk was full at {world.shoot / 'a.xmp'}; free some space and run again." in done.stdout
        assert "3 files were not done" in done.stdout
        assert sorted(p.name for p in world.shoot.iterdir()) == ["a.jpg", "b.jpg", "soft.jpg"]
        heavy.unlink()
        assert "3 files written" in keepers(world, "export", world.shoot, "--to", "xmp").stdout


@posix
def test_a_full_disk_while_a_choice_is_recorded(world: World, tmp_path: Path) -> None:
    world.add("a.jpg", "soft.jpg")
    with small_disk(tmp_path / "home", "2m") as home:
        world.catalog = home / "catalog.db"
        assert keepers(world, "cull", world.shoot).exit_code == 0
        assert keepers(world, "choose", world.shoot / "a.jpg", "--maybe").exit_code == 0
        heavy = fill(home)
        said = [keepers(world, "choose", world.shoot / "a.jpg", "--delete") for _ in range(3)]
        assert all(not done.stdout for done in said), "a choice that is not on the disk was acknowledged"
        assert "free some space" in complaint(said[0], 3) and str(world.catalog) in said[0].stderr
        heavy.unlink()
        assert "Maybes" in keepers(world, "list", world.shoot).stdout
        assert keepers(world, "choose", world.shoot / "a.jpg", "--delete").exit_code == 0
        assert sound(world.catalog)


@posix
def test_a_full_disk_while_the_catalog_is_written(world: World, tmp_path: Path) -> None:
    world.add("a.jpg")
    with small_disk(tmp_path / "home", "2m") as home:
        world.catalog = home / "catalog.db"
        assert keepers(world, "cull", world.shoot).exit_code == 0
        world.add("soft.jpg")
        heavy = fill(home)
        done = keepers(world, "cull", world.shoot)
        assert "free some space" in complaint(done, 3)
        assert "2 photos" in done.stdout or not done.stdout
        heavy.unlink()
        assert "2 photos" in keepers(world, "cull", world.shoot).stdout and sound(world.catalog)


@posix
def test_a_full_disk_of_the_journal_stops_before_anything_is_changed(world: World, tmp_path: Path) -> None:
    world.add("a.jpg", "soft.jpg")
    with small_disk(tmp_path / "home", "2m") as home:
        world.catalog = home / "catalog.db"
        assert keepers(world, "cull", world.shoot).exit_code == 0
        heavy = fill(home)
        said = complaint(keepers(world, "export", world.shoot, "--to", "xmp"), 3)
        assert "full" in said and not list(world.shoot.glob("*.xmp"))
        heavy.unlink()
        assert keepers(world, "export", world.shoot, "--to", "xmp").exit_code == 0
        assert keepers(world, "undo").exit_code == 0 and not list(world.shoot.glob("*.xmp"))


# Permissions


@posix
def test_a_read_only_folder(tmp_path: Path) -> None:
    photos = sample.make(tmp_path / "sample")
    shoot = tmp_path / "shoot"
    shoot.mkdir()
    for photo in photos[:2]:
        shutil.copy(photo, shoot)
    environment = {**os.environ, "KEEPERS_CATALOG": str(tmp_path / "data" / "catalog.db")}
    shoot.chmod(0o555)
    try:

        def run(*arguments: object) -> subprocess.CompletedProcess[str]:
            command = without_privileges(*keepers_command(*arguments))
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

        culled = run("cull", shoot, "--model", "none")
        assert (culled.returncode, culled.stderr) == (0, "")
        exported = run("export", shoot, "--to", "xmp", "--model", "none")
        assert exported.stderr == "" and "is read-only; allow writing there" in exported.stdout
        moved = run("export", shoot, "--to", "files", "--move", "-o", tmp_path / "out", "--model", "none")
        assert moved.returncode == 3 and "permission to write into its folder" in moved.stdout
        assert sorted(p.name for p in shoot.iterdir()) == sorted(p.name for p in photos[:2])
        copied = run("export", shoot, "--to", "files", "-o", tmp_path / "out", "--model", "none")
        assert copied.returncode == 0 and "2 files copied" in copied.stdout
        (tmp_path / "data").chmod(0o555)
        (tmp_path / "data" / "catalog.db").chmod(0o444)
        chosen = run("choose", shoot / photos[0].name, "--keep")
        assert chosen.returncode == 3 and chosen.stdout == "" and chosen.stderr.count("\n") == 1
        assert "cannot be opened for writing" in chosen.stderr
    finally:
        for folder in (shoot, tmp_path / "data"):
            folder.chmod(0o755)


# A card that is pulled out


def test_a_folder_that_disappears_during_a_cull(tmp_path: Path) -> None:
    shoot, away = tmp_path / "shoot", tmp_path / "away"
    names = len(sample.make(shoot))

    def pull_out(done: int, total: int) -> None:
        if done == 1:
            shoot.rename(away)

    first = app.cull(shoot, catalog=tmp_path / "c.db", model="none", workers=1, progress=pull_out)
    lost = [opinion.report.error or "" for opinion in first.unreadable]
    assert 0 < len(lost) < names and len(first.opinions) == names
    assert all("is no longer there; scan the folder again." in sentence for sentence in lost)
    done = CliRunner().invoke(build(), ["cull", str(shoot), "--catalog", str(tmp_path / "c.db")])
    assert "does not exist; check the spelling and that its disk is connected" in complaint(done, 2)
    away.rename(shoot)
    second = app.cull(shoot, catalog=tmp_path / "c.db", model="none", workers=1)
    assert second.measured == len(lost) and not second.unreadable


def test_a_folder_that_disappears_during_an_export(world: World) -> None:
    world.add(*(f"{number}.jpg" for number in range(6)))
    world.cull()
    away = world.shoot.with_name("away")

    def pull_out(done: int, total: int) -> None:
        if done == 2:
            world.shoot.rename(away)

    exported = app.export(world.shoot, "xmp", progress=pull_out)
    assert exported.done.counts == {"written": 2} and len(exported.done.failures) == 4
    assert all("check that its disk or card is connected" in sentence for _, sentence in exported.done.failures)
    assert not world.shoot.exists()
    away.rename(world.shoot)
    keepers(world, "undo")
    assert not list(world.shoot.glob("*.xmp"))


def test_a_folder_that_disappears_before_an_export(world: World) -> None:
    world.add("a.jpg")
    world.cull()
    shutil.rmtree(world.shoot)
    assert "does not exist" in complaint(keepers(world, "export", world.shoot, "--to", "xmp"), 2)


# Two programs at once


@posix
def test_two_culls_and_a_choice_on_one_catalog(tmp_path: Path) -> None:
    shoots = [tmp_path / "one", tmp_path / "two"]
    for shoot in shoots:
        sample.make(shoot)
    catalog = tmp_path / "data" / "catalog.db"
    environment = {**os.environ, "KEEPERS_CATALOG": str(catalog)}
    command = [keepers_command("cull", shoot, "--model", "none") for shoot in shoots]
    command.append(keepers_command("choose", shoots[0] / "KPR_0001.JPG", "--delete", "--model", "none"))
    running = [
        subprocess.Popen(one, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for one in command
    ]
    said = [process.communicate(timeout=180) for process in running]
    assert [(process.returncode, errors) for process, (_, errors) in zip(running, said, strict=True)] == [(0, "")] * 3
    assert "To be Deleted (your choice)" in said[2][0] and sound(catalog)
    for shoot in shoots:
        found = app.cull(shoot, catalog=catalog, model="none")
        assert found.measured == 0 and len(found.opinions) == 24
    # The two shoots are copies of each other, and a choice is of the picture.
    chosen = {o.path: o.verdict.verdict for o in found.opinions if o.verdict}
    assert chosen[shoots[1] / "KPR_0001.JPG"] == "delete"


def test_an_export_while_another_one_runs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PAUSE_S", 0.01)
    real = Journalled.do
    monkeypatch.setattr(journal, "locked", _impatient())
    world.add("a.jpg", "b.jpg")
    world.cull()
    inside, leave = threading.Event(), threading.Event()

    def hold(done: int, total: int) -> None:
        inside.set()
        leave.wait(30)

    first = threading.Thread(target=lambda: app.export(world.shoot, "xmp", progress=hold))
    first.start()
    try:
        assert inside.wait(30)
        monkeypatch.setattr(Journalled, "do", real)
        said = complaint(keepers(world, "export", world.shoot, "--to", "csv"), 2)
        assert "Another keepers is changing files" in said
        assert keepers(world, "cull", world.shoot).exit_code == 0, "looking must not wait for an export"
        assert keepers(world, "choose", world.shoot / "a.jpg", "--keep").exit_code == 0
    finally:
        leave.set()
        first.join()
    assert len(list(world.shoot.glob("*.xmp"))) == 2


def _impatient():
    from keepers.export.lock import locked

    return lambda folder, wait_s=0.1: locked(folder, min(wait_s, 0.1))


# Names


NAMES = (
    unicodedata.normalize("NFC", "Zürich") + ".jpg",
    unicodedata.normalize("NFD", "Zürich") + ".jpg",
    "👰🏽‍♀️ & 🤵.jpg",
    "שלום עולם.jpg",
    "مرحبا.jpg",
    "\u202egpj.exe.jpg",
    " leading and trailing .jpg",
    "-rf.jpg",
    "100%s {} $HOME `id`.jpg",
    "'quotes' \"and\" \\backslash.jpg",
    "=HYPERLINK(1).jpg",
    "x" * 251 + ".jpg",
    "ü" * 125 + "x.jpg",
)
POSIX_NAMES = ("two\nlines.jpg", "bell\a and escape\x1b[2J.jpg", "caf\udce9.jpg", "\udcff\udcfe.jpg", "tab\t.jpg")


def named(world: World) -> list[str]:
    names = [*NAMES, *(POSIX_NAMES if os.name != "nt" else ())]
    for name in names:
        path = world.shoot / name
        path.write_bytes(os.fsencode(name)[::-1])
    found = sorted(path.name for path in world.shoot.iterdir())
    if found != sorted(names):
        pytest.skip("this file system changes names")
    return names


def one_line_each(text: str) -> None:
    """Nothing in a name does anything to a terminal."""
    assert not any(unicodedata.category(c) == "Cc" and c != "\n" for c in text), text


def test_names_of_every_kind_go_through_every_verb(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = named(world)
    ids = {name: f"{number:032x}" for number, name in enumerate(names)}
    real = world.report
    monkeypatch.setattr(world, "report", lambda source: _with_id(real(source), ids[source.path.name]))
    before = {p.name: p.read_bytes() for p in world.shoot.iterdir()}
    culled = keepers(world, "cull", world.shoot)
    assert culled.exit_code == 0 and f"{len(names)} photos" in culled.stdout
    table = keepers(world, "list", world.shoot)
    chosen = [keepers(world, "choose", "--delete", "--", world.shoot / name) for name in names]
    assert all(done.exit_code == 0 and done.stdout.count("\n") == 1 for done in chosen)
    assert app.cull(world.shoot).counts == {"keep": 0, "maybe": 0, "delete": len(names)}
    dry = keepers(world, "export", world.shoot, "--to", "xmp", "--dry-run")
    assert dry.exit_code == 0 and len([line for line in dry.stdout.splitlines() if ": " in line]) >= len(names) - 4
    for to, more in (
        ("xmp", ()),
        ("xmp", ("--names", "both")),
        ("csv", ("-o", world.shoot.parent / "t.csv")),
        ("json", ("-o", world.shoot.parent / "t.json")),
        ("files", ("-o", world.shoot.parent / "copies")),
        ("files", ("--move", "-o", world.shoot.parent / "moved")),
    ):
        done = keepers(world, "export", world.shoot, "--to", to, *more)
        assert done.exit_code == 0, done.output
        undone = keepers(world, "undo")
        assert undone.exit_code == 0 and "Stay" not in undone.stdout
        assert {p.name: p.read_bytes() for p in world.shoot.iterdir()} == before
        for printed in (done, undone):
            one_line_each(printed.stdout + printed.stderr)
    for printed in (culled, table, dry, *chosen):
        one_line_each(printed.stdout + printed.stderr)
    assert len(json.loads(keepers(world, "list", world.shoot, "-f", "json").stdout)) == len(names)
    # The whole program, whose streams print what is no Unicode.
    monkeypatch.setattr("sys.argv", ["keepers", "list", str(world.shoot), "-f", "csv"])
    with pytest.raises(SystemExit):
        main()
    assert len(list(csv.DictReader(io.StringIO(capsys.readouterr().out)))) == len(names)


def _with_id(report, identity: str):
    import dataclasses

    return dataclasses.replace(report, photo=dataclasses.replace(report.photo, id=identity))


# Very large folders


def test_a_large_folder_takes_time_in_proportion_and_little_memory(world: World) -> None:
    """tests/soak/large.py does the same with 100,000 photos."""
    world.add(*(f"{number:05}.jpg" for number in range(3000)))
    for number in range(0, 3000, 100):
        (world.shoot / f"{number:05}.xmp").write_bytes(b"")
    world.cull()
    began = time.process_time()
    assert world.cull().measured == 0
    assert app.export(world.shoot, "xmp", dry_run=True).done.counts == {"written": 3000}
    assert time.process_time() - began < 15  # 2 s on a quiet machine
    tracemalloc.start()
    app.export(world.shoot, "xmp", dry_run=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000 * 12_000, "more than 12 KB a photo"


