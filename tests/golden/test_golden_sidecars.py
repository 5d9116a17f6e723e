"""Sidecars byte for byte as they were when other programs read them as meant (tests/e2e/test_other_programs.py).

A change here is a change of what photographers find in their folders. `KEEPERS_WRITE_GOLDEN=1` writes the files anew.
"""

import os
from pathlib import Path

import pytest

from item_makers import DARKTABLE, LIGHTROOM, items_in
from keepers.export import EXPORTERS, PROFILES, Options
from keepers.types import VERDICTS

GOLDEN = Path(__file__).parent / "sidecars"
CASES = {
    "new": {},
    "lightroom": {"IMG_1.xmp": LIGHTROOM},
    "both": {"IMG_1.xmp": LIGHTROOM, "IMG_1.CR3.xmp": DARKTABLE},
}


MARKS = {"marked": (4, "blue")}
"""Stars and a colour that a person gave in keepers, to a photo with sidecars of both names."""


@pytest.mark.parametrize("case", [*CASES, *MARKS])
@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("profile", PROFILES)
def test_sidecars_are_as_they_were(tmp_path: Path, profile: str, verdict: str, case: str) -> None:
    (tmp_path / "IMG_1.CR3").write_bytes(b"raw")
    for name, data in CASES.get(case, CASES["both"]).items():
        (tmp_path / name).write_bytes(data)
    items = items_in(tmp_path, verdict, "person", *MARKS.get(case, ()))
    plan = EXPORTERS["xmp"].plan(items, Options(tmp_path, profile=profile))
    assert not plan.skipped
    folder = GOLDEN / profile / f"{case}-{verdict}"
    if os.environ.get("KEEPERS_WRITE_GOLDEN"):
        folder.mkdir(parents=True, exist_ok=True)
        for operation in plan.operations:
            (folder / operation.path.name).write_bytes(operation.data)
    golden = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {operation.path.name: operation.data for operation in plan.operations} == golden
