"""A quick look sorts roughly, condemns nothing, praises nothing, and gives way to a cull."""

from pathlib import Path

import numpy as np
import pytest

from keepers import app
from keepers.catalog.db import Catalog
from keepers.catalog.marks import Mark
from keepers.io import thumbs
from keepers.pipeline.quick import CHECKS, QUICK, is_quick
from preview_makers import jpeg, with_exif


@pytest.fixture
def world(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("KEEPERS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KEEPERS_CATALOG", str(tmp_path / "catalog.db"))
    shoot = tmp_path / "shoot"
    shoot.mkdir()
    for name, rgb in pictures().items():
        small = rgb[::4, ::4] // 2 + rgb[2::4, 2::4] // 2
        (shoot / f"{name}.jpg").write_bytes(with_exif(jpeg(rgb), jpeg(small)))
    return shoot


def pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    fine = np.kron(rng.integers(20, 230, (120, 180, 3), np.uint8), np.ones((4, 4, 1), np.uint8))
    return {"fine": fine, "black": fine // 60, "white": 255 - fine // 80}


def culled(shoot: Path, **more) -> app.Shoot:
    return app.cull(shoot, model="none", workers=1, **more)


def test_everything_is_a_maybe_that_says_so_and_the_worst_come_last(world: Path) -> None:
    shoot = culled(world, quick=True)
    assert shoot.counts == {"keep": 0, "maybe": 3, "delete": 0} and shoot.quick == shoot.measured == 3
    for opinion in shoot.opinions:
        assert opinion.verdict is not None and is_quick(opinion.report)
        assert opinion.verdict.reasons[-1].name == "quick" and "without --quick" in opinion.verdict.would_change
        assert {m.check for m in opinion.report.measurements} <= set(CHECKS)
        assert app.to_json(opinion)["model"] == QUICK
        assert opinion.report.photo is not None
        assert thumbs.place(world.parent / "cache", opinion.report.photo.id).is_file()
    assert shoot.of("maybe")[-1].path.name == "fine.jpg"


def test_wishes_do_not_make_must_haves_of_what_nobody_measured(world: Path) -> None:
    assert culled(world, quick=True, keep="2", strictness="strict").counts["maybe"] == 3


def test_the_next_cull_measures_and_what_a_person_said_stays(world: Path) -> None:
    first = culled(world, quick=True)
    black = next(o for o in first.opinions if o.path.name == "black.jpg").report.photo
    assert black is not None
    with Catalog(first.catalog) as store:
        store.choose(black.id, "keep")
        store.mark([(black.id, Mark(4, "red"))])
    again = culled(world, quick=True)
    assert again.measured == 0 and again.counts == {"keep": 1, "maybe": 2, "delete": 0}
    full = culled(world)
    assert full.measured == 3 and full.quick == 0
    measured = next(o for o in full.opinions if o.path.name == "black.jpg")
    assert measured.report.photo is not None and measured.report.photo.id != black.id
    assert measured.verdict is not None and measured.verdict.verdict == "keep"
    with Catalog(first.catalog) as store:
        assert store.marks()[measured.report.photo.id] == Mark(4, "red")
    after = culled(world, quick=True)
    assert after.measured == 0 and after.quick == 0
    assert [o.verdict for o in after.opinions] == [o.verdict for o in full.opinions]


def test_a_file_that_changed_since_takes_nothing_over(world: Path) -> None:
    first = culled(world, quick=True)
    fine = next(o for o in first.opinions if o.path.name == "fine.jpg").report.photo
    assert fine is not None
    with Catalog(first.catalog) as store:
        store.choose(fine.id, "delete")
    (world / "fine.jpg").write_bytes(jpeg(pictures()["fine"][::-1]))
    found = next(o for o in culled(world).opinions if o.path.name == "fine.jpg")
    assert found.verdict is not None and "chose" not in found.verdict.reasons[0].sentence


def test_what_cannot_be_read_is_tried_again(world: Path) -> None:
    (world / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    assert len(culled(world, quick=True).unreadable) == 1
    assert len(culled(world).unreadable) == 1
