"""How much work a photo costs, in operations and not in seconds: what must not creep in again, on any computer."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import scenes
from app_world import World, build_world
from counting import Counts, counted, statements
from keepers import sample
from keepers.io import files
from keepers.io.picture import HALVE_FROM
from keepers.io.scan import scan
from keepers.models.faces import COARSE, LONG_SIDE
from keepers.pipeline.executors import CHUNK
from keepers.pipeline.score import Network, build_scorer
from keepers.types import Report
from review_world import NAMES, PictureWorld, ids, opened, picture_world

LARGE, SMALL = ("large", "turned"), ("small", "face", "group")
RESIZED = 11
"""Pixels that all resizing of a photo together reads, over those of its frame: the pyramid of the noise and the tiles,
the views of networks and faces, grouping and composition."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of more and of fewer than 8 megapixels, one of them on its side, with one face, some and none."""
    root = tmp_path_factory.mktemp("counted")
    big = cv2.resize(scenes.leaves(1, 660, 1000), (3600, 2400), interpolation=cv2.INTER_CUBIC)
    lying = Image.Exif()
    lying[0x112] = 6
    face = np.asarray(Image.open(Path(sample.__file__).parent / "data" / "astronaut.jpg"))[:256, 128:384]
    crowd = np.tile(cv2.resize(face, (100, 100), interpolation=cv2.INTER_AREA), (10, 16, 1))
    for name, rgb, exif in (
        ("large", big, Image.Exif()),
        ("turned", big, lying),
        ("small", scenes.leaves(2, 800, 1200), Image.Exif()),
        ("face", cv2.resize(face, (700, 700), interpolation=cv2.INTER_CUBIC), Image.Exif()),
        ("group", crowd, Image.Exif()),
    ):
        Image.fromarray(rgb).save(root / f"{name}.jpg", quality=85, exif=exif)
    return root


@cache
def run_of(path: Path) -> tuple[Report, Counts]:
    """The report of one photo, and what it took once everything was loaded."""
    with counted() as counts:
        scorer = build_scorer(Network())
        counts.calls.clear()
        counts.pixels.clear()
        (source,) = scan([path])
        report = scorer(source)
    assert report.error is None, report.error
    return report, counts


@pytest.mark.parametrize("name", [*LARGE, *SMALL])
def test_a_photo_is_decoded_once_and_a_large_one_at_half_scale(folder: Path, name: str) -> None:
    report, counts = run_of(folder / f"{name}.jpg")
    assert report.photo is not None
    pixels = report.photo.width * report.photo.height
    assert (pixels >= HALVE_FROM) == (name in LARGE)
    assert counts.calls["decode"] == 1
    assert counts.pixels["decode"] == (pixels // 4 if name in LARGE else pixels)
    assert counts.calls["encode"] == 0, "measuring writes no pictures"


@pytest.mark.parametrize("name", [*LARGE, *SMALL])
def test_a_photo_runs_each_network_once(folder: Path, name: str) -> None:
    report, counts = run_of(folder / f"{name}.jpg")
    assert counts.calls["run whole"] == 1 and counts.pixels["run whole"] == 224**2
    assert counts.calls["run patches"] == 1, "all patches of a photo go together"
    assert counts.pixels["run patches"] <= 12 * 96**2
    # A view of 960 pixels and a small one; where a group is, a finer one.
    assert counts.calls["run faces"] == (3 if name == "group" else 2 if max(_size(report)) > COARSE else 1)
    assert counts.pixels["run faces"] <= (LONG_SIDE**2 if name != "group" else 3 * LONG_SIDE**2)
    assert counts.calls["session"] == counts.calls["own network"] == 0, "networks are loaded before"


def _size(report: Report) -> tuple[int, int]:
    assert report.photo is not None
    return report.photo.width, report.photo.height


@pytest.mark.parametrize("name", [*LARGE, *SMALL])
def test_resizing_reads_a_frame_a_few_times(folder: Path, name: str) -> None:
    report, counts = run_of(folder / f"{name}.jpg")
    faces = len(report.faces)
    assert counts.pixels["resize"] <= RESIZED * counts.pixels["decode"] + faces * 500_000
    assert counts.pixels["convert"] <= counts.pixels["decode"]


def test_a_larger_photo_costs_the_networks_no_more(folder: Path, tmp_path: Path) -> None:
    Image.fromarray(scenes.leaves(2, 1600, 2400)).save(tmp_path / "twice.jpg", quality=85)
    one, other = (run_of(path)[1] for path in (folder / "small.jpg", tmp_path / "twice.jpg"))
    runs = [{what: n for what, n in counts.calls.items() if what.startswith("run")} for counts in (one, other)]
    assert runs[0] == runs[1]
    assert {n for what, n in one.pixels.items() if what.startswith("run")} == {
        n for what, n in other.pixels.items() if what.startswith("run")
    }


@pytest.mark.parametrize("threads", [1, 3])
def test_all_photos_and_threads_of_a_process_share_three_sessions(folder: Path, threads: int) -> None:
    sources = scan([folder])
    with counted() as counts:
        scorer = build_scorer(Network())
        with ThreadPoolExecutor(threads) as pool:
            reports = list(pool.map(scorer, sources * 2))
    assert not [report.error for report in reports if report.error]
    assert counts.calls["session"] == 3, "one a network: whole photos, patches, faces"
    assert counts.calls["own network"] <= 2 * (threads + 1), "OpenCV's two keep state, so every thread has its own"
    assert counts.calls["decode"] == len(reports)


def test_a_photo_is_opened_and_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_: Counter[str] = Counter()
    real = files._refuse

    def heard(name: str, facts: Any) -> None:
        opened_[name] += 1
        real(name, facts)

    monkeypatch.setattr(files, "_refuse", heard)
    scorer = build_scorer(Network("none"))
    for source in scan([folder]):
        assert scorer(source).error is None
    assert set(opened_.values()) == {2}, "before opening it, and once it is open"


# The catalog


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(tmp_path, monkeypatch)


def _culled(world: World, names: list[str]) -> Counter[str]:
    world.add(*names)
    with statements() as found:
        world.cull()
    return found


def test_facts_are_committed_by_the_chunk(world: World) -> None:
    few = _culled(world, [f"a{n}.jpg" for n in range(4)])
    world.measured.clear()
    many = _culled(world, [f"b{n}.jpg" for n in range(4 + 3 * CHUNK)])
    assert len(world.measured) == 4 + 3 * CHUNK
    # Of each chunk: its facts, which of its files may hold the word of another program, and that word.
    assert 3 <= many["COMMIT"] - few["COMMIT"] <= 3 * 3
    assert many["INSERT"] >= 4 * 3 * CHUNK, "what is counted are really its statements"


def test_a_run_of_unchanged_photos_measures_and_writes_nothing_of_them(world: World) -> None:
    _culled(world, [f"a{n}.jpg" for n in range(70)])
    world.measured.clear()
    again = _culled(world, [])
    assert world.measured == []
    assert again["SELECT"] <= 40 and again["COMMIT"] <= 6


def test_an_unchanged_run_asks_as_often_however_many_photos_there_are(world: World) -> None:
    asked = []
    for count in (10, 100):
        _culled(world, [f"{count}-{n}.jpg" for n in range(count)])
        asked.append(_culled(world, [])["SELECT"])
    assert asked[0] == asked[1]


# The page


def _asked(here: PictureWorld, count: int) -> dict[str, int]:
    """SELECTs of each thing that a page asks for."""
    here.take(*NAMES, *(f"more{n}.jpg" for n in range(count)))
    asked = {}
    with statements() as found:
        desk = here.desk()
        try:
            shoot = opened(desk, here.shoot)
            some = list(ids(shoot).values())[:1]
            for what, verb in {
                "shoots": desk.shoots,
                "shoot": lambda: desk.shoot(shoot.id).to_json(),
                "details": lambda: desk.details(some[0]),
                "choose": lambda: shoot.choose(some, "keep"),
                "mark": lambda: shoot.mark(some, 3),
                "undo": shoot.undo,
                "row": lambda: shoot.row(some[0]),
            }.items():
                found.clear()
                verb()
                asked[what] = found["SELECT"] + found["PRAGMA"]
        finally:
            desk.close()
    return asked


def test_what_the_page_asks_costs_as_many_queries_with_ten_times_the_photos(tmp_path: Path) -> None:
    asked = []
    for count in (5, 95):
        root = tmp_path / str(count)
        root.mkdir()
        with picture_world(root) as here:
            asked.append(_asked(here, count))
    assert asked[0] == asked[1]
    assert asked[0]["row"] == 0, "it is in memory"
    assert max(asked[0].values()) <= 8


# Imports


HEAVY = {"numpy", "cv2", "onnxruntime", "openvino", "PIL", "rawpy", "simplejpeg", "lxml", "flask", "sqlite3", "rich"}


def _loaded(code: str) -> set[str]:
    code += "\nimport sys; print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_the_help_of_no_command_loads_anything_heavy() -> None:
    code = """
import typer
from keepers import cli
def walk(command, path):
    command.get_help(typer.Context(command, info_name=path))
    for name, inner in getattr(command, "commands", {}).items():
        walk(inner, path + " " + name)
walk(typer.main.get_command(cli.build()), "keepers")
"""
    assert not _loaded(code) & HEAVY


def test_scoring_loads_neither_the_page_nor_the_terminal_nor_other_engines() -> None:
    code = "from keepers.pipeline.score import Network, build_scorer; build_scorer(Network())"
    loaded = _loaded(code)
    assert {"cv2", "onnxruntime"} <= loaded
    assert not loaded & {"flask", "rich", "typer", "sqlite3", "openvino", "torch", "scipy", "matplotlib", "timm"}
