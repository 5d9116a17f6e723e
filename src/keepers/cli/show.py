"""How opinions look in a terminal. Plain and complete where the output is a file or a pipe."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from keepers.app import Shoot
from keepers.app.measuring import Progress as Tell
from keepers.app.measuring import quoted
from keepers.pipeline.members import KIND_WORDS, member_of
from keepers.pipeline.taste_use import changed
from keepers.settings import settings
from keepers.types import VERDICT_TITLES, VERDICTS, Group, Opinion, VerdictName

WORST = 10
"""Photos and files that a summary names before it only counts the rest."""
PIPE_WIDTH = 200
STYLES: dict[VerdictName, str] = {"keep": "green", "maybe": "yellow", "delete": "red"}


def console() -> Console:
    """Standard output; wide where nobody's terminal folds the lines."""
    terminal = sys.stdout.isatty()
    return Console(highlight=False, markup=False, emoji=False, width=None if terminal else PIPE_WIDTH)


class _Rate(ProgressColumn):
    """Photos, or whatever is counted, a second."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} {self.what}/s" if task.speed else "", style="cyan")


@contextmanager
def progress_bar(wanted: bool = True, doing: str = "Measuring", what: str = "photos") -> Iterator[Tell]:
    """A function for the verbs' `progress`; draws on stderr, and only where that is a terminal."""
    screen = Console(stderr=True)
    if not (wanted and screen.is_terminal):
        yield lambda done, total: None
        return
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), _Rate(what), TimeRemainingColumn())
    # Without redirect_stdout=False rich would send what we print to stderr as well.
    with Progress(*columns, console=screen, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=None)
        known: int | None = None

        def tell(done: int, total: int) -> None:
            nonlocal known
            known = done if known is None else known
            # Photos that were known already must not count as speed.
            bar.update(task, completed=done - known, total=total - known)

        yield tell


def safe(name: object) -> str:
    """A file name without control characters, which could do things to a terminal."""
    return "".join(c if c.isprintable() else "?" for c in str(name))


def summary(shoot: Shoot) -> None:
    """What `cull` leaves on the screen."""
    out = console()
    _headline(out, shoot)
    _counts(out, shoot)
    _promise(out, shoot)
    _worst(out, shoot)
    unreadable = [(o.path, o.report.error or "") for o in shoot.unreadable]
    _named(out, "Could not be read", unreadable, shoot, f": {_list_command(shoot)}")
    _named(out, "Could not be looked into", [(s.path, s.sentence) for s in shoot.skipped], shoot)
    _what_next(out, shoot)


def _headline(out: Console, shoot: Shoot) -> None:
    known = len(shoot.opinions) - shoot.measured
    rate = f", {shoot.measured / shoot.seconds:.1f} a second" if shoot.measured and shoot.seconds else ""
    out.print(f"{safe(shoot.folder)}: {_photos(len(shoot.opinions))}")
    out.print(f"{shoot.measured} measured in {shoot.seconds:.1f} s{rate}; {known} known already", style="dim")
    if shoot.imported:
        ratings = "1 rating" if shoot.imported == 1 else f"{shoot.imported} ratings"
        out.print(f"{ratings} of other programs taken over as your choice", style="dim")
    up, down = changed(shoot.opinions)
    if up or down:
        out.print(f"Your taste made {up} of them Must Haves and {down} Maybes; off: keepers learn --off", style="dim")
    if not shoot.complete:
        out.print("Stopped. What is done is kept; run the same command again to go on.", style="yellow")
    if shoot.quick:
        where = quoted(shoot.folder)
        words = f"Of {_photos(shoot.quick)} only the embedded preview was looked at, so each is a Maybe"
        out.print(f"{words}; measure them: keepers cull {where}", style="yellow")
    models = {o.report.model for o in shoot.opinions if o.verdict is not None}
    if None in models:
        out.print("No network is installed: distortion is not found, and less is certain.", style="yellow")


def _counts(out: Console, shoot: Shoot) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name in VERDICTS:
        table.add_row(Text(VERDICT_TITLES[name], style=STYLES[name]), Text(str(shoot.counts[name])))
    out.print()
    out.print(table)


def _promise(out: Console, shoot: Shoot) -> None:
    """What is promised of To be Deleted, and what that held back."""
    budget = shoot.policy.budget
    if budget is None or not any(shoot.counts.values()):
        return
    out.print()
    out.print(budget.promise, style="dim", soft_wrap=True)
    if shoot.held_back:
        are = "photo is" if shoot.held_back == 1 else "photos are"
        out.print(f"{shoot.held_back} {are} among the Maybes for it.", style="dim", soft_wrap=True)


def _worst(out: Console, shoot: Shoot) -> None:
    """Which flaws were found how often, and the photos that suffer most."""
    flawed = [*shoot.of("delete"), *shoot.of("maybe")]
    reasons = [o.verdict.reasons[0].name for o in flawed if o.verdict and o.verdict.reasons]
    why = Counter(name for name in reasons if name != "choice")
    if why:
        out.print()
        parts = (f"{name.replace('_', ' ')} {count}" for name, count in why.most_common())
        out.print(f"Main reasons: {', '.join(parts)}")
    for name in ("delete", "maybe"):
        some = shoot.of(name)
        if some:
            out.print()
            out.print(f"{VERDICT_TITLES[name]}, worst first", style="bold")
            out.print(_rows(some[:WORST], shoot.folder))
            _and_more(out, len(some), f": {_list_command(shoot)} --verdict {name}")


def _named(
    out: Console, title: str, lines: Sequence[tuple[Path, str]], shoot: Shoot, how: str = ""
) -> None:
    if not lines:
        return
    out.print()
    out.print(f"{title} ({len(lines)})", style="bold")
    for path, sentence in lines[:WORST]:
        # Most sentences begin with the file's name; with its folder it need not be said twice.
        rest = sentence.removeprefix(path.name)
        between = ": " if rest == sentence else ""
        out.print(f"  {_short(path, shoot.folder)}{between}{safe(rest)}", soft_wrap=True)
    _and_more(out, len(lines), how)


def _what_next(out: Console, shoot: Shoot) -> None:
    out.print()
    out.print(f"Catalog: {safe(shoot.catalog)}", style="dim", soft_wrap=True)
    worst = next(iter([*shoot.of("delete"), *shoot.of("maybe")]), None)
    if worst is not None:
        explain = f"keepers explain {quoted(worst.path)}{_catalog_option(shoot)}"
        out.print(f"Why one photo is where it is: {explain}", soft_wrap=True)
    out.print(f"All photos: {_list_command(shoot)}", soft_wrap=True)
    out.print("No photo was changed, moved or deleted.", style="dim")


def _and_more(out: Console, count: int, how: str) -> None:
    if count > WORST:
        out.print(f"  and {count - WORST} more{how}", style="dim", soft_wrap=True)


def _list_command(shoot: Shoot) -> str:
    return f"keepers list {quoted(shoot.folder)}{_catalog_option(shoot)}"


def _catalog_option(shoot: Shoot) -> str:
    """Without it the next command would look into another catalog; nothing where that is the same."""
    usual = settings(workers=1).catalog
    return "" if shoot.catalog == usual else f" --catalog {quoted(shoot.catalog)}"


def table(opinions: Sequence[Opinion]) -> None:
    """Verdict, score, photo and first reason, a line each."""
    console().print(_rows(opinions, _common(opinions), titles=True))


def groups(found: Sequence[tuple[Group, Sequence[Opinion]]]) -> None:
    """Each group with its frames in the order of time, the best one marked."""
    out = console()
    numbers = numbers_of(opinion for _, opinions in found for opinion in opinions)
    folder = _common([opinion for _, opinions in found for opinion in opinions])
    if not found:
        out.print("No photos of this folder belong together.")
    for group, opinions in found:
        kind = KIND_WORDS[group.kind].capitalize()
        title = f"{numbers[id(group)]}. {kind}, {_photos(len(group.members))}, scene {group.scene}"
        out.print(title + (", protected" if group.protected else ""), style="bold")
        rows = Table(box=None, show_header=False, padding=(0, 2))
        for opinion in opinions:
            rows.add_row(*_in_group(group, opinion, folder))
        out.print(rows)
        if len(opinions) < len(group.members):
            out.print(f"  and {len(group.members) - len(opinions)} in other folders", style="dim")
        mark = "" if group.best is None else f"Best: {safe(group.best.name)}. "
        out.print(f"  {mark}{safe(group.why)}.", soft_wrap=True)
        out.print()


def _in_group(group: Group, opinion: Opinion, folder: Path | None) -> tuple[Text, ...]:
    member, verdict = member_of(group, opinion.path), opinion.verdict
    name = verdict.verdict if verdict else "maybe"
    if member.copy_of is not None:
        place = f"copy of {safe(member.copy_of.name)}"
    elif group.protected:
        place = ""
    elif group.best == opinion.path:
        place = "best"
    else:
        place = f"{member.place}." + (f" the best: {', '.join(member.reasons)}" if member.reasons else "")
    return Text(_short(opinion.path, folder)), Text(VERDICT_TITLES[name], STYLES[name]), Text(place, "dim")


def numbers_of(opinions: Iterable[Opinion]) -> dict[int, int]:
    """A number for every group, in the order in which they appear."""
    numbers: dict[int, int] = {}
    for opinion in opinions:
        if opinion.group is not None:
            numbers.setdefault(id(opinion.group), len(numbers) + 1)
    return numbers


def _rows(opinions: Sequence[Opinion], folder: Path | None, titles: bool = False) -> Table:
    rows = Table(box=None, show_header=titles, padding=(0, 2), header_style="dim")
    numbers = numbers_of(opinions) if titles else {}
    named = ("verdict", "score", "photo", "group", "reason") if numbers else ("verdict", "score", "photo", "reason")
    for title in named if titles else ("score", "photo", "reason"):
        rows.add_column(title, overflow="fold", no_wrap=title in ("verdict", "score", "group"))
    for opinion in opinions:
        verdict = opinion.verdict
        name = Text(_short(opinion.path, folder))
        if verdict is None:
            first, score, why = Text("unreadable", "dim"), "", opinion.report.error or ""
        else:
            first = Text(VERDICT_TITLES[verdict.verdict], STYLES[verdict.verdict])
            score, why = f"{verdict.score:.2f}", verdict.reasons[0].sentence if verdict.reasons else ""
        cells = (Text(score), name, *([_mark(opinion, numbers)] if numbers else []), Text(safe(why)))
        rows.add_row(first, *cells) if titles else rows.add_row(*cells)
    return rows


def _mark(opinion: Opinion, numbers: Mapping[int, int]) -> Text:
    """The number of a photo's group and a star where it is the best: "3 *"."""
    group = opinion.group
    if group is None:
        return Text("")
    return Text(f"{numbers[id(group)]}" + (" *" if group.best == opinion.path else ""))


def csv_rows(opinions: Sequence[Opinion]) -> None:
    """path, verdict, score, label, reason, error; RFC 4180 with a header line."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("path", "verdict", "score", "label", "reason", "error"))
    for opinion in opinions:
        verdict = opinion.verdict
        facts = ("", "", "", "")
        if verdict is not None:
            why = "; ".join(reason.sentence for reason in verdict.reasons)
            facts = (verdict.verdict, f"{verdict.score:.4f}", verdict.label, why)
        writer.writerow((str(opinion.path), *facts, opinion.report.error or ""))


def explanation(opinion: Opinion) -> None:
    """What `explain` prints."""
    out = console()
    verdict, report = opinion.verdict, opinion.report
    out.print(safe(opinion.path), style="bold", soft_wrap=True)
    if verdict is None:
        out.print(f"Unreadable: {safe(report.error)}", style="red", soft_wrap=True)
        return
    title = Text(VERDICT_TITLES[verdict.verdict], STYLES[verdict.verdict])
    label = "original (no flaw)" if verdict.label == "original" else verdict.label.replace("_", " ")
    out.print(title, f" score {verdict.score:.2f}, looks most like: {label}", sep="")
    for reason in verdict.reasons:
        out.print(f"  - {safe(reason.sentence)} (weight {reason.weight:.2f})", soft_wrap=True)
    out.print(verdict.would_change, soft_wrap=True)
    out.print()
    out.print(_flaw_table(verdict.flaws))
    if opinion.report.faces:
        out.print()
        out.print(_face_table(opinion))
    out.print()
    checks = Table("check", "flaw", "raw", "score", "says", box=None, padding=(0, 2), header_style="dim")
    for a in verdict.assessments:
        checks.add_row(a.check, a.flaw, f"{a.raw:.4g}", f"{a.score:.2f}", Text(safe(a.sentence)))
    out.print(checks)
    out.print(f"Network: {report.model or 'none'}", style="dim")


def _flaw_table(flaws: Mapping[str, float]) -> Table:
    rows = Table("flaw", "probability", box=None, padding=(0, 2), header_style="dim")
    for name, probability in flaws.items():
        rows.add_row(name, f"{probability:.3f}")
    return rows


def _face_table(opinion: Opinion) -> Table:
    """The faces that the JSON has, in its words; people who count have a number."""
    from keepers.app.schema import to_json

    rows = Table("person", "width", "eyes", "smile", "sharpness", box=None, padding=(0, 2), header_style="dim")
    for face in to_json(opinion)["faces"]:
        why = f" ({face['eyes_unknown']})" if face["eyes_unknown"] else ""
        sharp = "" if face["sharpness"] is None else f"{face['sharpness']:.2f}"
        number = "" if face["person"] is None else str(face["person"])
        rows.add_row(number, f"{face['width']:.0f}", f"{face['eyes']}{why}", f"{face['smile']:.2f}", sharp)
    return rows


def _photos(count: int) -> str:
    return f"{count} photo" if count == 1 else f"{count} photos"


def _common(opinions: Sequence[Opinion]) -> Path | None:
    """The folder that all have in common, so that a table need not repeat it; None where it saves nothing."""
    folders = {opinion.path.parent for opinion in opinions}
    return folders.pop() if len(folders) == 1 else None


def _short(path: Path, folder: Path | None) -> str:
    if folder is not None:
        root = folder.absolute()
        path = path.relative_to(root) if path.is_relative_to(root) else path
    return safe(path)
