"""The dataset maker: what it writes, that it repeats itself, and that splits do not leak."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner

from keepers import cli
from keepers.dataset import build as maker
from keepers.dataset import labels, plan
from keepers.dataset.show import show
from keepers.errors import NotFound, NothingToDo, Refused, UserError
from keepers.flaws import Flaw
from keepers.types import LABELS


def clean_photos(folder: Path, count: int = 8) -> Path:
    """Small pictures, no two alike."""
    folder.mkdir()
    for number in range(count):
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
        picture = Image.fromarray(coarse).resize((400, 300), Image.Resampling.BICUBIC)
        picture.save(folder / f"photo{number}.jpg", quality=92)
    return folder


def build(tmp_path: Path, name: str = "out", clean: Path | None = None, **changes: object) -> maker.Built:
    source = clean or clean_photos(tmp_path / "clean")
    settings_ = maker.Settings(**{"sources": 0, **changes})  # type: ignore[arg-type]
    return maker.build(source, tmp_path / name, settings_)


def digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.*")):
        whole.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


def test_one_folder_a_class_and_a_row_a_photo(tmp_path: Path) -> None:
    built = build(tmp_path)
    counts = Counter(row.label for row in built.rows)
    assert counts == {"original": 8, **{label: 8 * n for label, n in plan.VARIANTS.items()}}
    for row in labels.read(built.out):
        assert (built.out / row.path).is_file()
        assert row.path.split("/")[0] == row.label
    assert {path.name for path in built.out.iterdir() if path.is_dir()} == set(LABELS)
    assert labels.read(built.out) == list(built.rows) or [r.path for r in labels.read(built.out)] == [
        r.path for r in built.rows
    ]


def test_a_study_of_120_sources_has_about_1700_photos() -> None:
    assert 120 * (1 + sum(plan.VARIANTS.values())) == 1680


def test_same_seed_same_bytes_other_seed_other_photos(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 4)
    one, same = build(tmp_path, "one", clean), build(tmp_path, "same", clean)
    other = build(tmp_path, "other", clean, seed=1)
    assert digest(one.out) == digest(same.out)
    assert digest(one.out) != digest(other.out)


def test_originals_are_only_read(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 3)
    before = digest(clean)
    build(tmp_path, clean=clean)
    assert digest(clean) == before


def test_duplicates_are_dropped_by_content_and_by_picture(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 3)
    (clean / "copy.jpg").write_bytes((clean / "photo0.jpg").read_bytes())
    Image.open(clean / "photo1.jpg").resize((380, 285)).save(clean / "smaller.png")
    built = build(tmp_path, clean=clean)
    assert len({row.source_id for row in built.rows}) == 3
    assert len(built.skipped) == 2
    assert all("same picture" in sentence for _, sentence in built.skipped)


def test_unreadable_and_tiny_sources_are_reported_and_skipped(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 3)
    (clean / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    Image.new("RGB", (64, 64), "red").save(clean / "tiny.png")
    built = build(tmp_path, clean=clean)
    assert {path.name for path, _ in built.skipped} == {"broken.jpg", "tiny.png"}


def test_only_as_many_sources_as_asked_for(tmp_path: Path) -> None:
    built = build(tmp_path, sources=5)
    assert len({row.source_id for row in built.rows}) == 5


def test_an_existing_folder_is_refused_and_force_replaces_only_datasets(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 2)
    built = build(tmp_path, clean=clean)
    with pytest.raises(Refused, match="--force"):
        build(tmp_path, clean=clean)
    maker.build(clean, built.out, maker.Settings(sources=1), force=True)
    assert len({row.source_id for row in labels.read(built.out)}) == 1
    holiday = tmp_path / "holiday"
    holiday.mkdir()
    (holiday / "only copy.jpg").write_bytes(b"precious")
    with pytest.raises(Refused, match="will not replace"):
        maker.build(clean, holiday, force=True)
    assert (holiday / "only copy.jpg").read_bytes() == b"precious"


def test_nothing_is_left_behind_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises((NothingToDo, NotFound)):
        maker.build(tmp_path / "empty", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.partial").exists()


@pytest.mark.parametrize("blur", plan.BLURS)
@pytest.mark.parametrize("shake", plan.SHAKES)
def test_the_flaws_that_were_asked_for(blur: str, shake: str) -> None:
    made = {
        item.flaw
        for source in ("00ab", "00ac")
        for item in plan.plan_source(source * 8, 0, plan.VARIANTS, plan.recipes(blur, shake))
    }
    assert set(plan.BLURS[blur]) <= made
    assert set(plan.SHAKES[shake]) <= made
    assert ("defocus" in made) == (blur != "gaussian")
    assert ("hand_shake" in made) == (shake != "study")


@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 60), seed=st.integers(0, 2**31))
def test_by_source_never_splits_a_source(count: int, seed: int) -> None:
    sources = [hashlib.md5(str(n).encode()).hexdigest() for n in range(count)]
    items = [i for s in sources for i in plan.plan_source(s, seed, plan.VARIANTS, plan.recipes())]
    sides = plan.split(items, "by-source", seed)
    seen: dict[str, set[str]] = {}
    for item, side in zip(items, sides, strict=True):
        seen.setdefault(item.source_id, set()).add(side)
    assert all(len(side) == 1 for side in seen.values())


def test_random_splits_leak_as_the_study_did() -> None:
    sources = [hashlib.md5(str(n).encode()).hexdigest() for n in range(30)]
    items = [i for s in sources for i in plan.plan_source(s, 0, plan.VARIANTS, plan.recipes())]
    sides = plan.split(items, "random", 0)
    seen: dict[str, set[str]] = {}
    for item, side in zip(items, sides, strict=True):
        seen.setdefault(item.source_id, set()).add(side)
    assert sum(len(side) > 1 for side in seen.values()) == 30
    shares = Counter(sides)
    for name, share in plan.SHARES.items():
        assert shares[name] / len(sides) == pytest.approx(share, abs=0.01)


def test_a_source_is_made_alike_whatever_else_is_there() -> None:
    source = hashlib.md5(b"a").hexdigest()
    assert plan.plan_source(source, 4, plan.VARIANTS, plan.recipes()) == plan.plan_source(
        source, 4, plan.VARIANTS, plan.recipes()
    )


def test_unknown_protocol_is_a_sentence() -> None:
    with pytest.raises(UserError, match="by-source"):
        plan.split([], "clever", 0)


def test_what_was_drawn_stands_in_the_table(tmp_path: Path) -> None:
    built = build(tmp_path, sources=2)
    for row in labels.read(built.out):
        assert bool(row.params) == (row.label != "original")
        assert 0 <= row.severity <= 1
    facts = json.loads((built.out / "dataset.json").read_text())
    assert facts["sources_used"] == 2


def test_a_damaged_table_names_its_line(tmp_path: Path) -> None:
    built = build(tmp_path, sources=2)
    table = built.out / "labels.csv"
    table.write_text(table.read_text().replace("original,", "wonderful,", 1))
    with pytest.raises(UserError, match="line 2"):
        labels.read(built.out)
    with pytest.raises(NotFound, match=r"labels\.csv"):
        labels.read(tmp_path)


def test_show_draws_every_class(tmp_path: Path) -> None:
    built = build(tmp_path)
    rows = show(built.out, tmp_path / "figure.png", count=12)
    assert {row.label for row in rows} == set(LABELS)
    with Image.open(tmp_path / "figure.png") as figure:
        assert figure.width > 1000


def test_a_dataset_inside_its_clean_photos_is_refused(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 2)
    with pytest.raises(Refused, match="inside"):
        maker.build(clean, clean / "out")
    assert not (clean / "out").exists()


def test_a_short_side_reduces_photos_before_they_are_flawed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = clean_photos(tmp_path / "clean", 3)
    Image.open(clean / "photo0.jpg").resize((300, 400)).save(clean / "upright.png")
    seen = []

    def watched(flaw: Flaw) -> Flaw:
        def look(rgb: np.ndarray, rng: np.random.Generator, severity: float) -> tuple[np.ndarray, dict[str, float]]:
            seen.append(rgb.shape[:2])
            return flaw(rgb, rng, severity)

        return look

    monkeypatch.setattr(maker, "FLAWS", {name: watched(flaw) for name, flaw in maker.FLAWS.items()})
    built = build(tmp_path, clean=clean, short_side=256)
    assert len(seen) == sum(bool(row.flaw) for row in built.rows)
    assert {min(shape) for shape in seen} == {256}
    for row in built.rows:
        if not row.flaw:
            with Image.open(built.out / row.path) as photo, Image.open(clean / row.source) as source:
                assert min(photo.size) == 256
                assert photo.width / photo.height == pytest.approx(source.width / source.height, abs=0.01)


def test_a_short_side_changes_pixels_and_not_what_is_drawn(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 3)
    usual, small = build(tmp_path, "usual", clean), build(tmp_path, "small", clean, short_side=256)
    drawn = [[(r.path, r.flaw, r.severity, r.seed, r.split) for r in built.rows] for built in (usual, small)]
    assert drawn[0] == drawn[1]
    assert digest(usual.out) != digest(small.out)
    assert json.loads((small.out / "dataset.json").read_text())["short_side"] == 256
    assert json.loads((usual.out / "dataset.json").read_text())["short_side"] == 0


def test_a_short_side_never_enlarges(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 2)
    usual, large = build(tmp_path, "usual", clean), build(tmp_path, "large", clean, short_side=2000)
    assert {path.name: path.read_bytes() for path in usual.out.rglob("*.jpg")} == {
        path.name: path.read_bytes() for path in large.out.rglob("*.jpg")
    }


@pytest.mark.parametrize("side", [1, 255, -1])
def test_a_short_side_that_the_network_would_have_to_enlarge_is_refused(side: int, tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 2)
    with pytest.raises(UserError, match=f"{side} pixels.*256"):
        build(tmp_path, clean=clean, short_side=side)
    assert {path.name for path in tmp_path.iterdir()} == {"clean"}


@pytest.mark.parametrize(("arguments", "code"), [((), 0), (("--short-side", "256"), 0), (("--short-side", "200"), 2)])
def test_the_command_takes_a_short_side(arguments: tuple[str, ...], code: int, tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean", 2)
    command = ["dataset", "build", str(clean), str(tmp_path / "out"), "--variants", "1", *arguments]
    done = CliRunner().invoke(cli.build(), command)
    assert done.exit_code == code
    if code:
        assert "200 pixels" in done.stderr
        assert not (tmp_path / "out").exists()
        return
    with Image.open(next((tmp_path / "out" / "original").iterdir())) as photo:
        assert min(photo.size) == (256 if arguments else 300)


def test_photos_of_another_dataset_stay_on_their_side(tmp_path: Path) -> None:
    clean = clean_photos(tmp_path / "clean")
    first = build(tmp_path, "first", clean, sources=3)
    wanted = maker.Settings(sources=0, seed=5)
    more = maker.build(clean, tmp_path / "more", wanted, like=first.out)
    sides = {row.source_id: row.split for row in first.rows}
    assert all(row.split == sides[row.source_id] for row in more.rows if row.source_id in sides)
    assert len({row.source_id for row in more.rows}) > len(sides)
    with pytest.raises(UserError, match="like"):
        maker.build(clean, tmp_path / "no", maker.Settings(protocol="random"), like=first.out)
