"""A made shoot with bursts, a bracket and copies, through the real command."""

import io
import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from typer.testing import CliRunner, Result

import scenes
from keepers.cli import build
from keepers.image.colour import from_linear, to_linear
from keepers.types import Rgb

START = datetime(2024, 5, 6, 10, 0, 0)


def run(catalog: Path, *arguments: object) -> Result:
    environment = {"KEEPERS_CATALOG": str(catalog), "KEEPERS_MODEL": "none", "KEEPERS_WORKERS": "1"}
    done = CliRunner().invoke(build(), [*map(str, arguments)], env=environment)
    assert done.exit_code == 0, done.output
    return done


def write(path: Path, rgb: Rgb, seconds: float, bias: float = 0.0) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    folder = exif.get_ifd(0x8769)
    moment = START + timedelta(seconds=seconds)
    folder[0x9003], folder[0x9291] = moment.strftime("%Y:%m:%d %H:%M:%S"), f"{moment.microsecond // 1000:03}"
    folder[0x829A], folder[0x829D], folder[0x8827] = IFDRational(1, 200), IFDRational(4), 100
    folder[0x9204] = IFDRational(round(bias * 3), 3)
    target = io.BytesIO()
    Image.fromarray(rgb).save(target, "JPEG", quality=93, exif=exif)
    path.write_bytes(target.getvalue())


def moved(rgb: Rgb, by: int) -> Rgb:
    return np.ascontiguousarray(rgb[10 + by : 470 + by, 10 + 2 * by : 650 + 2 * by])


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "shoot"
    (folder / "backup").mkdir(parents=True)
    burst, bracket, lone = (scenes.leaves(seed, 490, 680) for seed in (1, 2, 3))
    for n in range(4):
        rgb = moved(burst, n)
        soft = np.asarray(cv2.GaussianBlur(rgb, (0, 0), 1.6), np.uint8)
        write(folder / f"IMG_{n:04}.jpg", soft if n == 1 else rgb, 0.2 * n)
    for n, ev in enumerate((0.0, -2.0, 2.0)):
        write(folder / f"IMG_{10 + n:04}.jpg", from_linear(to_linear(bracket) * np.float32(2**ev)), 60 + 0.4 * n, ev)
    write(folder / "IMG_0020.jpg", lone, 120)
    shutil.copy(folder / "IMG_0020.jpg", folder / "backup" / "IMG_0020.jpg")
    return folder


@pytest.fixture(scope="module")
def catalog(shoot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "catalog.db"
    run(path, "cull", shoot)
    return path


def listed(catalog: Path, shoot: Path) -> dict[str, dict]:
    photos = json.loads(run(catalog, "list", shoot, "--format", "json").stdout)
    return {str(Path(photo["path"]).relative_to(shoot)): photo for photo in photos}


def test_groups_as_json(shoot: Path, catalog: Path) -> None:
    groups = json.loads(run(catalog, "groups", shoot, "--format", "json").stdout)
    kinds = {group["kind"]: group for group in groups}
    assert sorted(kinds) == ["bracket", "burst", "duplicates"] and len(groups) == 3
    burst, bracket, copies = kinds["burst"], kinds["bracket"], kinds["duplicates"]
    assert [Path(m["path"]).name for m in burst["members"]] == [f"IMG_{n:04}.jpg" for n in range(4)]
    assert "sharper" in burst["members"][1]["reasons"] and burst["members"][1]["place"] == 4
    assert bracket["protected"] and bracket["best"] is None and len(bracket["members"]) == 3
    assert {m["copy_of"] for m in copies["members"]} == {None, copies["best"]}
    assert burst["scene"] == 1 and all(group["schema"] == "keepers.groups/1" for group in groups)


def test_groups_as_a_table_and_in_the_list(shoot: Path, catalog: Path) -> None:
    table = run(catalog, "groups", shoot).stdout
    assert "Exposure bracket, 3 photos" in table and "protected" in table and "copy of" in table
    assert "the best: no likely flaw, sharper" in " ".join(table.split())
    lines = run(catalog, "list", shoot).stdout.splitlines()
    assert "group" in lines[0] and sum(" *  " in line for line in lines) == 2


def test_verdicts_heed_the_groups(shoot: Path, catalog: Path) -> None:
    photos = listed(catalog, shoot)
    soft = photos["IMG_0001.jpg"]
    assert soft["verdict"] != "keep" and soft["group"]["place"] == 4 and not soft["group"]["best"]
    if soft["reasons"][0]["name"] == "group":
        assert "of the same burst is" in soft["reasons"][0]["sentence"]
    copies = [photos["IMG_0020.jpg"], photos["backup/IMG_0020.jpg"]]
    assert sorted(photo["verdict"] == "delete" for photo in copies) == [False, True]
    bracket = [photos[f"IMG_{n:04}.jpg"] for n in (10, 11, 12)]
    assert all(photo["group"]["protected"] and photo["reasons"][0]["name"] != "group" for photo in bracket)
    assert photos["IMG_0000.jpg"]["group"]["id"] == soft["group"]["id"]


def test_one_verdict_whichever_folder_is_asked_for(shoot: Path, catalog: Path) -> None:
    whole = listed(catalog, shoot)["backup/IMG_0020.jpg"]
    part = json.loads(run(catalog, "list", shoot / "backup", "--format", "json").stdout)
    assert part == [whole]
    explained = json.loads(run(catalog, "explain", shoot / "backup" / "IMG_0020.jpg", "--json").stdout)
    assert explained["verdict"] == whole["verdict"] and explained["group"] == whole["group"]


def test_assess_with_groups(shoot: Path, tmp_path: Path) -> None:
    lines = run(tmp_path / "none.db", "assess", shoot, "--json", "--groups").stdout.splitlines()
    kinds = [group["kind"] for line in lines if (group := json.loads(line)["group"]) is not None]
    assert sorted(kinds) == ["bracket"] * 3 + ["burst"] * 4 + ["duplicates"] * 2


def test_a_number_of_must_haves(shoot: Path, catalog: Path, tmp_path: Path) -> None:
    catalog = Path(shutil.copy(catalog, tmp_path / "catalog.db"))  # nobody has it open: it is whole
    before = listed(catalog, shoot)
    run(catalog, "cull", shoot, "--keep", "2")
    after = listed(catalog, shoot)
    kept = [name for name, photo in after.items() if photo["verdict"] == "keep"]
    assert len(kept) == 2
    gone = {name for name, photo in before.items() if photo["verdict"] == "delete"}
    assert gone == {name for name, photo in after.items() if photo["verdict"] == "delete"}
    run(catalog, "choose", shoot / "IMG_0001.jpg", "--keep")
    after = listed(catalog, shoot)
    assert after["IMG_0001.jpg"]["verdict"] == "keep" and sum(p["verdict"] == "keep" for p in after.values()) == 2
    run(catalog, "cull", shoot)  # without it, the last word is: as many as there are
    again = listed(catalog, shoot)
    assert {n for n in before if n != "IMG_0001.jpg" and before[n]["verdict"] != again[n]["verdict"]} == set()


def test_a_slip_of_the_pen_is_said_at_once(shoot: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(build(), ["cull", str(shoot), "--keep", "lots", "--catalog", str(tmp_path / "c.db")])
    assert done.exit_code == 2 and "write it as 300 or as 20%" in done.output
    assert not (tmp_path / "c.db").exists()
