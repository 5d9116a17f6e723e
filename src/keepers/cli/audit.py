"""`keepers audit`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from keepers.cli.options import Catalog

if TYPE_CHECKING:
    from keepers.app import AuditResult, AuditSample
    from keepers.catalog.audits import Drawn
    from keepers.types import VerdictName

_EPILOG = """\b
Examples:
  keepers audit ~/Pictures/wedding                      asks for one photo after another
  keepers audit ~/Pictures/wedding --open               and opens each in your viewer
  keepers audit ~/Pictures/wedding --out sample.csv     a list to fill in elsewhere ...
  keepers audit ~/Pictures/wedding --answers sample.csv ... and its answers
  keepers audit ~/Pictures/wedding --undo               takes the answers of the latest audit back
"""
_HEADER = ("number", "answer", "photo", "id", "audit")
_WORDS: dict[str, VerdictName] = {
    "k": "keep", "keep": "keep", "m": "maybe", "maybe": "maybe", "d": "delete", "delete": "delete",
}  # fmt: skip
_SKIP = {"s", "skip", ""}

Key = Literal["k", "m", "d", "s", "u", "q"]


class Interview:
    """Shows a sample photo by photo and asks for a key; `ask` is the person, and can be another one."""

    def __init__(self, open_photos: bool = False) -> None:
        self._open = open_photos

    def ask(self, number: int, of: int, path: Path) -> str:
        """The person's key for one photo: k(eep), m(aybe), d(elete), s(kip), u(ndo the last one), q(uit)."""
        if self._open:
            typer.launch(str(path))
        from keepers.cli.show import safe

        return str(typer.prompt(f"{number} of {of}  {safe(path)}  [k/m/d, s skip, u back, q end]", default="s"))

    def answers(self, sample: AuditSample) -> dict[str, VerdictName]:
        """Photo id -> verdict, of those that were answered."""
        given: dict[str, VerdictName] = {}
        at = 0
        while at < len(sample.asked):
            photo: Drawn = sample.asked[at]
            key = self.ask(at + 1, len(sample.asked), photo.path).strip().casefold()
            if key in ("q", "quit"):
                break
            if key in ("u", "undo", "back"):
                at = max(0, at - 1)
                given.pop(sample.asked[at].photo, None)
            elif key in _WORDS:
                given[photo.photo] = _WORDS[key]
                at += 1
            elif key in _SKIP:
                at += 1
        return given


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(epilog=_EPILOG, short_help="Check a blind sample of To be Deleted.")(audit)


def audit(
    folder: Annotated[Path, typer.Argument(help="A folder that was culled, or one inside it.")],
    size: Annotated[int, typer.Option(min=1, metavar="N", help="How many photos to judge.")] = 50,
    seed: Annotated[int | None, typer.Option(metavar="N", help="The same seed draws the same sample.")] = None,
    open_photos: Annotated[bool, typer.Option("--open", help="Open each photo in your viewer.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the sample as a CSV list, and do not ask.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read the answers from such a list; k, m, d or s in each line.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the answers of the latest audit back.")] = False,
    catalog: Catalog = None,
) -> None:
    """Judge a random sample without knowing what keepers thinks, and learn how many good photos it would lose.

    About half of the sample is To be Deleted, the rest comes from all photos. Your answers are choices like those of
    keepers choose; they also count as a fair sample of your photos, on which the promised budget rests once there are
    enough of them.
    """
    from keepers import app
    from keepers.errors import UserError

    if sum((out is not None, answers is not None, undo)) > 1:
        raise UserError("--out, --answers and --undo exclude each other; name one of them.")
    if undo:
        count = app.audit_undo(app.last_audit(folder, catalog=catalog), catalog=catalog)
        typer.echo(f"The choices of {count} photos were taken back.")
        return
    if answers is not None:
        number, given = _read(answers)
    else:
        sample = app.audit_sample(folder, size=size, seed=seed, catalog=catalog)
        if out is not None:
            _write(out, sample)
            typer.echo(f"{out} written; fill in k, m, d or s, then: keepers audit {folder} --answers {out}", err=True)
            return
        if not sys.stdin.isatty():
            raise UserError("There is no terminal to ask at; write the sample with --out FILE.csv.")
        number, given = sample.number, Interview(open_photos).answers(sample)
    app.audit_answer(number, given, catalog=catalog)
    report(app.audit_result(number, catalog=catalog))


def report(result: AuditResult) -> None:
    """What the audit found, in words."""
    from keepers.cli.show import console, safe

    out = console()
    for line in sentences(result):
        out.print(line, soft_wrap=True)
    for path in result.wrong:
        out.print(f"  you keep {safe(path)}")


def sentences(result: AuditResult) -> Iterator[str]:
    """The result, a sentence a line."""
    yield f"{result.answered} of {result.asked} photos judged; {result.checked} of them are To be Deleted."
    if not result.checked:
        yield "None of To be Deleted was judged, so nothing can be said of it."
        return
    rate, lost = result.rate, result.lost
    count = len(result.wrong)
    yield (
        f"You would keep {count} of these {result.checked}: {_percent(rate.value)} "
        f"(95 %: {_percent(rate.low)} to {_percent(rate.high)})."
    )
    yield (
        f"Of all {result.deleted} photos To be Deleted, that makes about {lost.value:.0f} that you would keep "
        f"({lost.low:.0f} to {lost.high:.0f})."
    )
    if result.false_rejects is not None:
        all_of = result.false_rejects
        yield (
            f"That is about {_percent(all_of.value)} of the good photos of this shoot "
            f"({_percent(all_of.low)} to {_percent(all_of.high)}); this is what the budget of false rejects is about."
        )
    if count:
        yield "They are Must Haves now. A smaller --max-false-rejects puts fewer photos away."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %".replace(".0 %", " %")


def _write(target: Path, sample: AuditSample) -> None:
    from keepers.errors import Refused, StorageError

    if target.exists():
        raise Refused(f"{target} exists; name another file, so that no answers are lost.")
    try:
        with target.open("w", encoding="utf-8", newline="", errors="surrogateescape") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(_HEADER)
            for number, one in enumerate(sample.asked, start=1):
                writer.writerow((number, "", one.path, one.photo, sample.number))
    except OSError as error:
        raise StorageError(f"{target} could not be written: {error.strerror or error}.") from error


def _read(path: Path) -> tuple[int, dict[str, VerdictName]]:
    """The number of the audit and the answers in a list that `_write` began."""
    from keepers.errors import NotFound, UserError

    try:
        with path.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as file:
            lines = list(csv.DictReader(file))
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error.strerror or error}); write the sample with --out.") from error
    if not lines or any(line.get("id") is None or not str(line.get("audit")).isdecimal() for line in lines):
        raise UserError(f"{path} is no list of an audit; write one with --out, and change only the column answer.")
    given: dict[str, VerdictName] = {}
    for number, line in enumerate(lines, start=2):
        word = (line.get("answer") or "").strip().casefold()
        if word in _WORDS:
            given[line["id"]] = _WORDS[word]
        elif word not in _SKIP:
            raise UserError(f"{path}, line {number}: {word!r} is no answer; write k, m, d or s.")
    if len({line["audit"] for line in lines}) > 1:
        raise UserError(f"{path} mixes lists of several audits; give each its own file.")
    return int(lines[0]["audit"]), given
