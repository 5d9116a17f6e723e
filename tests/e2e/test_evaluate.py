"""`keepers evaluate` as a photographer with a table of own photos runs it."""

import json
import shutil
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from keepers import sample
from keepers.cli import build


def run(*arguments: object) -> Result:
    return CliRunner().invoke(build(), ["evaluate", *map(str, arguments)])


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample shoot: it comes with a labels.csv."""
    folder = tmp_path_factory.mktemp("shoot") / "a shoot"
    sample.make(folder)
    return folder


def test_the_sample_shoot_is_measured_and_left_as_it_is(shoot: Path, tmp_path: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in shoot.iterdir()}
    done = run(shoot, "--json", tmp_path / "all.json", "--out", tmp_path / "report", "--beside", "none")
    assert done.exit_code == 0, done.output
    assert {path.name: path.stat().st_mtime_ns for path in shoot.iterdir()} == before
    (one,) = json.loads((tmp_path / "all.json").read_text())["datasets"]
    assert one["photos"] == 24 and one["scenes"] == 6
    assert one["false_rejects"]["keepers"]["count"] == 0 < one["false_rejects"]["keepers"]["total"]
    asked = {q["name"]: {s["system"]: s for s in q["systems"]} for q in one["questions"]}
    assert asked["unsharp"]["keepers"]["auc"]["value"] > asked["unsharp"]["Laplacian variance"]["auc"]["value"]
    assert "no network" in asked["unsharp"]
    text = (tmp_path / "report" / "report.md").read_text()
    assert "Good photos lost" in text and "blur of any kind" in text
    figures = {path.stem for path in (tmp_path / "report").glob("*/*.png")}
    assert {"roc", "reliability", "confusion"} <= figures and all(f"/{name}.png)" in text for name in figures)


def test_a_table_of_own_photos_with_own_words(shoot: Path, tmp_path: Path) -> None:
    for name in ("KPR_0001.JPG", "KPR_0004.JPG"):
        shutil.copy(shoot / name, tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    table = tmp_path / "mine.csv"
    table.write_text("Photo;Judgement\nKPR_0001.JPG;fine\nKPR_0004.JPG;bin it\nbroken.jpg;fine\ngone.jpg;fine\n")
    done = run(table, "--map", "fine=good", "--map", "bin it=blurred", "--column", "label=Judgement")
    assert done.exit_code == 0, done.output
    assert "0 of 1" in done.output and "| blur of any kind | 1 / 1 |" in done.output
    assert "2 could not be read" in done.output and "line 4: broken.jpg" in done.output and "gone.jpg" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "fine"], ["--map fine", "KEY=VALUE"]),
        (["--map", "fine=nice"], ["nice", "blurred"]),
        (["--column", "label=verdict"], ["mine.csv", "verdict", "file"]),
        ([], ["mine.csv", "nowhere.jpg", "relative"]),
    ],
)
def test_slips_end_with_a_sentence(tmp_path: Path, arguments: list[str], words: list[str]) -> None:
    table = tmp_path / "mine.csv"
    table.write_text("file,label\nnowhere.jpg,good\n")
    done = run(table, *arguments)
    assert done.exit_code == 2 and all(word in done.output for word in words), done.output
    assert "Traceback" not in done.output


def explain(*arguments: object) -> Result:
    environment = {"KEEPERS_CATALOG": str(Path(str(arguments[0])).parent / "none.db")}
    return CliRunner().invoke(build(), ["explain", *map(str, arguments)], env=environment)


def test_an_explanation_can_be_seen(shoot: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "why.png"
    done = explain(shoot / "KPR_0002.JPG", "-o", target)
    assert done.exit_code == 0 and "camera shake" in done.output, done.output
    whole = cv2.imread(str(target))
    assert whole.shape[1] == 1600
    fewer = explain(shoot / "KPR_0002.JPG", "-o", tmp_path / "less.jpg", "--layers", "highlights, shadows")
    assert fewer.exit_code == 0 and cv2.imread(str(tmp_path / "less.jpg")).shape[1] == 1600


def test_what_cannot_be_drawn_is_said(shoot: Path, tmp_path: Path) -> None:
    wrong = explain(shoot / "KPR_0002.JPG", "-o", tmp_path / "why.txt")
    assert wrong.exit_code == 2 and ".png" in wrong.output
    unknown = explain(shoot / "KPR_0002.JPG", "-o", tmp_path / "why.png", "--layers", "halo")
    assert unknown.exit_code == 2 and "halo" in unknown.output and "sharpness" in unknown.output
    assert explain(shoot / "KPR_0002.JPG", "--layers", "shake").exit_code == 2
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    broken = explain(tmp_path / "broken.jpg", "-o", tmp_path / "why.png")
    assert broken.exit_code == 1 and not (tmp_path / "why.png").exists()
