"""The whole way out on real files: RAW, JPEG and sidecar sets through every export, and back."""

import csv
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keepers import sample
from keepers.cli import build

pytestmark = pytest.mark.shared

SIDECARS = {
    "IMG_0001.xmp": "bpatrik+pigallery2/test__backend__assets__sidecar__testimagedesc1.xmp",  # Lightroom: 3 stars, red
    "IMG_0002.nef.xmp": "bpatrik+pigallery2/test__backend__assets__sidecar__20240107_110258.jpg.xmp",  # digiKam
    "IMG_0003.xmp": "photoprism+photoprism/internal__meta__testdata__ladybug.xmp",  # Lightroom: 1 star
    "IMG_0004.JPG.xmp": "drewnoakes+metadata-extractor-images/xmp__APhotoManager-exmaple.xmp",
}
"""What other programs really wrote, beside the photos below."""
RAWS = {
    "IMG_0001.dng": "photoprism__canon_eos_6d.dng",
    "IMG_0002.nef": "imageio__Nikon_uncompressed.nef",
    "IMG_0003.cr3": "exiftool__CanonRaw.cr3",  # a header without pixels
}
JPEGS = ("IMG_0001.JPG", "IMG_0003.JPG", "IMG_0004.JPG", "café 👰 שלום.jpg", "sub/IMG_0001.JPG")

Tree = dict[str, tuple[str, int, int]]
"""Relative path -> digest, time of change in ns, permissions."""


def tree(folder: Path) -> Tree:
    return {
        str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), *_facts(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _facts(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_mtime_ns, stat.S_IMODE(facts.st_mode)


def originals(files: Tree) -> dict[str, str]:
    """Digests by name of everything that is no sidecar and no table."""
    return {name: facts[0] for name, facts in files.items() if Path(name).suffix not in (".xmp", ".csv", ".json")}


class World:
    """A folder of real files, its catalog, and the command line."""

    def __init__(self, root: Path, shared: Path) -> None:
        self.root, self.shoot, self.catalog = root, root / "a shoot", root / "data" / "catalog.db"
        photos = iter(sample.make(root / "sample"))
        for name in JPEGS:
            (self.shoot / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(next(photos), self.shoot / name)
        for kind, files in (("raw_files", RAWS), ("xmp_sidecars", SIDECARS)):
            for name, source in files.items():
                shutil.copy2(shared / "eval" / kind / source, self.shoot / name)
                (self.shoot / name).chmod(0o644)
        self.before = tree(self.shoot)

    def keepers(self, *arguments: object, code: int = 0) -> Result:
        """The command in this process (photos are still opened in another one)."""
        environment = {"KEEPERS_CATALOG": str(self.catalog), "KEEPERS_MODEL": None, "KEEPERS_WORKERS": None}
        done = CliRunner().invoke(build(), [*map(str, arguments)], env=environment)
        assert done.exit_code == code, done.output
        return done

    def listed(self) -> dict[str, str | None]:
        rows = json.loads(self.keepers("list", self.shoot, "-f", "json").stdout)
        return {str(Path(row["path"]).relative_to(self.shoot)): row["verdict"] for row in rows}


@pytest.fixture(scope="module")
def culled(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("export"), shared)
    done = made.keepers("cull", made.shoot)
    assert done.stderr == "" and tree(made.shoot) == made.before
    assert "4 ratings of other programs taken over as your choice" in done.stdout, done.stdout
    return made


@pytest.fixture
def world(culled: World) -> Iterator[World]:
    """The culled shoot; whatever a test does to it must be undone in the end."""
    yield culled
    assert tree(culled.shoot) == culled.before


def undo(world: World) -> None:
    said = world.keepers("undo").stdout
    assert "as before" in said and "Stay as they are" not in said
    assert tree(world.shoot) == world.before


def test_ratings_of_other_programs_are_choices_and_pairs_are_one_photo(world: World) -> None:
    found = world.listed()
    assert set(found) == {*JPEGS, "IMG_0002.nef"}
    assert (found["IMG_0001.JPG"], found["IMG_0003.JPG"]) == ("maybe", "maybe")  # 3 stars; 1 star
    why = world.keepers("explain", world.shoot / "IMG_0001.JPG").stdout
    assert "You chose Maybes" in why


def test_choosing_touches_no_file_and_wins(world: World) -> None:
    done = world.keepers("choose", world.shoot / "IMG_0001.dng", "--delete")
    assert done.stdout == f"{world.shoot / 'IMG_0001.JPG'}: To be Deleted (your choice)\n" and done.stderr == ""
    assert "0 measured" in world.keepers("cull", world.shoot).stdout
    assert world.listed()["IMG_0001.JPG"] == "delete"
    world.keepers("choose", world.shoot / "IMG_0001.JPG", "--maybe")
    assert world.listed()["IMG_0001.JPG"] == "maybe"
    assert tree(world.shoot) == world.before


@pytest.mark.parametrize("more", [(), ("--profile", "bridge"), ("--profile", "darktable"), ("--stars",)])
def test_xmp_changes_sidecars_only_and_comes_back(world: World, more: tuple[str, ...]) -> None:
    dry = world.keepers("export", world.shoot, "--to", "xmp", "--dry-run", *more)
    assert tree(world.shoot) == world.before and "nothing was changed" in dry.stdout
    verdicts = world.listed()
    done = world.keepers("export", world.shoot, "--to", "xmp", *more)
    assert "keepers undo" in done.stdout and done.stderr == ""
    now = tree(world.shoot)
    assert originals(now) == originals(world.before) and now != world.before
    again = world.keepers("cull", world.shoot).stdout
    assert "0 measured" in again and "taken over" not in again and world.listed() == verdicts
    assert "nothing to do" in world.keepers("export", world.shoot, "--to", "xmp", *more).stdout
    undo(world)


def test_embedding_changes_no_raw_and_no_pixel_and_comes_back(world: World) -> None:
    from PIL import Image

    def pixels(name: str) -> bytes:
        with Image.open(world.shoot / name) as image:
            return image.tobytes()

    before = {name: pixels(name) for name in JPEGS}
    world.keepers("export", world.shoot, "--to", "xmp", "--embed")
    now = tree(world.shoot)
    assert {name: pixels(name) for name in JPEGS} == before
    assert all(now[name][0] == world.before[name][0] for name in RAWS)
    assert all(now[name][0] != world.before[name][0] for name in JPEGS)
    verdicts = world.listed()
    again = world.keepers("cull", world.shoot).stdout
    assert "0 measured" in again and world.listed() == verdicts
    undo(world)
    assert "0 measured" in world.keepers("cull", world.shoot).stdout and world.listed() == verdicts


def test_tables_hold_every_photo(world: World) -> None:
    table, facts = world.root / "t.csv", world.root / "t.json"
    world.keepers("export", world.shoot, "--to", "csv", "-o", table)
    world.keepers("export", world.shoot, "--to", "json", "-o", facts)
    assert tree(world.shoot) == world.before
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    photos = {photo["path"]: photo for photo in json.loads(facts.read_text())["photos"]}
    verdicts = {name: verdict for name, verdict in world.listed().items() if verdict}
    assert {name: row["verdict"] for name, row in rows.items()} == verdicts
    assert {name: photo["verdict"] for name, photo in photos.items()} == verdicts
    assert photos["IMG_0001.JPG"]["by"] == "person" and len(photos["IMG_0001.JPG"]["files"]) == 3
    undo(world)
    assert not facts.exists() and table.exists()
    undo(world)
    assert not table.exists()


def test_copies_leave_everything_where_it_is(world: World) -> None:
    out = world.root / "copies"
    done = world.keepers("export", world.shoot, "--to", "files", "--copy", "-o", out)
    assert tree(world.shoot) == world.before and "copied" in done.stdout
    copies, verdicts = tree(out), world.listed()
    assert sorted(originals(copies).values()) == sorted(originals(world.before).values())
    assert {Path(name).parts[0] for name in copies} <= {"Must Haves", "Maybes", "To be Deleted"}
    assert {"Maybes/IMG_0001.JPG", "Maybes/IMG_0001.dng", "Maybes/IMG_0001.xmp"} <= set(copies)
    assert verdicts["IMG_0001.JPG"] == "maybe"
    undo(world)
    assert not out.exists()


def test_moved_sets_stay_together_and_come_back(world: World) -> None:
    out = world.root / "moved"
    world.keepers("export", world.shoot, "--to", "files", "--move", "-o", out)
    assert tree(world.shoot) == {}
    moved = tree(out)
    assert sorted(facts[:2] for facts in moved.values()) == sorted(facts[:2] for facts in world.before.values())
    places = {name: {str(Path(m).parent) for m in moved if Path(m).name.startswith(name)} for name in ("IMG_0002",)}
    assert all(len(folders) == 1 for folders in places.values())
    assert "0 measured" in world.keepers("cull", out).stdout
    undo(world)
    assert not out.exists() or tree(out) == {}
    assert "0 measured" in world.keepers("cull", world.shoot).stdout


def test_jobs_are_listed_and_undo_asks_nobody_behind_a_pipe(world: World) -> None:
    world.keepers("export", world.shoot, "--to", "xmp")
    listing = world.keepers("jobs").stdout
    assert "xmp" in listing and "done" in listing
    environment = {**os.environ, "KEEPERS_CATALOG": str(world.catalog)}
    command = [sys.executable, "-m", "keepers", "undo"]
    dry = subprocess.run([*command, "-n"], env=environment, capture_output=True, text=True, timeout=120)
    assert dry.returncode == 0 and "to take back" in dry.stdout and tree(world.shoot) != world.before
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, input="")
    assert done.returncode == 0 and done.stderr == "" and "as before" in done.stdout
    nothing = world.keepers("undo", 9999, code=2)
    assert nothing.stderr.startswith("keepers: There is no job 9999")


def test_wrong_words_are_one_sentence(world: World) -> None:
    for arguments, said in (
        (("export", world.shoot, "--to", "lightroom"), "name one of"),
        (("export", world.shoot, "--to", "csv", "--stars"), "csv knows no option 'stars'"),
        (("export", world.shoot, "--to", "files"), "--out"),
        (("export", world.root / "missing", "--to", "xmp"), "does not exist"),
        (("export", world.root / "sample", "--to", "xmp"), "keepers cull"),
        (("choose", world.shoot / "IMG_0001.JPG"), "exactly one of"),
        (("choose", world.shoot / "IMG_0001.JPG", "--keep", "--delete"), "exactly one of"),
        (("choose", world.shoot, "--keep"), "is a folder"),
    ):
        done = world.keepers(*arguments, code=2)
        assert said in done.stderr and done.stderr.count("\n") == 1 and done.stderr.startswith("keepers: ")
