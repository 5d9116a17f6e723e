# ruff: noqa: E402 (torchvision must be mended before timm is asked for)
"""The report over runs with made-up answers: what it says is what the runs hold, and what is missing is said."""

import dataclasses
import html
import itertools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the [train] extra is not installed")
pytest.importorskip("matplotlib", reason="the [train] extra is not installed")
pytest.importorskip("markdown_it", reason="the [train] extra is not installed")
from keepers.train.mend import mend_torchvision

mend_torchvision()
pytest.importorskip("timm", reason="the [train] extra is not installed")

from PIL import Image
from study_makers import begun, finished

from keepers.dataset.labels import Row
from keepers.errors import NothingToDo, Refused
from keepers.train import evaluate, experiments, figures, report, report_facts, report_model, study
from keepers.train import report_photos as photos
from keepers.train.report_html import html as to_html
from keepers.train.report_html import write_html

pytestmark = [pytest.mark.train, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

STUDY = """
title = "Which one?"
best_seeds = [0, 1]
[dataset]
sources = 0
variants = 1
short_side = 256
[defaults]
pooling = "avg"
[[experiment]]
row = "frozen"
title = "only the head"
backbone = "resnet50"
unfrozen = "head"
views = 4
original = 0.5
[[experiment]]
row = "half"
title = "a | b"
backbone = "resnet50"
original = 1.1
[[experiment]]
row = "all"
backbone = "vgg16"
unfrozen = "all"
"""
PAIR = study.parse(STUDY, "pair")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the datasets of both protocols and no run."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "clean").mkdir()
    for number in range(18):
        coarse = np.random.default_rng(number).integers(0, 255, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((360, 270), Image.Resampling.NEAREST).save(folder / "clean" / f"{number}.png")
    options = experiments.Options(folder / "empty", photos=folder / "clean")
    for protocol in PAIR.protocols:
        experiments.data(PAIR, options, protocol)
    return folder / "empty"


@pytest.fixture(scope="module")
def out(built: Path) -> Path:
    """A study whose second experiment validates best and tests no better, with a failed run in a second study."""
    folder = built.parent / "out"
    shutil.copytree(built, folder)
    for protocol in PAIR.protocols:
        for place, (accuracy, ms) in enumerate([(0.7, 8.0), (0.97, 20.0), (0.9, 300.0)]):
            finished(PAIR, folder, protocol, place, accuracy, ms=ms)
        finished(PAIR, folder, protocol, 1, 0.95, seed=1, ms=20.0)
    other = dataclasses.replace(PAIR, name="other")
    shutil.copytree(folder / "pair" / "data", folder / "other" / "data")
    run = begun(other, folder, "random", 0, 0.5)
    facts = json.loads((run / "experiment.json").read_text())
    (run / "experiment.json").write_text(json.dumps(facts | {"error": "The weights are gone; fetch them."}))
    begun(other, folder, "random", 1, 0.5)
    return folder


@pytest.fixture(scope="module")
def document(out: Path) -> report_model.Document:
    folder = out.parent / "report"
    folder.mkdir()
    (folder / "NOTES.md").write_text("# Why\n\n<b>bold</b> ![mine](mine.png) ![not mine](../clean/0.png)\n")
    Image.new("RGB", (4, 4)).save(folder / "mine.png")
    return report.build(out, folder)


def section(document: report_model.Document, title: str) -> str:
    whole = report_model.markdown(document)
    return whole.split(f"\n## {title}\n")[1].split("\n## ")[0]


def row_of(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_every_figure_is_written_named_and_light(document: report_model.Document, tmp_path: Path) -> None:
    path = report_model.write_markdown(document, tmp_path / "made")
    named = re.findall(r"^!\[.+\]\((.+)\)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) - {"mine.png"} == {item.name for item in path.parent.iterdir()} - {"README.md"}
    assert all(item.stat().st_size < 400_000 for item in path.parent.iterdir())
    kinds = {name.split("-")[0] for name in named}
    assert {"best", "curves", "latency", "severity", "mistakes", "photos"} <= kinds


def test_results_stand_beside_the_original_with_their_marks(document: report_model.Document, out: Path) -> None:
    text = section(document, "Results").split("### pair")[1]
    frozen, half, whole = (row_of(text, name) for name in ("resnet50-frozen", "resnet50-half", "vgg16-all"))
    assert frozen[2:4] == ["head, 4 views", ".500"]
    assert half[1] == r"a \| b" and whole[3] == "-"
    for place, protocol in ((4, "random"), (5, "by-source")):
        trial = next(t for t in report_facts.survey(out).of("pair", protocol) if t.name == "resnet50-half")
        mean = np.mean([json.loads((run.run / "test.json").read_text())["accuracy"] for run in trial.done])
        assert report_model.share(float(mean)) in half[place]
        assert "★" in half[place] and "▽" in half[place] and "±" in half[place]
        assert "★" not in frozen[place] + whole[place]
        assert "○" in frozen[place] and "▽" not in frozen[place] and "▽" not in whole[place]
    assert "over 2 seeds" in text
    assert half[-1] == "20" and whole[-1] == "300"


def test_a_row_with_another_network_than_the_originals_is_marked() -> None:
    twelve = study.read("twelve")
    swapped = twelve.instead({"efficientnet_b0": "efficientnet_lite0"})

    def other(which: study.Study, place: int) -> str:
        row = which.experiments[place]
        trial = report_facts.Trial(which.name, "random", row.name, row.title, place, row.original, ())
        return report_facts.other_backbone(trial)

    assert other(swapped, 4) == "efficientnet_b0"
    assert other(swapped, 0) == other(twelve, 4) == other(dataclasses.replace(swapped, name="mine"), 4) == ""


def test_unfinished_and_failed_runs_and_absent_protocols_are_told(document: report_model.Document) -> None:
    short = section(document, "In short")
    assert "The weights are gone" in short
    assert "1 run is not finished: `other/random/resnet50-half-0`" in short
    assert "**other** was not run with the split by source" in short
    cells = row_of(section(document, "Results").split("### other")[1], "resnet50-half")
    assert "at epoch 4" in cells[4]


def test_the_random_split_shows_what_training_has_seen(document: report_model.Document, out: Path) -> None:
    for protocol, name in report_facts.SPLIT_NAMES.items():
        data = report_facts.data_of(out / "pair" / "data" / protocol)
        trained = {row.source_id for row in data.of("train")}
        expected = sum(row.source_id in trained for row in data.of("test"))
        assert bool(expected) == (protocol == "random")
        text = section(document, "Random photos of the test split")
        assert re.search(rf"{name}\*\*, `resnet50-half`. Of \d+ test photos, {expected} \(", text)


def test_a_look_alike_of_another_source_counts_as_seen(built: Path) -> None:
    data = report_facts.data_of(built / "pair" / "data" / "by-source")
    test, train = data.of("test")[0], data.of("train")[0]
    assert photos.seen(data).alike == frozenset()
    copied = Row(test.path, "original", "", "another", "", {}, 0.0, 0, "train")
    again = dataclasses.replace(data, rows=(test, train, copied))
    found = photos.seen(again)
    assert (found.total, found.versions, found.alike) == (1, frozenset(), frozenset({test.path}))
    assert test.path in found


def test_the_sheet_is_light_and_marks_what_is_wrong_or_seen(built: Path) -> None:
    data = report_facts.data_of(built / "pair" / "data" / "random")
    path = data.of("test")[0].path
    right = {"path": path, "label": "blurred", "predicted": "blurred", "confidence": "1"}
    wrong = right | {"predicted": "original"}
    nothing, known = (photos.Seen(1, paths, frozenset()) for paths in (frozenset(), frozenset({path})))
    plain, red, yellow = (
        photos.sheet(data, [row], seen) for row, seen in ((right, nothing), (wrong, nothing), (right, known))
    )
    assert len({plain, red, yellow}) == 3
    assert len(photos.sheet(data, [wrong] * report.PHOTOS, known)) < 400_000


def test_photos_are_drawn_at_random_and_mistakes_by_confidence() -> None:
    rows = [{"path": str(i), "label": "a", "predicted": "ab"[i % 2], "confidence": f"{i / 100}"} for i in range(50)]
    assert photos.draw_at_random(rows, 10) == photos.draw_at_random(rows, 10) != rows[:10]
    assert [row["path"] for row in photos.mistakes(rows, 3)] == ["49", "47", "45"]
    assert len(photos.draw_at_random(rows[:4], 10)) == 4


def test_html_says_what_the_markdown_says_and_needs_nothing(document: report_model.Document, tmp_path: Path) -> None:
    page = write_html(document, tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page and "http" not in re.sub(r"data:[^\"]+", "", page)
    sources = re.findall(r'<img src="([^"]*)"', page)
    assert len(sources) == len(document.figures) + 2
    assert [source for source in sources if not source.startswith("data:image/")] == ["../clean/0.png"]
    assert "&lt;b&gt;bold&lt;/b&gt;" in page and "prefers-color-scheme: dark" in page and "@media print" in page
    words = html.unescape(re.sub(r"<[^>]+>", "", page))
    cells = [
        cell.replace("*", "").replace("`", "")
        for part in document.sections
        for block in part.blocks
        if isinstance(block, report_model.Table)
        for row in (block.head, *block.rows)
        for cell in row
    ]
    assert cells and not [cell for cell in cells if cell not in words]
    identifiers = re.findall(r' id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers)) == len(document.sections)


def test_notes_are_kept_and_lowered_below_their_section(document: report_model.Document, out: Path) -> None:
    assert "\n### Why\n" in section(document, "What explains the differences")
    folder = out.parent / "report"
    before = (folder / "NOTES.md").read_text()
    report_model.write_markdown(document, folder)
    report_model.write_markdown(document, folder)
    assert (folder / "NOTES.md").read_text() == before
    assert report_model.lowered("#### a\n```\n# code\n```\n##### b") == "#### a\n```\n# code\n```\n##### b"


def test_somebody_elses_readme_is_not_overwritten(document: report_model.Document, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(Refused, match=r"README\.md"):
        report_model.write_markdown(document, tmp_path)
    assert [item.name for item in tmp_path.iterdir()] == ["README.md"]


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingToDo):
        report.build(tmp_path, tmp_path)


def test_runs_that_only_began_make_a_report(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "out")
    run = begun(PAIR, tmp_path / "out", "random", 0, 0.5)
    (run / "config.json").unlink()
    (run / "epochs.csv").unlink()
    text = report_model.markdown(report.build(tmp_path / "out", tmp_path))
    assert "No run of pair is finished yet" in text and "Nobody has written this section" in text
    assert "No latency was measured yet" in text


def test_a_study_whose_photos_are_gone_makes_a_report(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "out")
    finished(PAIR, tmp_path / "out", "random", 0, 0.9)
    other = tmp_path / "out" / "pair" / "data" / "random"
    table = other / "labels.csv"
    table.write_text(table.read_text().replace("train", "val", 1))
    changed = report_model.markdown(report.build(tmp_path / "out", tmp_path))
    assert "others than it was trained on" in changed
    shutil.rmtree(tmp_path / "out" / "pair" / "data")
    gone = report_model.markdown(report.build(tmp_path / "out", tmp_path))
    assert "no longer in the folder" in gone
    assert "![Test photos" not in changed + gone and "severity-pair.png" in gone


def test_bins_of_the_predictions_are_those_of_the_answers() -> None:
    shares = evaluate.softmax(np.random.default_rng(0).normal(0, 2, (300, 6)))
    labels = np.random.default_rng(1).integers(0, 6, 300)
    rows = [
        {"confidence": f"{own.max():.6f}", "label": str(label), "predicted": str(own.argmax())}
        for own, label in zip(shares, labels, strict=True)
    ]
    found, expected = report_facts.reliability_of(rows, evaluate.BINS), evaluate.reliability(shares, labels)
    assert np.allclose(found, expected, atol=1e-4)


def test_quarters_hold_all_photos_of_a_class_mildest_first() -> None:
    rows = [
        {"label": "blurred", "predicted": "blurred" if i > 4 else "original", "severity": str(i / 10)}
        for i in range(10)
    ]
    quarters = report_facts.quartiles([*rows, {"label": "distorted", "predicted": "", "severity": "1"}], "blurred")
    assert [sum(column) for column in list(zip(*quarters, strict=True))[1:]] == [10, 5]
    assert [s for s, _, _ in quarters] == sorted(s for s, _, _ in quarters)
    assert quarters[0][2] == 0 and report_facts.quartiles(rows, "distorted") == []


def test_the_front_is_faster_or_better(out: Path) -> None:
    own = report_facts.survey(out).of("pair", "random")
    found = figures.front(own)
    assert [trial.latency for trial in found] == sorted({trial.latency for trial in found})
    for one, other in itertools.product(found, own):
        assert not (other.latency < one.latency and other.accuracy > one.accuracy)


def test_names_in_a_plot_do_not_cover_each_other() -> None:
    points = [(100.0, 100.0 + i) for i in range(12)]
    taken: list[figures.Box] = []
    for x, y in points:
        taken.append(figures._free(x, y, 80, 10, taken, (0, 0, 600, 300)))
    for one, other in itertools.combinations(taken, 2):
        assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_numbers_are_written_in_one_way() -> None:
    assert [report_model.share(value) for value in (0.9544, 1.0, 0.0)] == [".954", "1.000", ".000"]
    assert [report_model.compact(value) for value in (12, 3_700_486, 329_478)] == ["12", "3.7 M", "329 k"]
    assert report_model.listed(["a", "b", "c"]) == "a, b and c"
    assert report_model.counted(1, "run") == "1 run" and report_model.counted(1200, "run") == "1,200 runs"


def test_html_of_a_hostile_title_is_text(document: report_model.Document) -> None:
    table = report_model.Table(("<i>", "b"), (("<script>x</script>", "[a](javascript:x)"),), note="<u>")
    part = report_model.Section("<img>", (table,))
    page = to_html(report_model.Document("<script>", "<p>", (part,), document.base))
    assert "<script" not in page and "<img>" not in page and 'href="javascript' not in page
