"""The pages' scripts are plain JavaScript whose types are checked."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import keepers.web

STATIC = Path(keepers.web.__file__).parent / "static"
SCRIPTS = [STATIC / "app.js", *sorted(STATIC.glob("*/*.js"))]
TYPESCRIPT = "typescript@5.9.3"
OPTIONS = ("--checkJs", "--allowJs", "--noEmit", "--strict", "--noUnusedLocals", "--noImplicitReturns")
TARGET = ("--target", "es2022", "--module", "es2022", "--lib", "es2022,dom,dom.iterable")


def compiler(folder: Path) -> list[str]:
    """The command of a TypeScript compiler: `tsc` where it is installed, else fetched by npx."""
    if tsc := shutil.which("tsc"):
        return [tsc]
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("neither tsc nor npx is installed, so the script's types are not checked")
    command = [npx, "--yes", "--package", TYPESCRIPT, "tsc"]
    try:
        fetched = subprocess.run([*command, "--version"], capture_output=True, timeout=60, cwd=folder)
    except subprocess.TimeoutExpired:
        pytest.skip("npx did not fetch TypeScript within a minute, so the script's types are not checked")
    if fetched.returncode:
        pytest.skip("npx cannot fetch TypeScript here, so the script's types are not checked")
    return command


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_scripts_stay_readable_and_make_no_html_from_strings(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 400
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_types(tmp_path: Path) -> None:
    checked = subprocess.run(
        [*compiler(tmp_path), *OPTIONS, *TARGET, *map(str, SCRIPTS)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
