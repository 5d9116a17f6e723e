"""Floors, peaks, meters and made photos: small, but measured for real."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from keepers import app
from keepers.app.benching import made, peak
from keepers.app.benching.floors import FLOORS
from keepers.app.benching.meter import Meter, resident
from keepers.app.benching.passes import Once, few_of
from keepers.errors import UserError
from keepers.io.decode import read
from keepers.io.scan import scan
from keepers.models import zoo

SMALL = (640, 480)


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three JPEGs and a RAW of a size that tests can bear."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made, "SIZES", {1: SMALL})
        patch.setattr(made, "PREVIEW", 64)
        root = tmp_path_factory.mktemp("made")
        made.make(root, made.Wanted(1, 3), 2, lambda done: None)
        made.make(root, made.Wanted(1, 1, "RAW"), 1, lambda done: None)
    return root


def test_made_photos_weigh_what_a_cameras_do_and_are_the_same_everywhere(shoot: Path) -> None:
    paths = sorted(shoot.rglob("*.JPG"))
    sizes = [path.stat().st_size / (SMALL[0] * SMALL[1]) for path in paths]
    assert np.allclose(sizes, made.BYTES_PER_PIXEL, rtol=0.2)
    assert paths[0].read_bytes().startswith(b"\xff\xd8\xff\xe2") and paths[0].read_bytes() != paths[1].read_bytes()
    again = made.jpeg(made.photo(0, SMALL), 0)
    assert again[2:] in paths[0].read_bytes()
    assert simplejpeg.decode_jpeg_header(paths[0].read_bytes())[3] == "422"


def test_made_photos_are_bursts_and_raw_files_show_their_jpeg(shoot: Path) -> None:
    found = [read(source) for source in scan([shoot])]
    assert {frame.origin for _, frame in found} == {"image", "preview"}
    assert all((photo.width, photo.height) == SMALL for photo, _ in found)
    moments = sorted(photo.camera.captured_at for photo, _ in found if photo.camera.captured_at)
    assert (moments[-1] - moments[0]).total_seconds() < 1 and len(set(moments)) == 3
    assert {(photo.camera.iso, photo.camera.f_number, photo.camera.focal_mm) for photo, _ in found} == {(800, 2.8, 85)}


def test_made_photos_hold_a_preview_that_a_quick_look_finds(monkeypatch, tmp_path: Path) -> None:
    from keepers.io import preview

    monkeypatch.setattr(made, "SIZES", {4: (2400, 1600)})
    folder = made.make(tmp_path, made.Wanted(4, 1), 1, lambda done: None)
    monkeypatch.setattr(preview, "read", lambda *_: pytest.fail("the whole photo was decoded"))
    (source,) = scan([folder])
    photo, frame = preview.glimpse(source)
    assert (photo.width, photo.height) == (2400, 1600) and max(frame.rgb.shape) <= 640
    assert read(source)[1].rgb.shape[1] == 2400


def test_photos_that_are_there_are_used_and_others_go(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(made, "SIZES", {1: SMALL})
    folder = made.make(tmp_path, made.Wanted(1, 2), 1, lambda done: None)
    before = (folder / "BENCH_0000.JPG").stat().st_mtime_ns
    made.make(tmp_path, made.Wanted(1, 1), 1, lambda done: None)
    assert [path.name for path in folder.iterdir()] == ["BENCH_0000.JPG"]
    assert (folder / "BENCH_0000.JPG").stat().st_mtime_ns == before
    with pytest.raises(UserError, match="choose among 1"):
        made.make(tmp_path, made.Wanted(7, 1), 1, lambda done: None)


def test_more_grain_makes_a_larger_file() -> None:
    flat = np.full((128, 128, 3), 128, np.uint8)
    lengths = [len(made.jpeg(made.grained(flat, s, np.random.default_rng(1)))) for s in (0, 3, 9)]
    assert lengths[0] < lengths[1] < lengths[2]


def test_every_floor_is_measured_on_a_real_cull(shoot: Path) -> None:
    result = app.bench(shoot, workers=1)
    assert {lot.name for lot in result.lots} == {"photos", "RAW"} and result.unreadable == 0
    for lot in result.lots:
        assert [floor.name for floor in lot.floors] == [*FLOORS, "write"]
        assert all(0 < floor.limit_ms <= floor.bare_ms for floor in lot.floors)
        assert {"read", "hash", "decode", "faces", "tiles", "networks", "checks"} <= set(lot.stages)
        assert lot.quick_s is not None and lot.quick_s > 0
        assert lot.whole.cpu_ms > 0 and [one.workers for one in lot.passes] == [1]
    assert len(result.operations) == 2 and result.peak_int8 and result.peak_fp32


def test_the_operations_of_a_known_network() -> None:
    """EfficientNet-Lite0 needs 407 million multiplications and additions for 224 x 224, its authors say."""
    assert "efficientnet_lite0" in zoo.describe().metadata.name
    needed = peak.operations(zoo.packaged().read_bytes(), np.zeros((1, 3, 224, 224), np.float32))
    assert needed == pytest.approx(2 * 0.407, rel=0.08)


@pytest.mark.parametrize("kind", ["int8", "fp32"])
def test_a_peak_is_a_plausible_number(kind: str) -> None:
    assert 1 < peak.peak(kind) < 1e5


def test_a_meter_counts_what_children_spend() -> None:
    burn = "import time; data = bytearray(80_000_000); end = time.process_time() + .3\n"
    burn += "while time.process_time() < end: pass"
    with Meter() as meter:
        subprocess.run([sys.executable, "-c", burn], check=True)
    assert meter.seconds > 0.25
    if sys.platform == "linux":
        assert meter.children_s >= 0.3 > meter.own_s
        assert meter.peak_bytes is not None and meter.peak_bytes > resident("self") + 50_000_000


@pytest.mark.parametrize(("photos", "workers"), [(3, 1), (5, 2), (24, 2), (24, 16), (100, 16)])
def test_the_start_is_told_apart_only_where_enough_photos_are_left(photos: int, workers: int) -> None:
    few = few_of(photos, workers)
    assert few == 0 or (few >= workers and photos - few >= few)


@pytest.mark.parametrize("start", [0.0, 1.0, 30.0])
def test_the_start_does_not_change_the_pace(start: float) -> None:
    cull, pictures = Meter(), Meter()
    arrivals = [start + 0.1 * n for n in range(1, 25)]
    cull.seconds, pictures.seconds = arrivals[-1] + 0.2, 0.5
    one = Once([], arrivals, cull, pictures, Meter())
    assert one.steady(2) == pytest.approx(2.4 + 0.2 + 0.5)
    assert one.steady(0) == pytest.approx(start + 2.4 + 0.2 + 0.5)
