"""docs/performance.md: what `make bench` writes, from the results that are committed, without a look at a clock."""

import importlib.util
import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "performance.md"
BLOCK = re.compile(r"<!-- measured (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up while it is being read
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def build() -> ModuleType:
    return _load("bench_build", ROOT / "bench" / "build.py")


@pytest.fixture(scope="module")
def committed(build: ModuleType) -> dict:
    data = build.stored("bench.json")
    assert data is not None
    return data


def test_the_page_shows_the_committed_results(build: ModuleType, committed: dict) -> None:
    shown = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    filled = build.blocks(build.restored(committed), build.stored("peers.json"))
    assert set(shown) == set(filled) == {"run", "goals", "rates", "costs", "limits", "peers"}
    assert {name: text.strip() for name, text in shown.items()} == {name: text.strip() for name, text in filled.items()}


def test_filling_a_block_leaves_the_prose_alone(build: ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    filled = build.replaced(page, "rates", r"| \1 & \g<0> |")
    assert r"| \1 & \g<0> |" in filled and BLOCK.sub("", filled) == BLOCK.sub("", page)
    with pytest.raises(ValueError, match="nowhere"):
        build.replaced(page, "nowhere", "x")


def test_findings_survive_the_file(build: ModuleType, committed: dict) -> None:
    again = json.loads(build.tables.to_json(build.restored(committed)))
    assert again.keys() == committed.keys()
    for new, old in zip(again["lots"], committed["lots"], strict=True):
        assert new["over_limit"] == pytest.approx(old["over_limit"], rel=1e-3)
        assert new["floors"] == old["floors"]
        for one, known in zip(new["passes"], old["passes"], strict=True):
            assert one == known | {"rate": pytest.approx(known["rate"], rel=1e-3)}


@given(st.floats(0.01, 100), st.booleans(), st.floats(1.0, 3.0))
def test_the_guard_speaks_of_losses_beyond_its_tolerance_only(value: float, more: bool, loss: float) -> None:
    build = sys.modules["bench_build"]
    old = build.Figure("24 MP JPEG", "ratio", value, more)
    new = replace(old, value=value / loss if more else value * loss)
    told = build.worse([new], [old])
    if loss < 1.14:
        assert not told
    if loss > 1.16:
        assert len(told) == 1 and "24 MP JPEG" in told[0]
    assert not build.worse([old], [old]) and not build.worse([new], [])
    assert not build.worse([old], [new]) or loss < 1  # a gain is no loss


def test_the_guard_watches_what_the_goals_are_about(build: ModuleType, committed: dict) -> None:
    watched = {(one.photos, one.name) for one in build.figures(committed)}
    assert {("24 MP JPEG", "over_bare"), ("24 MP JPEG", "over_limit"), ("24 MP JPEG", "scaling")} <= watched


def test_links_are_there_and_every_peer_has_its_script() -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (PAGE.parent / target).exists()]
    assert targets and not missing
    peers = sys.modules["bench_build"].peers
    assert all((peers.HERE / peer.script).is_file() for peer in peers.PEERS)
