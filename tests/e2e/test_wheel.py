"""What pip installs is what the repository holds: the wheel is built, opened, installed and run."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "keepers"
LEFT_BEHIND = ("__pycache__", ".DS_Store")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build", reason="building the wheel needs keepers[test]")
    pytest.importorskip("hatchling", reason="building the wheel needs keepers[test]")
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.glob("*.whl")
    return found


def test_every_file_of_the_package_is_inside(wheel: Path) -> None:
    here = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and not any(part in LEFT_BEHIND for part in path.parts)
    }
    with zipfile.ZipFile(wheel) as archive:
        there = set(archive.namelist())
    assert not here - there, "the wheel leaves files out"
    assert {name for name in there if not name.startswith("keepers-")} == here


DATA_FOLDERS = ("web/static", "web/templates", "sample/data", "models/data", "train/studies", "train/templates")


@pytest.mark.parametrize("folder", DATA_FOLDERS)
def test_data_folders_are_inside(wheel: Path, folder: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert [name for name in archive.namelist() if name.startswith(f"keepers/{folder}/")]


def test_the_wheel_carries_its_licences_and_pulls_no_torch(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        head = message_from_string(archive.read(metadata).decode())
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert [name for name in names if name.endswith("licenses/NOTICE")]
    required = [line for line in head.get_all("Requires-Dist") or [] if "extra ==" not in line]
    assert required and not [line for line in required if line.startswith(("torch", "timm", "matplotlib", "scipy"))]


def test_the_wheel_stays_small_enough_to_download(wheel: Path) -> None:
    assert wheel.stat().st_size < 50_000_000


def _pip(venv: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    python = venv / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `keepers` command of an empty environment into which only the wheel was installed."""
    venv = tmp_path_factory.mktemp("empty") / "venv"
    made = subprocess.run([sys.executable, "-m", "venv", str(venv)], capture_output=True, text=True, timeout=120)
    if made.returncode:
        pytest.skip(f"this Python makes no virtual environments: {made.stdout or made.stderr}")
    constraints = str(ROOT / "constraints.txt")
    tiny = _pip(venv, "install", "--quiet", "--retries", "0", "--no-deps", "-c", constraints, "mdurl")
    if tiny.returncode:
        pytest.skip(f"pip can install nothing here, perhaps without a network: {tiny.stderr.strip().splitlines()[-1]}")
    done = _pip(venv, "install", "--quiet", "-c", constraints, str(wheel))
    assert done.returncode == 0, done.stdout + done.stderr
    scripts = sysconfig.get_path("scripts", vars={"base": str(venv)})
    return Path(scripts) / "keepers"


def _keepers(command: Path, *arguments: str, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    line = [str(command), *arguments]
    done = subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_installed_command_makes_and_assesses_a_shoot(installed: Path, tmp_path: Path) -> None:
    from keepers import __version__

    assert __version__ in _keepers(installed, "--version", cwd=tmp_path)
    _keepers(installed, "sample", "shoot", cwd=tmp_path)
    lines = _keepers(installed, "assess", "shoot", "--json", cwd=tmp_path).splitlines()
    opinions = [json.loads(line) for line in lines]
    assert len(opinions) == 24
    assert {opinion["error"] for opinion in opinions} == {None}
    assert {opinion["verdict"] for opinion in opinions} <= {"keep", "maybe", "delete"}


def test_the_installed_package_brought_no_torch(installed: Path) -> None:
    listing = _pip(installed.parents[1], "list", "--format=json")
    assert not {"torch", "timm", "matplotlib", "scipy"} & {entry["name"] for entry in json.loads(listing.stdout)}
