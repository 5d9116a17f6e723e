"""Whichever engine runs the networks, photos get the same verdicts for the same reasons."""

from pathlib import Path

import pytest

from keepers import app, sample
from keepers.models.engines import ENGINES, REFERENCE
from keepers.types import Opinion

PICTURES = sorted((Path(sample.__file__).parent / "data").glob("*.jpg"))


def judged(engine: str) -> list[Opinion]:
    return list(app.assess(PICTURES, engine=engine, workers=2))


@pytest.fixture(scope="module")
def usual() -> list[Opinion]:
    return judged(REFERENCE)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != REFERENCE])
def test_verdicts_and_first_reasons_are_those_of_the_reference(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ENGINES[engine].version() is None:
        pytest.skip(f"{engine} is not installed here (it comes with {ENGINES[engine].extra})")
    monkeypatch.setenv("KEEPERS_CACHE", str(tmp_path))
    for one, other in zip(request.getfixturevalue("usual"), judged(engine), strict=True):
        assert one.verdict is not None and other.verdict is not None
        assert one.verdict.verdict == other.verdict.verdict
        assert one.verdict.score == pytest.approx(other.verdict.score, abs=0.05)
        assert [r.name for r in one.verdict.reasons[:1]] == [r.name for r in other.verdict.reasons[:1]]
        assert len(one.report.faces) == len(other.report.faces)
        assert one.report.model == other.report.model, "facts do not name the engine"
