"""All facts as CSV and JSON."""

import csv
import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from keepers.errors import Refused
from keepers.export import EXPORTERS, Item, Options
from keepers.export.operations import ABSENT, WriteFile
from keepers.io.files import hash_bytes
from keepers.pipeline.triage import overrule
from keepers.types import (
    Assessment,
    CameraFacts,
    Measurement,
    Opinion,
    Photo,
    PhotoFile,
    Reason,
    Report,
    Source,
    Verdict,
)

ROOT = Path("/shoot")
CAMERA = CameraFacts(datetime(2024, 5, 6, 7, 8, 9, 250_000), "Maker", "Model", 100, 0.01, 2.8, 50.0, -0.5, 6)


def opinion(name: str = "day 1/a.jpg", verdict: str = "maybe", **raw: float | None) -> Opinion:
    path = ROOT / name
    source = Source(path, (PhotoFile(path, "image", 9, 9), PhotoFile(path.with_suffix(".CR3"), "raw", 9, 9)))
    rows = tuple(Measurement(check, "1", value, "upper left") for check, value in raw.items())
    report = Report(source, Photo("0" * 32, source, 6000, 4000, CAMERA), rows, model="net 1")
    said = Verdict(
        verdict, 0.25, "blurred", {"original": 0.1, "blurred": 0.9}, {"blurred": 0.9, "noisy": 1 / 3},
        (Reason("doubt", "It is soft", 0.7), Reason("noise", "It is noisy", 0.1)),
        (Assessment("sharpness", "blurred", 0.2, 0.1, "soft"),), "Sharper eyes would.",
    )  # fmt: skip
    return Opinion(report, said)


def unreadable() -> Opinion:
    path = ROOT / "b.jpg"
    return Opinion(Report(Source(path, (PhotoFile(path, "image", 9, 9),)), error="b.jpg is truncated."), None)


def items() -> list[Item]:
    first, second = opinion(sharpness=0.5, noise=None), opinion("c.jpg", "delete", sharpness=-0.25, eyes=2.0)
    return [Item(first, "maybe", "machine"), Item(unreadable(), "maybe", "person"), Item(second, "keep", "person")]


def write(name: str, some: list[Item], root: Path = ROOT, **options: object) -> bytes:
    (operation,) = EXPORTERS[name].plan(some, Options(root, **options)).operations
    assert isinstance(operation, WriteFile)
    return operation.data


def table(some: list[Item]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(write("csv", some).decode("utf-8"), newline="")))


def test_one_row_a_photo_with_everything_known() -> None:
    first, broken, last = table(items())
    assert first["path"] == "day 1/a.jpg"
    assert first["files"] == "day 1/a.jpg; day 1/a.CR3"
    assert (first["verdict"], first["by"], first["machine_verdict"]) == ("maybe", "machine", "maybe")
    assert (first["score"], first["label"]) == ("0.25", "blurred")
    assert first["reasons"] == "It is soft; It is noisy"
    assert (first["captured_at"], first["iso"], first["bias_ev"]) == ("2024-05-06T07:08:09.250000", "100", "-0.5")
    assert (first["flaw.noisy"], first["probability.blurred"]) == ("0.333333", "0.9")
    assert (first["check.sharpness"], first["check.noise"], first["check.eyes"]) == ("0.5", "", "")
    assert (broken["error"], broken["machine_verdict"], broken["flaw.noisy"]) == ("b.jpg is truncated.", "", "")
    assert (last["verdict"], last["by"], last["machine_verdict"]) == ("keep", "person", "delete")
    assert (last["check.sharpness"], last["check.eyes"], last["note.eyes"]) == ("-0.25", "2.0", "upper left")


def test_a_new_check_is_a_new_column_and_nothing_else() -> None:
    (row,) = table([Item(opinion(sharpness=1.0, horizon_tilt=3.5), "keep", "machine")])
    assert row["check.horizon_tilt"] == "3.5"
    assert len(table(items())[0]) == len(set(table(items())[0]))


@pytest.mark.parametrize("name", ["=1+1.jpg", "+a.jpg", "-a.jpg", "@a.jpg", "\ta.jpg", "\ra.jpg", "\na.jpg"])
def test_no_cell_is_a_formula(name: str) -> None:
    (row,) = table([Item(opinion(name, sharpness=-1.5), "keep", "machine")])
    assert row["path"] == "'" + name
    assert row["check.sharpness"] == "-1.5"  # a number stays a number
    assert not row["files"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("name", ['a",b;\n.jpg', "日本 ü.jpg", "a\udce9.jpg"])
def test_any_name_survives_both_tables(name: str) -> None:
    (row,) = table([Item(opinion(name), "keep", "machine")])
    assert row["path"] == name.encode("utf-8", "backslashreplace").decode()
    (photo,) = json.loads(write("json", [Item(opinion(name), "keep", "machine")]))["photos"]
    assert photo["path"] == name


def test_the_object_has_every_key_always() -> None:
    written = json.loads(write("json", items()))
    assert written["schema"] == "keepers.export/1"
    first, broken, last = written["photos"]
    assert first.keys() == broken.keys() == last.keys()
    assert first["machine"].keys() == broken["machine"].keys()
    assert first["machine"]["assessments"][0] == {
        "check": "sharpness", "flaw": "blurred", "raw": 0.2, "score": 0.1, "sentence": "soft",
    }  # fmt: skip
    assert first["photo"]["captured_at"] == "2024-05-06T07:08:09.250000"
    assert first["measurements"][0] == {"check": "sharpness", "version": "1", "raw": 0.5, "note": "upper left"}
    assert (broken["photo"], broken["error"]) == (None, "b.jpg is truncated.")


def test_numbers_that_json_cannot_say_are_null() -> None:
    data = write("json", [Item(opinion(a=float("nan"), b=float("inf"), c=1e-9), "keep", "machine")])
    rows = json.loads(data)["photos"][0]["measurements"]
    assert [row["raw"] for row in rows] == [None, None, 0.0]


def test_what_the_machine_thought_is_not_what_it_was_told() -> None:
    told = Opinion(opinion().report, overrule(opinion().verdict, "keep"))
    (row,) = table([Item(told, "keep", "person")])
    assert (row["verdict"], row["machine_verdict"]) == ("keep", "")


@pytest.mark.parametrize("name", ["csv", "json"])
def test_where_a_table_goes(tmp_path: Path, name: str) -> None:
    def target(**options: object) -> Path:
        return EXPORTERS[name].plan(items(), Options(tmp_path, **options)).operations[0].path

    assert target() == tmp_path / f"keepers.{name}"
    assert target(out=tmp_path / "x.txt") == tmp_path / "x.txt"
    (tmp_path / "folder").mkdir()
    assert target(out=tmp_path / "folder") == tmp_path / "folder" / f"keepers.{name}"


@pytest.mark.parametrize("name", ["csv", "json"])
def test_only_tables_of_ours_are_replaced(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"keepers.{name}"
    plan = EXPORTERS[name].plan
    (new,) = plan(items(), Options(tmp_path)).operations
    assert new.expected == ABSENT
    path.write_bytes(new.data)
    assert plan(items(), Options(tmp_path)).operations == ()
    (again,) = plan(items()[:1], Options(tmp_path)).operations
    assert again.expected == hash_bytes(new.data)
    path.write_bytes(b"my own notes")
    with pytest.raises(Refused, match="--out"):
        plan(items(), Options(tmp_path))


@pytest.mark.parametrize("name", ["csv", "json"])
def test_no_photos_is_a_table_too(name: str) -> None:
    assert write(name, [])
