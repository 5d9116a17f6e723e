"""`calibrate`: from a dataset to a calibration that tells its flaws from its originals."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import scenes
from keepers.app.calibrating import calibrate
from keepers.dataset import build as maker
from keepers.dataset import labelled
from keepers.errors import NotFound, NothingToDo, UserError
from keepers.pipeline.calibrate import load
from keepers.types import LABELS


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibrating")
    (folder / "clean").mkdir()
    for seed in range(20):
        Image.fromarray(scenes.leaves(seed)).save(folder / "clean" / f"{seed}.png")
    settings = maker.Settings(sources=0, variants=dict.fromkeys(LABELS[1:], 1))
    return maker.build(folder / "clean", folder / "set", settings).out


def test_fits_what_the_technical_checks_see(dataset: Path, tmp_path: Path) -> None:
    stages: list[tuple[str, int, int]] = []
    out = calibrate(
        dataset, model="none", out=tmp_path / "own.json", workers=1, progress=lambda *told: stages.append(told)
    )
    fitted = load(out)
    assert fitted.provenance.photos > 10
    assert stages[-1][1] == stages[-1][2]
    assert fitted.curves["tile_sharpness", "blurred"].slope < 0
    assert fitted.curves["noise", "noisy"].slope > 0
    assert fitted.good is not None and fitted.good.captures == fitted.good.sources > 1
    raws = np.full((2, len(fitted.checks)), np.nan)
    raws[:, fitted.checks.index("tile_sharpness")] = (-5.0, 0.0)
    blurred, crisp = fitted.fused(raws)["blurred"]
    assert blurred > crisp


def test_fits_to_photos_with_several_flaws(tmp_path: Path) -> None:
    photos = []
    for split, seeds in (("calibration", range(12)), ("val", range(12, 16))):
        (tmp_path / split).mkdir()
        for seed in seeds:
            for flaws in ((), ("blurred",), ("blurred", "noisy"), ("noisy",)):
                rgb = scenes.blurred(scenes.leaves(seed), 4.0 if "blurred" in flaws else 0.0).astype(float)
                rgb += np.random.default_rng(seed).normal(0, 25, rgb.shape) if "noisy" in flaws else 0.0
                name = f"{split}/{seed}_{'_'.join(flaws)}.png"
                Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(tmp_path / name)
                photos.append(labelled.Photo(name, flaws, f"{seed:032x}", split, grave=flaws))
    labelled.write(tmp_path, photos)
    assert labelled.read(tmp_path) == photos
    fitted = load(calibrate(tmp_path, model="none", out=tmp_path / "own.json", workers=1))
    assert fitted.provenance.photos == 48
    assert fitted.good is not None and fitted.good.sources == 16
    assert fitted.curves["noise", "noisy"].slope > 0 > fitted.curves["tile_sharpness", "blurred"].slope


def test_a_table_that_makes_no_sense_names_its_line(tmp_path: Path) -> None:
    labelled.write(tmp_path, [labelled.Photo("a.jpg", ("blurred",), "", "calibration")])
    text = (tmp_path / labelled.NAME).read_text(encoding="utf-8")
    (tmp_path / labelled.NAME).write_text(text.replace("blurred", "crooked"), encoding="utf-8")
    with pytest.raises(UserError, match="line 2"):
        calibrate(tmp_path, model="none", out=tmp_path / "own.json")


def test_the_shipped_calibration_is_not_overwritten_unasked(dataset: Path) -> None:
    with pytest.raises(UserError, match="--out"):
        calibrate(dataset)


def test_without_calibration_photos_it_says_so(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"labels\.csv"):
        calibrate(tmp_path, out=tmp_path / "own.json")
    table = (dataset / "labels.csv").read_text()
    (tmp_path / "labels.csv").write_text(table.replace(",calibration\n", ",train\n"))
    with pytest.raises(NothingToDo, match="calibration"):
        calibrate(tmp_path, out=tmp_path / "own.json")
