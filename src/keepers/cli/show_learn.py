"""How a learned taste looks in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keepers.app import Learned
from keepers.app.learning import Occasion
from keepers.cli.show import console, safe
from keepers.pipeline.taste import LEAST_EACH, LEAST_GAIN, LEAST_SHOOTS, LEVEL, Gate


def learned(found: Learned) -> None:
    """What `keepers learn` prints: the shoots, the test, and what follows."""
    out = console()
    if found.imported:
        out.print(f"{found.imported} ratings of other programs taken over as your choices", style="dim")
    if found.stale:
        out.print(
            f"{found.stale} photos are left out: their facts are of another version; cull their folders again.",
            style="yellow",
        )
    if found.missing:
        _missing(out, found)
        return
    few = [one for one in found.occasions if not one.enough]
    if few:
        names = ", ".join(_counted(one) for one in few)
        out.print(f"Too few choices to learn from: {names}", style="dim", soft_wrap=True)
    status(found)


def status(found: Learned) -> None:
    """What was learned, the numbers of its test, and whether it is used."""
    out = console()
    if found.stored is None:
        out.print("Nothing was learned yet. Learn from your choices with: keepers learn")
        return
    taste = found.stored.taste
    out.print(f"Learned from {taste.choices} choices in {taste.shoots} shoots, {taste.learned_at}")
    out.print()
    out.print(_table(taste.gate))
    out.print()
    out.print(_test(taste.gate), soft_wrap=True)
    liked = taste.strongest()
    if liked:
        out.print(f"You keep, as far as the facts tell: {', '.join(liked)}.", soft_wrap=True)
    out.print(_decision(found), style="green" if found.used else "yellow", soft_wrap=True)


def _table(gate: Gate) -> Table:
    names = ("held-out shoot", "choices", "kept", "default", "your taste")
    rows = Table(*names, box=None, padding=(0, 2), header_style="dim")
    for one in gate.held:
        areas = (f"{one.default:.3f}", f"{one.learned:.3f}")
        rows.add_row(Text(safe(one.shoot)), str(one.choices), str(one.kept), *areas)
    rows.add_row(Text("mean", "bold"), "", "", f"{gate.default:.3f}", f"{gate.learned:.3f}")
    return rows


def _test(gate: Gate) -> str:
    return (
        "The numbers: chance that a photo you keep ranks above one you do not, in a shoot that was not learned from"
        f" (1 is perfect, .5 a coin). Gain {gate.gain:+.3f}, at least {LEAST_GAIN} is asked for; p {gate.p:.3f}, below"
        f" {LEVEL} is asked for (one-sided paired t-test over shoots, corrected for shared training shoots)."
    )


def _decision(found: Learned) -> str:
    assert found.stored is not None
    gate = found.stored.taste.gate
    if not gate.passed:
        why = "it gains too little" if gate.p < LEVEL else "the gain may be chance"
        return f"Not used: {why}. All is as without it; more choices may change that."
    if not found.stored.on:
        return "Not used: it passed its test and is switched off. Switch it on with: keepers learn --on"
    if found.outdated:
        return "Not used: it was learned from facts of another version. Cull again, and then: keepers learn"
    return "Used in every cull, list and export. Switch it off with: keepers learn --off"


def _missing(out: Console, found: Learned) -> None:
    rows = Table("shoot", "kept", "not kept", "enough", box=None, padding=(0, 2), header_style="dim")
    for one in found.occasions:
        rows.add_row(Text(safe(one.name)), str(one.kept), str(one.others), "yes" if one.enough else "no")
    out.print(rows)
    out.print()
    shoots = "1 more shoot" if found.missing == 1 else f"{found.missing} more shoots"
    out.print(
        f"Not learned: {LEAST_SHOOTS} shoots are needed to test a taste on shoots that it has not seen, each with at"
        f" least {LEAST_EACH} photos that you keep and {LEAST_EACH} that you do not. {shoots} to go.",
        style="yellow",
        soft_wrap=True,
    )
    if found.stored is not None:
        out.print("What was learned before stays as it is: keepers learn --status", style="dim")


def _counted(one: Occasion) -> str:
    return f"{safe(one.name)} ({one.kept} kept, {one.others} not)"
