"""What holds for every exporter."""

from dataclasses import fields
from pathlib import Path

import pytest

from item_makers import items_in, jpeg
from keepers.export import EXPORTERS, Exporter, Options, exporter
from keepers.export.operations import Plan


@pytest.fixture(params=list(EXPORTERS))
def one(request: pytest.FixtureRequest) -> Exporter:
    return EXPORTERS[request.param]


def test_the_known_ones_are_there() -> None:
    assert {"xmp", "csv", "json", "files"} <= set(EXPORTERS)


def test_it_says_what_it_does(one: Exporter) -> None:
    assert one.doc.split("\n")[0].endswith((".", ":"))
    assert set(one.options) <= {field.name for field in fields(Options)}


def test_planning_writes_nothing_and_repeats_itself(one: Exporter, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    shoot.mkdir()
    for name in ("a.jpg", "b.jpg", "b.CR3"):
        (shoot / name).write_bytes(jpeg())
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    items = items_in(shoot, "delete")
    options = Options(shoot, out=tmp_path / "out")
    first = one.plan(items, options)
    assert isinstance(first, Plan)
    assert first.exporter == one.name
    assert first.operations
    assert one.plan(items, options) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_name_is_given_once_and_options_are_known() -> None:
    with pytest.raises(ValueError, match="already"):
        exporter("xmp")(lambda items, options: Plan("xmp", ()))
    with pytest.raises(ValueError, match="colour"):
        exporter("other", options=("colour",))
    assert "other" not in EXPORTERS
