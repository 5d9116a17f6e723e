"""Findings as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from keepers.app.benching.findings import STAGES, UNSEEN, Bench, Lot, Pass
from keepers.evaluate.tables import NOTHING, table

GOAL_OVER_FLOORS, GOAL_SCALING = 1.45, 1.85
"""What we set ourselves for 24 megapixels on two cores, see docs/performance.md."""


def markdown(bench: Bench) -> str:
    """Everything, with headings of the second level."""
    parts = [headline(bench), "## Photos a second", rates(bench.lots), "## CPU time by stage", costs(bench.lots)]
    if any(lot.floors for lot in bench.lots):
        parts += ["## Limits of this machine", limits(bench), floors(bench.lots), ratios(bench.lots)]
    return "\n\n".join(parts) + "\n"


def headline(bench: Bench) -> str:
    """With what, and where."""
    return f"keepers {bench.version}, network {bench.model or 'none'}; {bench.machine}; {bench.workers} threads."


def rates(lots: Sequence[Lot]) -> str:
    """Photos a second and memory."""
    header = ("photos", "number", "MP", "MB", "faces", "threads", "photos/s", "start, s", "again, s", "quick look, s",
              "peak memory, MB")  # fmt: skip
    rows = [_rate(lot, one) for lot in lots for one in lot.passes]
    return table(header, rows)


def _rate(lot: Lot, one: Pass) -> tuple[object, ...]:
    memory = NOTHING if one.peak_bytes is None else f"{one.peak_bytes / 1e6:.0f}"
    quick = NOTHING if lot.quick_s is None or one is not lot.whole else f"{lot.quick_s:.2f}"
    return (
        lot.name, lot.photos, f"{lot.megapixels:.1f}", f"{lot.megabytes:.1f}", f"{lot.faces:.1f}",
        one.workers, f"{one.rate:.1f}", f"{one.start_s:.1f}", f"{one.again_s:.2f}", quick, memory,
    )  # fmt: skip


def costs(lots: Sequence[Lot]) -> str:
    """Mean CPU milliseconds a photo, a stage a line; in brackets what 95 % of photos stay below."""
    rows: list[tuple[object, ...]] = []
    for name in dict.fromkeys(name for lot in lots for name in lot.costs):
        what = STAGES.get(name) or UNSEEN.get(name, "")
        rows.append((name, what, *(_cost(lot, name) for lot in lots)))
    rows.append(("**all**", "", *(f"**{lot.whole.cpu_ms:.1f}**" for lot in lots)))
    return table(("stage", "what", *(lot.name for lot in lots)), rows)


def _cost(lot: Lot, name: str) -> str:
    value = lot.costs.get(name)
    if value is None:
        return NOTHING
    stage = lot.stages.get(name)
    return f"{value:.1f}" + (f" ({stage.p95_ms:.1f})" if stage is not None else "")


def limits(bench: Bench) -> str:
    """The measured peaks, and what the networks need of them."""
    if not (bench.peak_int8 and bench.peak_fp32):
        return ""
    needs = "; ".join(f"{name} {need:.2f}" for name, need in bench.operations.items()) or "none"
    return (
        f"Peak of one core, 10^9 operations a second: int8 {bench.peak_int8:.0f}, fp32 {bench.peak_fp32:.0f}. "
        f"10^9 operations a photo: {needs}."
    )


def floors(lots: Sequence[Lot]) -> str:
    """Bare calls and limits, milliseconds a photo."""
    some = [lot for lot in lots if lot.floors]
    names = dict.fromkeys(floor.name for lot in some for floor in lot.floors)
    words = {floor.name: floor.what for lot in some for floor in lot.floors}
    rows: list[tuple[object, ...]] = []
    for name in names:
        rows.append((name, words[name], *(_floor(lot, name) for lot in some)))
    sums = (f"**{lot.bare_ms:.1f} / {lot.limit_ms:.1f}**" for lot in some)
    rows.append(("**all**", "", *sums))
    return table(("stage", "the call alone", *(f"{lot.name}: bare / limit" for lot in some)), rows)


def _floor(lot: Lot, name: str) -> str:
    found = next((floor for floor in lot.floors if floor.name == name), None)
    return NOTHING if found is None else f"{found.bare_ms:.1f} / {found.limit_ms:.1f}"


def ratios(lots: Sequence[Lot]) -> str:
    """What keepers costs over what cannot be saved, and what a second thread brings."""
    rows = [
        (lot.name, _ratio(lot.over_bare), _ratio(lot.over_limit), _ratio(lot.scaling), _ratio(over_jpeg(lot, lots)))
        for lot in lots
    ]
    header = ("photos", "CPU / bare calls", "CPU / limits", "all threads / one", "photos/s beside the same JPEG")
    return table(header, rows)


def over_jpeg(lot: Lot, lots: Sequence[Lot]) -> float | None:
    """Photos a second of a lot of RAW files over those of the JPEG files of that size; None for any other."""
    twin = next((one for one in lots if one.name == lot.name.replace("RAW", "JPEG")), None)
    if twin is None or twin is lot or not twin.whole.rate:
        return None
    return lot.whole.rate / twin.whole.rate


def _ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def to_csv(bench: Bench) -> str:
    """One figure a line: lot, threads (0 where they do not matter), figure, value, unit."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("photos", "threads", "figure", "value", "unit"))
    for lot in bench.lots:
        writer.writerows((lot.name, *line) for line in _lines(lot))
    return target.getvalue()


def _lines(lot: Lot) -> Iterator[tuple[object, ...]]:
    if lot.quick_s is not None:
        yield lot.whole.workers, "quick look", f"{lot.quick_s:.3f}", "s"
    for one in lot.passes:
        yield one.workers, "rate", f"{one.rate:.3f}", "photos/s"
        yield one.workers, "cpu", f"{one.cpu_ms:.3f}", "ms/photo"
        yield one.workers, "start", f"{one.start_s:.3f}", "s"
        yield one.workers, "again", f"{one.again_s:.3f}", "s"
        if one.peak_bytes is not None:
            yield one.workers, "peak memory", f"{one.peak_bytes / 1e6:.1f}", "MB"
    for name, value in lot.costs.items():
        yield lot.whole.workers, f"stage {name}", f"{value:.3f}", "ms/photo"
    for floor in lot.floors:
        yield 1, f"bare {floor.name}", f"{floor.bare_ms:.3f}", "ms/photo"
        yield 1, f"limit {floor.name}", f"{floor.limit_ms:.3f}", "ms/photo"
    ratios = {"cpu over bare": lot.over_bare, "cpu over limit": lot.over_limit, "scaling": lot.scaling}
    for name, ratio in ratios.items():
        if ratio is not None:
            yield 0, name, f"{ratio:.4f}", ""


def to_json(bench: Bench) -> str:
    """Everything that was measured, and the ratios that follow."""
    data: dict[str, Any] = asdict(bench)
    for one, lot in zip(data["lots"], bench.lots, strict=True):
        one |= {"costs_ms": lot.costs, "over_bare": lot.over_bare, "over_limit": lot.over_limit, "scaling": lot.scaling}
        for made, found in zip(one["passes"], lot.passes, strict=True):
            made["rate"] = found.rate
    return json.dumps(_rounded(data), indent=1) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value
