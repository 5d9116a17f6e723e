"""docs/accuracy.md: its blocks are those that the script fills, and filling them leaves the prose alone."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "accuracy.md"
BLOCK = re.compile(r"<!-- measured (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accuracy_build", ROOT / "docs" / "accuracy" / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up while it is being read.
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_set_has_its_block_and_it_is_filled(build: ModuleType) -> None:
    blocks = dict(BLOCK.findall(PAGE.read_text(encoding="utf-8")))
    assert set(blocks) == {"run", "goals", *build.SETS}
    assert all("|" in blocks[name] or "Not measured" in blocks[name] for name in ("goals", *build.SETS))
    assert {goal.dataset for goal in build.GOALS} <= set(build.SETS)


def test_filling_a_block_leaves_the_prose_alone(build: ModuleType) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in ("goals", *build.SETS):
        filled = build.replaced(page, name, r"| \1 & \g<0> |")
        assert r"| \1 & \g<0> |" in filled
        assert BLOCK.sub("", filled) == BLOCK.sub("", page)
        assert build.replaced(filled, name, "x") == build.replaced(page, name, "x")
    with pytest.raises(ValueError, match="nowhere"):
        build.replaced(page, "nowhere", "x")


def test_the_readme_has_the_block_too(build: ModuleType) -> None:
    assert "accuracy" in dict(BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")))


def test_links_and_plots_are_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (PAGE.parent / target).exists()]
    assert targets and not missing
