"""Manifests that photographers write: what is understood, and what is said where they slip."""

from pathlib import Path

import pytest

from keepers.errors import NotFound, NothingToDo, UserError
from keepers.evaluate.manifest import read
from keepers.evaluate.vocabulary import understand
from keepers.types import FLAWS


def manifest(folder: Path, text: str, name: str = "MANIFEST.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("flaw", FLAWS)
def test_every_flaw_is_a_label(flaw: str) -> None:
    truth = understand(flaw.replace("_", " ").title())
    assert truth is not None and truth.flaws == {flaw} and not truth.good


@pytest.mark.parametrize("label", ["original", "Sharp", "good_highkey", "bracket mid"])
def test_good_photos_have_many_names(label: str) -> None:
    truth = understand(label)
    assert truth is not None and truth.good and not truth.flaws


def test_several_flaws_may_hold_at_once() -> None:
    truth = understand("blurry; noisy")
    assert truth is not None and truth.flaws == {"blurred", "noisy"} and not truth.good


def test_a_word_that_is_not_known_makes_the_label_unknown() -> None:
    truth = understand("blurred;haunted")
    assert truth is not None and not truth.known and truth.label == "blurred;haunted"


def test_own_words_win() -> None:
    own = {"haunted": "underexposed", "sharp": "blurred", "sketch": "ignore", "a+b": "good"}
    assert understand("Haunted", own).flaws == {"underexposed"}
    assert understand("sharp", own).flaws == {"blurred"}
    assert understand("sketch", own) is None
    assert understand("A+B", own).good


def test_the_plain_case(tmp_path: Path) -> None:
    manifest(tmp_path, "file,label,scene\na.jpg,good,one\nsub/b.jpg,Blurry,one\nc.jpg,?,\n\n")
    found = read(tmp_path)
    assert [item.path for item in found.items] == [tmp_path / "a.jpg", tmp_path / "sub/b.jpg", tmp_path / "c.jpg"]
    assert [item.line for item in found.items] == [2, 3, 4]
    assert found.items[0].group == found.items[1].group != found.items[2].group
    assert found.unknown == {"?": 1}


def test_what_spreadsheets_make_of_a_table(tmp_path: Path) -> None:
    manifest(tmp_path, "File;MOS;Label\r\na.jpg;0,75;\r\n", "mine.csv", "utf-8-sig")
    (item,) = read(tmp_path / "mine.csv").items
    assert item.score == 0.75 and not item.truth.known


def test_the_best_rank_is_the_best_score(tmp_path: Path) -> None:
    manifest(tmp_path, "file,rank,exposure_rank\na.jpg,1,4\nb.jpg,2,\n")
    best, second = read(tmp_path).items
    assert best.score > second.score and best.exposure == 4 and second.exposure is None


def test_a_table_with_splits_is_measured_on_its_test_split(tmp_path: Path) -> None:
    manifest(tmp_path, "path,label,source_id,split\na.jpg,original,1,train\nb.jpg,blurred,2,test\n", "labels.csv")
    found = read(tmp_path)
    assert [item.path.name for item in found.items] == ["b.jpg"] and found.left_out == {"of another split than test": 1}


def test_columns_can_be_named(tmp_path: Path) -> None:
    manifest(tmp_path, "file,who,what\na.jpg,me,blurred\n")
    (item,) = read(tmp_path, own_columns={"label": "what", "group": "who"}).items
    assert item.truth.flaws == {"blurred"} and item.group == "me"


def test_ignored_photos_are_counted(tmp_path: Path) -> None:
    manifest(tmp_path, "file,label\na.jpg,good\nb.jpg,sketch\n")
    found = read(tmp_path, {"sketch": "ignore"})
    assert len(found.items) == 1 and sum(found.left_out.values()) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("photo_name,label\na,b\n", ["MANIFEST.csv", "file"]),
        ("file,comment\na.jpg,nice\n", ["MANIFEST.csv", "label", "--column"]),
        ("file,label\na.jpg,good\n,blurred\n", ["MANIFEST.csv", "line 3", "file"]),
        ("file,score\na.jpg,high\n", ["MANIFEST.csv", "line 2", "high", "score"]),
        ("file,score\na.jpg,nan\n", ["line 2", "nan"]),
        ("file,label\na.jpg,good,really\n", ["line 2", "quotes"]),
        ("", ["MANIFEST.csv", "file"]),
    ],
)
def test_a_slip_is_named_with_file_line_and_remedy(tmp_path: Path, text: str, words: list[str]) -> None:
    manifest(tmp_path, text)
    with pytest.raises(UserError) as caught:
        read(tmp_path)
    assert all(word in str(caught.value) for word in words), caught.value


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"MANIFEST\.csv"):
        read(tmp_path)
    with pytest.raises(NotFound, match="does not exist"):
        read(tmp_path / "nowhere")
    manifest(tmp_path, "file,label\n")
    with pytest.raises(NothingToDo, match="one line a photo"):
        read(tmp_path)


def test_a_table_in_another_encoding_is_refused_kindly(tmp_path: Path) -> None:
    manifest(tmp_path, "file,label\nblüte.jpg,good\n", encoding="latin-1")
    with pytest.raises(UserError, match="UTF-8"):
        read(tmp_path)


@pytest.mark.parametrize(("words", "columns"), [({"bad": "ugly"}, {}), ({}, {"colour": "x"}), ({}, {"label": "none"})])
def test_arguments_that_make_no_sense_are_refused(tmp_path: Path, words, columns) -> None:
    manifest(tmp_path, "file,label\na.jpg,good\n")
    with pytest.raises(UserError):
        read(tmp_path, words, columns)
