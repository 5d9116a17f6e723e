"""What an exporter is, and the registry that a new one enters with a single decorator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from keepers.export.operations import Plan
from keepers.registry import Registry
from keepers.types import Author, Opinion, VerdictName

Names = Literal["short", "long", "both"]
"""How sidecars are called: `IMG.xmp`, `IMG.CR3.xmp`, or both."""

PROFILES = ("adobe", "bridge", "darktable", "digikam")
"""Whose habits XMP follows; `docs/export.md` has the table."""


@dataclass(frozen=True, slots=True)
class Item:
    """A photo with the verdict that counts: a person's where there is one, else the machine's.

    `opinion` is what the machine measured and thinks. An opinion that was overruled already is understood, too.
    `stars` (1..5, 0 for none) and `colour` (a key of `io.xmp.COLOURS`, "" for none) are a person's alone.
    """

    opinion: Opinion
    verdict: VerdictName
    by: Author
    stars: int = 0
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a user may ask of exporters; each one reads those that its registration names.

    root: the folder that was culled; paths in tables are relative to it.
    out: the file or folder to write; None for the exporter's own default.
    profile: one of `PROFILES`. names: how sidecars are called; None for what the programs of the profile read.
    stars: also write stars for verdicts (5, 3, 1). A person's own are written in any case, and before these.
    embed: write into JPEG files themselves, where most programs look; pixels stay as they are.
    mode: copy or move files. flat: leave out the subfolders. trash: To be Deleted goes to the desktop's trash.
    """

    root: Path
    out: Path | None = None
    profile: str = "adobe"
    names: Names | None = None
    stars: bool = False
    embed: bool = False
    mode: Literal["copy", "move"] = "copy"
    flat: bool = False
    trash: bool = False


Planner = Callable[[Sequence[Item], Options], Plan]
"""Plans and writes nothing; it may read files."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """A way out of keepers. `options` are the fields of `Options` that it reads, besides `root`."""

    name: str
    options: tuple[str, ...]
    plan: Planner
    doc: str


EXPORTERS: Registry[Exporter] = Registry("exporter")


def exporter(name: str, options: tuple[str, ...] = ()) -> Callable[[Planner], Planner]:
    """Register the decorated planner as the exporter `name`.

    Raises:
        ValueError: one of `options` is no field of `Options`.
    """
    unknown = set(options) - set(Options.__dataclass_fields__)
    if unknown:
        raise ValueError(f"exporter {name!r} reads unknown options: {', '.join(sorted(unknown))}")

    def register(plan: Planner) -> Planner:
        EXPORTERS.add(name, Exporter(name, options, plan, (plan.__doc__ or "").strip()))
        return plan

    return register
