"""Shoot types: which flaws count how much, as readable TOML files.

    name = "sport"
    about = "Fast movement, high sensitivity; nobody poses."

    [flaws]
    camera_shake = "less"
    closed_eyes = "ignore"

| word | means | log odds |
|---|---|---|
| ignore | the flaw decides nothing | |
| less | takes more evidence, for Maybe and for Delete | -2 |
| usual | as everywhere; so does every flaw that is not named | 0 |
| more | becomes a Maybe sooner; never deletes sooner | +1, for Maybe alone |

A shoot type can only take photos out of To be Deleted, never put one there: the promised budget of false rejects, which
was calibrated without it, holds with each.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from keepers.errors import NotFound, UserError
from keepers.types import FLAWS

FOLDER = Path(__file__).parent / "shoots"
LESS, MORE = 2.0, 1.0
"""Log odds that a flaw loses that counts less, and gains towards Maybe where it counts more."""
WORDS = ("ignore", "less", "usual", "more")
_KEYS = {"name", "about", "flaws"}


@dataclass(frozen=True, slots=True)
class ShootType:
    """Which flaws count how much. flaws: flaw -> one of `WORDS`. text: the TOML it was read from."""

    name: str = "general"
    about: str = ""
    flaws: Mapping[str, str] = field(default_factory=dict)
    text: str = field(default="", compare=False)

    def ignores(self, flaw: str) -> bool:
        """Whether the flaw decides nothing."""
        return self.flaws.get(flaw) == "ignore"

    def tolerance(self, flaw: str) -> float:
        """Log odds >= 0 that are taken off all evidence of the flaw."""
        return LESS if self.flaws.get(flaw) == "less" else 0.0

    def strictness(self, flaw: str) -> float:
        """Log odds >= 0 by which the flaw becomes a Maybe sooner."""
        return MORE if self.flaws.get(flaw) == "more" else 0.0

    @property
    def stored(self) -> str:
        """What `stored` reads back: the name of a packaged type, the text of any other."""
        return self.name if self.name in packaged() and _packaged(self.name) == self else self.text


GENERAL = ShootType()


def packaged() -> tuple[str, ...]:
    """The names of the shoot types that come with keepers."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def named(name: str) -> ShootType:
    """A packaged shoot type by its name, or that in a TOML file.

    Raises:
        NotFound: there is neither.
        UserError: the file says something that is not understood.
    """
    if name in packaged():
        return _packaged(name)
    path = Path(name).expanduser()
    if path.suffix.lower() != ".toml":
        raise UserError(f"{name!r} is no shoot type; name one of {', '.join(packaged())}, or a TOML file of your own.")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"The shoot type {path} cannot be read; check its name.") from error
    return parse(text, str(path))


def stored(text: str | None) -> ShootType:
    """What was stored with a shoot. Raises UserError where it cannot be understood."""
    return GENERAL if not text else _packaged(text) if text in packaged() else parse(text, "The stored shoot type")


def parse(text: str, where: str) -> ShootType:
    """The shoot type in the text of a TOML file.

    Args:
        where: the file's name, for what goes wrong.

    Raises:
        UserError: it is no TOML, or has an unknown key, flaw or word.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where} is no valid TOML ({error}); compare it with docs/triage.md.") from error
    flaws, name, about = data.get("flaws", {}), data.get("name"), data.get("about", "")
    if unknown := sorted(set(data) - _KEYS):
        raise UserError(f"{where} has an unknown key {unknown[0]!r}; it may have: {', '.join(sorted(_KEYS))}.")
    if not isinstance(name, str) or not name.strip() or not isinstance(about, str):
        raise UserError(f'{where} needs a name in words, such as name = "sport".')
    if not isinstance(flaws, dict):
        raise UserError(f"{where} needs a table [flaws] that says how much each flaw counts.")
    for flaw, word in flaws.items():
        if flaw not in FLAWS:
            raise UserError(f"{where} names an unknown flaw {flaw!r}; the flaws are: {', '.join(FLAWS)}.")
        if word not in WORDS:
            raise UserError(f"{where} says {flaw} = {word!r}; write one of: {', '.join(WORDS)}.")
    return ShootType(name, about, flaws, text)


@cache
def _packaged(name: str) -> ShootType:
    path = FOLDER / f"{name}.toml"
    return parse(path.read_text(encoding="utf-8"), str(path))
