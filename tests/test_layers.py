"""Imports point one way; culling never needs what only training needs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "keepers"

# The rooms from the ground up. A room imports from lower floors only; rooms of one floor do not know each other.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("types", "errors", "registry"),
    ("settings",),
    ("image",),
    ("io", "models", "flaws", "checks"),
    ("pipeline", "dataset", "sample"),
    ("catalog", "export", "evaluate"),
    ("train",),
    ("app",),
    ("web",),
    ("cli",),
    ("__main__",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

# Only training may need these, and a user who culls does not have them.
HEAVY = {"torch", "torchvision", "timm", "safetensors", "onnx", "onnxscript", "matplotlib", "scipy"}
TRAINING = "train"

MODULES = sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def _imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every imported name in full, wherever in the module it is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide which room is meant"
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def _imported_rooms(path: Path) -> Iterator[tuple[str, int]]:
    for name, node in _imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] == "keepers" and len(parts) > 1 and parts[1] in FLOOR:
            yield parts[1], node.lineno


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = _room(path)
    if room == "__init__":
        return  # the package's own door: it opens the verbs of app on first use
    assert room in FLOOR, f"{room} has no floor yet; give it one in FLOORS"
    upward = [
        f"line {line}: {room} imports {other}"
        for other, line in _imported_rooms(path)
        if other != room and FLOOR[other] >= FLOOR[room]
    ]
    assert not upward


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_culling_needs_nothing_of_training(path: Path) -> None:
    if _room(path) == TRAINING:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    heavy = [name for name, _ in _imports(tree) if name.split(".")[0] in HEAVY]
    assert not heavy


def test_only_the_command_line_leads_to_training_and_only_when_called() -> None:
    for path in MODULES:
        if _room(path) == TRAINING:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(room == TRAINING for room, _ in _imported_rooms(path)):
            assert _room(path) == "cli", f"{path.name} imports train"
            top = [name for node in tree.body for name, _ in _top_level(node)]
            assert not any(name.startswith("keepers.train") for name in top), f"{path.name} imports train at its top"


def _top_level(node: ast.stmt) -> Iterator[tuple[str, ast.stmt]]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from _imports(ast.Module([node], []))


def _loaded_after(code: str) -> set[str]:
    """Top-level names of the modules that a fresh Python has loaded after `code`."""
    code += "\nimport sys; print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_importing_keepers_is_instant() -> None:
    assert not _loaded_after("import keepers") & {"numpy", "cv2", "onnxruntime", "PIL", "flask", "typer"}


def test_help_loads_no_pixels_and_no_networks() -> None:
    code = "from keepers import cli\ntry:\n    cli.main(['--help'])\nexcept (SystemExit, TypeError): pass"
    assert not _loaded_after(code) & {"cv2", "onnxruntime", "PIL", "flask", "rawpy", "pillow_heif", *HEAVY}


def test_the_verbs_and_the_page_load_nothing_of_training() -> None:
    code = "import keepers.app, keepers.cli, keepers.web, keepers.pipeline.executors, keepers.sample"
    assert not _loaded_after(code) & HEAVY
