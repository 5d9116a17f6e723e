"""ruff and mypy are part of the tests, so that `make test` says all there is to say."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "src" / "keepers").rglob("*.py"))


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed; `pip install keepers[test]` brings it")
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_ruff_finds_nothing() -> None:
    done = _run("ruff", "check", "--output-format=concise", "src", "tests")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_core_is_typed_strictly() -> None:
    done = _run("mypy", "--strict", "--no-error-summary")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_modules_and_functions_stay_readable(path: Path) -> None:
    """A module has at most 400 lines; a function 40 besides its docstring."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    long = {
        node.name: _length(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node) > 40
    }
    assert not long


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without the docstring and without the signature, which options may make long."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def test_no_picture_in_the_repository_is_heavy() -> None:
    heavy = {
        path.name: path.stat().st_size for path in (ROOT / "docs" / "images").glob("*") if path.stat().st_size > 300_000
    }
    assert not heavy
