"""The plots of a report, each as the bytes of a PNG."""

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from keepers.pipeline.calibrate import wilson
from keepers.train.backbones import BACKBONES
from keepers.train.evaluate import BINS
from keepers.train.report_facts import SPLIT_NAMES, Trial, history, predictions, quartiles, reliability_of
from keepers.train.report_model import share
from keepers.types import LABELS

WIDE = 9.6
"""Inches; with `DPI` the width at which a report shows its figures."""
DPI = 110
COLOURS = ("#0072b2", "#c44e00", "#007d5c", "#9c3f7d", "#7a5a00", "#4d4d4d", "#008090", "#4b3b9e")
"""After Okabe and Ito 2008, darker, so that text in them can be read on white."""
_STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "grid.linewidth": 0.6,
}


@contextmanager
def _canvas(width: float, height: float) -> Iterator[tuple[Any, io.BytesIO]]:
    """A figure of so many inches, which is in the buffer as PNG when the block ends."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with rc_context(_STYLE):
        figure = Figure((width, height), dpi=DPI, layout="constrained")
        yield figure, buffer
        figure.savefig(buffer, format="png", metadata={"Software": None})


def _words(name: str) -> str:
    return name.replace("_", " ")


def _limits(tables: Sequence[list[dict[str, float]]]) -> dict[str, tuple[float, float]]:
    """The same limits for all runs, so that they can be compared by eye."""
    losses = [row[key] for table in tables for row in table for key in ("train_loss", "val_loss") if row[key] > 0]
    shares = [row[key] for table in tables for row in table for key in ("train_accuracy", "val_accuracy")]
    low = math.floor(10 * min(shares, default=0) - 1e-9) / 10
    return {
        "loss": (min(losses, default=0.1) / 1.3, max(losses, default=1.0) * 1.3),
        "accuracy": (max(0.0, low), 1.02),
    }


def _draw_history(axis: Any, table: list[dict[str, float]], what: str, faint: bool) -> None:
    epochs = [row["epoch"] for row in table]
    marker = "o" if len(table) < 4 else None
    alpha = 0.45 if faint else 1.0
    for split, style, colour in (("train", "--", COLOURS[1]), ("val", "-", COLOURS[0])):
        values = [row[f"{split}_{what}"] for row in table]
        axis.plot(epochs, values, style, color=colour, lw=1.4, marker=marker, ms=3, alpha=alpha)


def _draw_trial(axes: Sequence[Any], trial: Trial, limits: Mapping[str, tuple[float, float]]) -> None:
    from matplotlib.ticker import FixedLocator, FormatStrFormatter, MaxNLocator, NullLocator

    tables = [table for table in map(history, (run.run for run in trial.runs)) if table]
    for axis, what in zip(axes, ("loss", "accuracy"), strict=True):
        for number, table in enumerate(tables):
            _draw_history(axis, table, what, faint=number > 0)
        longest = max((len(table) for table in tables), default=1)
        axis.set_xlim(0.5, longest + 0.5)
        axis.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_ylim(*limits[what])
        if what == "loss":
            axis.set_yscale("log")
            axis.yaxis.set_major_locator(FixedLocator([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]))
            axis.yaxis.set_major_formatter(FormatStrFormatter("%g"))
            axis.yaxis.set_minor_locator(NullLocator())
            axis.tick_params(labelbottom=False)
    state = "" if trial.done else f" ({trial.state})"
    row = trial.name.removeprefix(trial.backbone).removeprefix("-")
    axes[0].set_title(f"{trial.backbone}\n{row}{state}", fontsize=8.5)


def curves(trials: Sequence[Trial], columns: int = 4) -> bytes:
    """Loss (logarithmic) and accuracy over epochs, a pair of panels a trial; further seeds are fainter."""
    from matplotlib.lines import Line2D

    drawn = [trial for trial in trials if any(history(run.run) for run in trial.runs)]
    lines = -(-len(drawn) // columns) or 1
    limits = _limits([history(run.run) for trial in drawn for run in trial.runs])
    with _canvas(WIDE, 2.5 * lines + 0.4) as (figure, buffer):
        grid = figure.subplots(2 * lines, columns, squeeze=False)
        for place in range(lines * columns):
            line, column = divmod(place, columns)
            pair = grid[2 * line : 2 * line + 2, column]
            if place >= len(drawn):
                for axis in pair:
                    axis.axis("off")
                continue
            _draw_trial(pair, drawn[place], limits)
            if column:
                for axis in pair:
                    axis.tick_params(labelleft=False)
            else:
                pair[0].set_ylabel("loss")
                pair[1].set(ylabel="accuracy", xlabel="epoch")
        styles = [Line2D([], [], ls="--", color=COLOURS[1]), Line2D([], [], ls="-", color=COLOURS[0])]
        figure.legend(
            styles, ["train, while learning", "validation"], loc="outside upper right", ncols=2, frameon=False
        )
    return buffer.getvalue()


def _draw_confusion(axis: Any, table: Any) -> None:
    shares = table / table.sum(1, keepdims=True).clip(1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*table.shape):
        colour = "white" if shares[row, column] > 0.5 else "black" if table[row, column] else "#999999"
        axis.text(column, row, str(table[row, column]), ha="center", va="center", color=colour, fontsize=10)
    names = [_words(label) for label in LABELS]
    axis.set_xticks(range(len(LABELS)), names, rotation=35, ha="right")
    axis.set_yticks(range(len(LABELS)), names)
    axis.set(xlabel="predicted", ylabel="actual", title="Confusion matrix, photos")
    axis.grid(False)


def _draw_reliability(axis: Any, trial: Trial) -> None:
    facts = trial.shown.facts
    axis.plot([0, 1], [0, 1], color="#888888", lw=1)
    before = reliability_of(predictions(trial.shown.run), BINS)
    for bins, colour, style, name, key in (
        (before, COLOURS[1], "--", "as it is", "ece"),
        (facts["reliability"], COLOURS[0], "-", "temperature scaled", "ece_scaled"),
    ):
        if not bins:
            continue
        label = f"{name}, ECE {share(facts[key])}"
        axis.plot([b[1] for b in bins], [b[2] for b in bins], style, color=colour, lw=1.2, alpha=0.7, label=label)
        axis.scatter(
            [b[1] for b in bins], [b[2] for b in bins], [10 + 12 * b[0] ** 0.5 for b in bins], colour, alpha=0.6
        )
    axis.set(xlim=(0, 1.03), ylim=(-0.03, 1.05), xlabel="confidence", ylabel="accuracy", title="Reliability")
    axis.set_aspect("equal")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2, frameon=False, fontsize=8.5)


def best(trial: Trial) -> bytes:
    """Confusion matrix and reliability diagram of a trial's shown run; dots grow with the number of photos."""
    with _canvas(WIDE, 4.5) as (figure, buffer):
        left, right = figure.subplots(1, 2)
        _draw_confusion(left, np.array(trial.shown.facts["confusion"]))
        _draw_reliability(right, trial)
    return buffer.getvalue()


def _bars(trial: Trial) -> tuple[list[float], list[float]]:
    low, high = trial.interval
    return [max(0.0, trial.accuracy - low)], [max(0.0, high - trial.accuracy)]


def _nines(accuracy: Any) -> Any:
    """Accuracy to the scale on which .9, .99 and .999 lie equally far apart; .9995 and more are the top."""
    return -np.log10(np.clip(1 - np.asarray(accuracy, dtype=float), 5e-4, 1))


def _accuracy(nines: Any) -> Any:
    return 1 - 10.0 ** -np.asarray(nines, dtype=float)


def front(trials: Sequence[Trial]) -> list[Trial]:
    """The trials that no other beats in both latency and accuracy, fastest first."""
    found: list[Trial] = []
    for trial in sorted(trials, key=lambda trial: (trial.latency or 0.0, -trial.accuracy)):
        if not found or trial.accuracy > found[-1].accuracy:
            found.append(trial)
    return found


def _scale(axis: Any, drawn: Sequence[Trial]) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    lowest, highest = (extreme(trial.interval[end] for trial in drawn) for end, extreme in ((0, min), (1, max)))
    axis.set_yscale("function", functions=(_nines, _accuracy))
    axis.yaxis.set_major_locator(FixedLocator([0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.9995]))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: "1" if value > 0.999 else share(value).rstrip("0")))
    axis.set_ylim(max(0.0, _accuracy(_nines(lowest) - 0.08)), min(0.9996, _accuracy(_nines(highest) + 0.08)))
    axis.set_xscale("log")
    ticks = [tick * 10**power for power in range(-1, 4) for tick in (1, 2, 5)]
    axis.xaxis.set_major_locator(FixedLocator(ticks))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    found = [trial.latency or 1.0 for trial in drawn]
    axis.set_xlim(min(found) / 1.4, max(found) * 2.6)


def _name_points(figure: Any, axis: Any, drawn: Sequence[Trial], colours: Mapping[str, str]) -> None:
    """Write names beside points where they cover neither points nor other names, tied by a thin line if moved away."""
    from matplotlib.patheffects import withStroke

    figure.draw_without_rendering()
    # From here on nothing may move: the names lie in pixels.
    figure.set_layout_engine("none")
    place = axis.transData.transform
    points = [place((trial.latency, min(trial.accuracy, 0.9995))) for trial in drawn]
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    frame = axis.get_window_extent()
    line = {"arrowstyle": "-", "lw": 0.5, "color": "#777777", "shrinkA": 0, "shrinkB": 2}
    for i in sorted(range(len(drawn)), key=lambda i: (-points[i][1], points[i][0])):
        trial, (x, y) = drawn[i], points[i]
        text = axis.annotate(
            trial.name, (x, y), (x, y), xycoords="figure pixels", textcoords="figure pixels", fontsize=7.5,
            va="center", color=colours.get(trial.backbone, "#4d4d4d"), arrowprops=line,
            annotation_clip=False,
        )  # fmt: skip
        text.set_path_effects([withStroke(linewidth=2.5, foreground="white")])
        size = text.get_window_extent()
        spot = _free(x, y, size.width, size.height, taken, (frame.x0, frame.y0 - 2, frame.x1, frame.y1 + 12))
        taken.append(spot)
        text.set_position((spot[0], (spot[1] + spot[3]) / 2))
        text.arrow_patch.set_visible(abs(text.get_position()[1] - y) > 3 or abs(spot[0] - x) > 16)


Box = tuple[float, float, float, float]


def _free(x: float, y: float, width: float, height: float, taken: Sequence[Box], frame: Box) -> Box:
    """The place for a text of this size nearest to a point, right of it if possible; left, bottom, right, top."""
    found: list[tuple[float, Box]] = []
    for step in range(-24, 25):
        for side in (1, -1):
            for away in (9, 22, 48):
                left = x + away if side > 0 else x - away - width
                middle = y + step * height / 2
                box = (left, middle - height / 2, left + width, middle + height / 2)
                inside = box[0] >= frame[0] and box[2] <= frame[2] and box[1] >= frame[1] and box[3] <= frame[3]
                hit = any(box[0] < t[2] and t[0] < box[2] and box[1] < t[3] and t[1] < box[3] for t in taken)
                if inside and not hit:
                    found.append((abs(middle - y) + away + (12 if side < 0 else 0), box))
    return min(found)[1] if found else (x + 9, y - height / 2, x + 9 + width, y + height / 2)


def latency(trials: Sequence[Trial]) -> bytes:
    """Test accuracy over CPU milliseconds, with 95 % intervals, and the trials that no other beats in both."""
    drawn = [trial for trial in trials if trial.done and trial.latency]
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(BACKBONES)}
    markers = {name: "os^Dv"[i % 5] for i, name in enumerate(sorted({trial.study for trial in drawn}))}
    with _canvas(WIDE, 5.4) as (figure, buffer):
        axis = figure.subplots()
        for trial in drawn:
            colour = colours.get(trial.backbone, "#4d4d4d")
            point = min(trial.accuracy, 0.9995)
            axis.errorbar(
                trial.latency,
                point,
                _bars(trial),
                color=colour,
                fmt=markers[trial.study],
                ms=6,
                elinewidth=0.8,
                alpha=0.8,
            )
        best_ones = front(drawn)
        x, y = [trial.latency for trial in best_ones], [min(trial.accuracy, 0.9995) for trial in best_ones]
        axis.plot(x, y, color="#888888", lw=1, ls=":", zorder=0)
        _scale(axis, drawn)
        axis.set(xlabel="CPU ms a photo, one core", ylabel="test accuracy", title=_title(drawn, markers))
        _name_points(figure, axis, drawn, colours)
    return buffer.getvalue()


def _title(drawn: Sequence[Trial], markers: Mapping[str, str]) -> str:
    shapes = {"o": "round", "s": "square", "^": "triangle", "D": "diamond", "v": "triangle down"}
    keys = ", ".join(f"{name}: {shapes[mark]}" for name, mark in markers.items())
    return SPLIT_NAMES[drawn[0].protocol] + (f" ({keys})" if len(markers) > 1 else "")


def severity(winners: Sequence[Trial], others: Mapping[str, Sequence[Trial]]) -> bytes:
    """Share found over how severe a flaw is, by quarters, a panel a flaw; `others` are all trials of each protocol."""
    with _canvas(WIDE, 2.9) as (figure, buffer):
        axes, lowest = figure.subplots(1, len(LABELS) - 1, sharey=True), 0.8
        for number, winner in enumerate(winners):
            colour, own = COLOURS[number], predictions(winner.shown.run)
            pooled = [row for trial in others[winner.protocol] if trial.done for row in predictions(trial.shown.run)]
            for axis, label in zip(axes, LABELS[1:], strict=True):
                found, all_rows = quartiles(own, label), quartiles(pooled, label)
                name = SPLIT_NAMES[winner.protocol]
                x = [s + 0.012 * number for s, _, _ in found]
                y = [right / count for _, count, right in found]
                spans = [wilson(right, count) for _, count, right in found]
                lowest = min([lowest, *(math.floor(5 * low) / 5 for low, _ in spans)])
                bars = [
                    [v - low for v, (low, _) in zip(y, spans, strict=True)],
                    [high - v for v, (_, high) in zip(y, spans, strict=True)],
                ]
                axis.errorbar(x, y, np.abs(bars), color=colour, marker="o", ms=4, lw=1.4, elinewidth=0.7, label=name)
                rest = [right / count for _, count, right in all_rows]
                lowest = min([lowest, *(math.floor(5 * value) / 5 for value in rest)])
                axis.plot(
                    [s for s, _, _ in all_rows], rest, "--", color=colour, lw=1, alpha=0.7, label=f"{name}, all rows"
                )
        for axis, label in zip(axes, LABELS[1:], strict=True):
            axis.set(title=_words(label), xlim=(0, 1), ylim=(lowest - 0.03, 1.03), xticks=[0, 0.5, 1])
        axes[0].set_ylabel("share found")
        axes[len(axes) // 2].set_xlabel("severity")
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False, fontsize=8
        )
    return buffer.getvalue()
