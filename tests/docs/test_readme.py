"""What the README and docs/cli.md say is true: commands run, options exist, and all of them are described."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from keepers.cli import build

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLI_PAGE = ROOT / "docs" / "cli.md"
CLI_DOC = CLI_PAGE.read_text(encoding="utf-8") if CLI_PAGE.is_file() else ""
COMMON = {"--help", "--install-completion", "--show-completion"}
INSTALLERS = re.compile(r"(\.venv/(bin|Scripts)/)?python3? -m (pip|venv) |py -m venv |pipx install |uv tool install ")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def _lines() -> list[str]:
    """Every command of the README, one a line, without comments; backslashes of Windows paths turned."""
    text = "\n".join([*_blocks("sh"), *_blocks("bat")]).replace("\\", "/").replace(" && ", "\n")
    return [line.split("  #")[0].split(" #")[0].strip() for line in text.splitlines() if line.strip()]


def _keepers_line(line: str) -> list[str] | None:
    """The arguments behind `keepers`, or None for another command."""
    words = shlex.split(line)
    return words[1:] if words[0].endswith("keepers") else None


LINES = _lines()
KEEPERS_LINES = [line for line in LINES if _keepers_line(line) is not None]


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands of the command line that do something themselves, with their full names."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, inner in command.commands.items():
        yield from _commands(inner, (*path, name))


COMMANDS = dict(_commands(typer.main.get_command(build())))


def _python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KEEPERS_CATALOG": str(cwd / "catalog.db"), "PYTHONIOENCODING": "utf-8"}
    line = [sys.executable, *arguments]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, encoding="utf-8")


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_of_a_known_kind(line: str) -> None:
    assert line.startswith("make ") or INSTALLERS.match(line) or line in KEEPERS_LINES


@pytest.mark.parametrize("line", KEEPERS_LINES)
def test_every_keepers_command_is_understood(line: str) -> None:
    arguments = list(_keepers_line(line) or [])
    command: Any = typer.main.get_command(build())
    while hasattr(command, "commands"):
        name = arguments.pop(0)
        assert name in command.commands, f"there is no command {name!r}"
        command = command.commands[name]
    command.make_context(line, arguments)  # raises where an option or an argument is wrong


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_every_make_target_exists(line: str) -> None:
    target = shlex.split(line)[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_installing_names_what_there_is() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert (ROOT / "constraints.txt").is_file()
    assert set(re.findall(r"\.\[(\w+)\]", README)) <= set(extras)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tour")


def test_the_tour_runs_from_top_to_bottom(tour: Path) -> None:
    (block,) = [block for block in _blocks("sh") if "keepers sample" in block]
    assert len(block.splitlines()) >= 5
    for line in block.splitlines():
        arguments = _keepers_line(line.split(" #")[0])
        assert arguments, line
        done = _python("-m", "keepers", *arguments, cwd=tour)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_python_example_runs(tour: Path) -> None:
    if not (tour / "sample-shoot").is_dir():
        pytest.skip("the tour, which makes the sample shoot, did not run")
    (block,) = _blocks("python")
    done = _python("-c", block, cwd=tour)
    assert done.returncode == 0, done.stderr
    assert "'keep'" in done.stdout


def test_every_link_and_picture_is_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert targets
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert not missing


def test_the_first_screen_shows_sentence_picture_and_both_commands() -> None:
    screen = "\n".join(README.splitlines()[:30])
    assert "![" in screen and "make cull" in screen and "make test" in screen and "| it finds |" in screen


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_described(path: tuple[str, ...]) -> None:
    documents = README + CLI_DOC
    assert f"keepers {' '.join(path)}" in documents
    flags = {flag for option in COMMANDS[path].params for flag in option.opts if flag.startswith("--")} - COMMON
    section = _section(path) or documents
    missing = sorted(flag for flag in flags if flag not in section)
    assert not missing, f"describe {missing} of `keepers {' '.join(path)}` in docs/cli.md"


def _section(path: tuple[str, ...]) -> str:
    """The part of docs/cli.md under the heading of a command, or an empty text."""
    found = re.search(rf"^#+ `?keepers {' '.join(path)}\b(.*?)(?=^#+ |\Z)", CLI_DOC, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""
