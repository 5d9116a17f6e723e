"""Everything that can be wrong with what is given: one clear sentence, the right exit code, and the rest goes on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from keepers import sample
from keepers.cli import build

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and limits")
not_root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read and write everything"
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return sample.make(tmp_path_factory.mktemp("sample") / "shoot")


@pytest.fixture
def shoot(photos: list[Path], tmp_path: Path) -> Path:
    """A folder with two good photos."""
    folder = tmp_path / "shoot"
    folder.mkdir()
    for photo in photos[:2]:
        shutil.copy(photo, folder)
    return folder


def keepers(*arguments: object, catalog: Path) -> Result:
    """The command in this process (photos are still opened in a process of their own)."""
    environment = {"KEEPERS_CATALOG": str(catalog), "KEEPERS_MODEL": None, "KEEPERS_WORKERS": None}
    return CliRunner().invoke(build(), [*map(str, arguments)], env=environment)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return tmp_path / "data" / "catalog.db"


def broken_files(folder: Path, good: Path) -> list[str]:
    data = good.read_bytes()
    files = {
        "empty.jpg": b"",
        "letter.jpg": b"Dear photographer, I am not a photo.\n" * 50,
        "truncated.jpg": data[: len(data) // 3],
        "header.jpg": data[:600],
        "no_preview.cr2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(5000),
        "no_preview.nef": os.urandom(4096),
        "fake.heic": b"\0\0\0\x18ftypheic" + bytes(64),
        "cut.png": b"\x89PNG\r\n\x1a\n" + bytes(30),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sorted(files)


def complaint(done: Result) -> str:
    """The one sentence on stderr."""
    assert done.stderr.startswith("keepers: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_broken_files_cost_only_themselves(shoot: Path, photos: list[Path], catalog: Path) -> None:
    names = broken_files(shoot, photos[0])
    before = {path: path.read_bytes() for path in shoot.iterdir()}
    done = keepers("cull", shoot, catalog=catalog)
    assert done.exit_code == 0 and f"Could not be read ({len(names)})" in done.stdout
    assert done.stderr == ""
    assert {path: path.read_bytes() for path in shoot.iterdir()} == before
    assert all(name in done.stdout for name in names)


def test_every_broken_file_has_a_sentence_of_its_own(shoot: Path, photos: list[Path], catalog: Path) -> None:
    names = broken_files(shoot, photos[0])
    done = keepers("assess", shoot, "--json", catalog=catalog)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    errors = {Path(a["path"]).name: a["error"] for a in answers if a["error"]}
    assert sorted(errors) == names and len(answers) == len(names) + 2
    for name, sentence in errors.items():
        assert name in sentence and sentence.endswith(".") and "\n" not in sentence and len(sentence) < 250
        assert "Traceback" not in sentence and "stumble" not in sentence
    assert done.exit_code == 0 and done.stderr == ""


def test_nothing_but_broken_files_is_exit_code_1(tmp_path: Path, photos: list[Path], catalog: Path) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    broken_files(folder, photos[0])
    assert keepers("cull", folder, catalog=catalog).exit_code == 1
    assert keepers("assess", folder, "--json", catalog=catalog).exit_code == 1
    done = keepers("explain", folder / "letter.jpg", catalog=catalog)
    assert done.exit_code == 1 and "letter.jpg" in done.stdout


@pytest.mark.parametrize("verb", ["cull", "list", "bench"])
def test_empty_and_missing_folders(verb: str, tmp_path: Path, catalog: Path) -> None:
    (tmp_path / "empty").mkdir()
    empty = keepers(verb, tmp_path / "empty", catalog=catalog)
    assert empty.exit_code == 2 and "holds no photos" in complaint(empty)
    missing = keepers(verb, tmp_path / "missing", catalog=catalog)
    assert missing.exit_code == 2 and "does not exist" in complaint(missing)
    assert not catalog.exists()


def test_assess_goes_on_after_a_missing_path(shoot: Path, tmp_path: Path, catalog: Path) -> None:
    good = sorted(shoot.iterdir())
    done = keepers("assess", good[0], tmp_path / "missing.jpg", good[1], "--json", catalog=catalog)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["error"] is None for answer in answers] == [True, False, True]
    assert done.exit_code == 2


def test_explain_and_list_say_what_to_do_instead(shoot: Path, tmp_path: Path, catalog: Path) -> None:
    assert "does not exist" in complaint(keepers("explain", tmp_path / "missing.jpg", catalog=catalog))
    assert "keepers list" in complaint(keepers("explain", shoot, catalog=catalog))
    assert "keepers cull" in complaint(keepers("list", shoot, catalog=catalog))


def test_wrong_options_are_exit_code_2(shoot: Path, catalog: Path) -> None:
    assert keepers("cull", catalog=catalog).exit_code == 2
    assert keepers("list", shoot, "--verdict", "burn", catalog=catalog).exit_code == 2
    assert "at least 1" in complaint(keepers("cull", shoot, "--workers", 0, catalog=catalog))
    done = keepers("assess", shoot, "--model", shoot / "missing.onnx", catalog=catalog)
    assert done.exit_code == 4 and "missing.onnx" in complaint(done)


def test_a_catalog_that_cannot_be_made_leaves_the_folder_alone(
    shoot: Path, tmp_path: Path, monkeypatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.chdir(shoot)
    before = sorted(shoot.iterdir())
    done = keepers("cull", shoot, catalog=tmp_path / "file" / "catalog.db")
    assert done.exit_code == 3 and "--catalog" in complaint(done)
    assert sorted(shoot.iterdir()) == before


def test_a_catalog_that_is_none(shoot: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.db"
    catalog.write_text("Dear SQLite, I am not a database.\n" * 100)
    done = keepers("cull", shoot, catalog=catalog)
    assert done.exit_code in (2, 3) and "catalog.db" in complaint(done)
    assert catalog.read_text().startswith("Dear SQLite")


@posix
def test_a_full_disk_still_shows_the_result(shoot: Path, photos: list[Path], catalog: Path) -> None:
    import resource

    assert keepers("cull", shoot, catalog=catalog).exit_code == 0
    for photo in photos[2:]:
        shutil.copy(photo, shoot)
    room = 4096 + max(path.stat().st_size for path in catalog.parent.iterdir())
    # A limit on the size of files is what a full disk looks like to SQLite.
    done = subprocess.run(
        [sys.executable, "-m", "keepers", "cull", str(shoot), "--catalog", str(catalog)],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 3, done.stdout
    assert "Must Haves" in done.stdout and f"{len(photos)} photos" in done.stdout
    assert str(catalog) in done.stderr and done.stderr.count("\n") == 1


@posix
@not_root
def test_no_permission(shoot: Path, photos: list[Path], catalog: Path) -> None:
    locked = shutil.copy(photos[3], shoot / "locked.jpg")
    locked.chmod(0)
    folder = shoot / "private"
    folder.mkdir(mode=0)
    try:
        done = keepers("cull", shoot, catalog=catalog)
        assert done.exit_code == 0
        assert "locked.jpg may not be opened" in done.stdout and "private" in done.stdout
        assert keepers("cull", folder, catalog=catalog).exit_code == 2
        locked.chmod(0o600)
        assert "1 measured" in keepers("cull", shoot, catalog=catalog).stdout
    finally:
        folder.chmod(0o700)


@posix
@not_root
def test_a_catalog_in_a_read_only_folder(shoot: Path, tmp_path: Path) -> None:
    data = tmp_path / "readonly"
    data.mkdir(mode=0o500)
    before = sorted(shoot.iterdir())
    done = keepers("cull", shoot, catalog=data / "catalog.db")
    assert done.exit_code == 3 and "--catalog" in complaint(done)
    assert sorted(shoot.iterdir()) == before


def test_an_icon_is_a_maybe_and_never_deleted(photos: list[Path], tmp_path: Path, catalog: Path) -> None:
    from PIL import Image

    with Image.open(photos[3]) as blurred:
        blurred.resize((120, 90)).save(tmp_path / "icon.jpg")
    answer = json.loads(keepers("assess", tmp_path / "icon.jpg", "--json", catalog=catalog).stdout)
    assert answer["verdict"] == "maybe"
    assert answer["score"] == 0.5
    assert "too small" in answer["reasons"][0]["sentence"]
