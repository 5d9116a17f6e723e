"""The report of a folder of experiments: read the runs, say what came out, draw it.

Everything is said from the runs; what explains them is for a person to write, into NOTES.md.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from keepers.train import figures
from keepers.train import report_photos as photos
from keepers.train import report_setting as setting
from keepers.train import report_tables as tables
from keepers.train.report_facts import (
    ENOUGH,
    SPLIT_NAMES,
    Survey,
    Trial,
    data_of,
    predictions,
    same_table,
    survey,
)  # fmt: skip
from keepers.train.report_model import Block, Document, Figure, Section, Text, counted, listed, lowered, share

PHOTOS, WRONG, MANY = 25, 10, 6
Progress = Callable[[str, int, int, str], None]


def _numbers(trial: Trial) -> str:
    low, high = trial.interval
    over = f", mean of {counted(len(trial.done), 'seed')}" if len(trial.done) > 1 else ""
    return f"{share(trial.accuracy)} (95 %: {share(low)} to {share(high)}{over})"


def _reached(trials: Sequence[Trial]) -> str:
    done = [trial for trial in trials if trial.done]
    enough = sum(trial.accuracy >= ENOUGH for trial in done)
    said = f"{enough} of {counted(len(done), 'finished experiment')} reach {share(ENOUGH, 2)}"
    compared = [trial for trial in done if trial.original is not None]
    if compared:
        least = sum(trial.accuracy >= (trial.original or 0.0) - 1e-9 for trial in compared)
        said += f", and {least} of {len(compared)} are at least as good as the original's row"
    return said + "."


def _short(found: Survey, known: dict[tuple[str, str], photos.Seen]) -> Section:
    lines = []
    for winner in found.winners():
        flawed = share(winner.mean("originals_called_flawed"))
        lines.append(
            f"- **{winner.study}, {SPLIT_NAMES[winner.protocol]}:** validation chooses `{winner.name}` "
            f"(validation accuracy {share(winner.mean('val_accuracy'))}). Its test accuracy is {_numbers(winner)}, its "
            f"ECE {share(winner.mean('ece'))}, {share(winner.mean('ece_scaled'))} after temperature scaling, and it "
            f"calls {flawed} of the originals flawed. {_reached(found.of(winner.study, winner.protocol))}"
        )
        seen = known.get((winner.study, winner.protocol))
        if seen is not None:
            count = len(seen.versions) + len(seen.alike)
            lines[-1] += f" Training saw {count} of the {seen.total} test photos in another version."
    return Section("In short", (Text("\n".join([*lines, *_missing(found)])),))


def _missing(found: Survey) -> list[str]:
    """What is not there yet, a list item each."""
    lines = []
    for name in found.studies:
        absent = [words for protocol, words in SPLIT_NAMES.items() if protocol not in found.protocols(name)]
        lines += [f"- **{name}** was not run with the {listed(absent)}."] if absent else []
    places = {run.run: f"`{run.run.relative_to(found.out).as_posix()}`" for run in found.results}
    begun = [places[run.run] for run in found.results if run.state == "begun"]
    if begun:
        rest = [f"{len(begun) - MANY} more"] if len(begun) > MANY else []
        lines.append(f"- {counted(len(begun), 'run is', 'runs are')} not finished: {listed([*begun[:MANY], *rest])}.")
    failed = [run for run in found.results if run.state == "failed"]
    return lines + [f"- {places[run.run]} failed: {run.facts['error']}" for run in failed]


def _results(found: Survey) -> Section:
    blocks: list[Block] = []
    for name in found.studies:
        if len(found.studies) > 1:
            blocks.append(Text(f"### {name}"))
        blocks.append(tables.results_table(found, name))
    if any(trial.original is not None for trial in found.trials):
        blocks.append(Text("*Original*: the accuracy of the study that is reproduced, as the study's file states it."))
    return Section("Results", tuple(blocks))


def _notes(folder: Path) -> Section:
    path = folder / "NOTES.md"
    written = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    empty = (
        "*Nobody has written this section yet.* What stands in `NOTES.md` in the folder of the report is included here."
    )
    return Section("What explains the differences", (Text(lowered(written) if written else empty),))


def _best(found: Survey) -> Section:
    blocks: list[Block] = []
    for name in found.studies:
        winners = [trial for trial in found.winners() if trial.study == name]
        if not winners:
            blocks.append(Text(f"No run of {name} is finished yet."))
            continue
        shown = [
            f"`{trial.name}` with seed {trial.shown.facts['seed']}, {SPLIT_NAMES[trial.protocol]}" for trial in winners
        ]
        blocks += [Text(f"**{name}:** {listed(shown)}."), tables.classes_table(winners)]
        for trial in winners:
            what = f"{trial.name}, {SPLIT_NAMES[trial.protocol]}"
            blocks.append(
                Figure(
                    f"best-{name}-{trial.protocol}.png",
                    f"Confusion matrix and reliability diagram of {what}",
                    f"{what}: {trial.shown.facts['photos']} test photos. Dots grow with the number of photos; "
                    "those below the diagonal are more confident than right.",
                    figures.best(trial),
                )
            )
    return Section("The best of each protocol", tuple(blocks))


def _calibration(found: Survey) -> Section:
    blocks: list[Block] = [
        Text(
            "ECE, the expected calibration error, is the mean gap between confidence and accuracy (15 bins), before "
            "and after dividing the logits by one temperature fitted on the calibration split. An original that is "
            "called flawed is a good photo rejected."
        )
    ]
    for name in found.studies:
        table = tables.calibration_table(found, name)
        if table.rows:
            blocks += [Text(f"### {name}")] if len(found.studies) > 1 else []
            blocks.append(table)
    return Section("Calibration and false rejects", tuple(blocks))


def _curves(found: Survey) -> Section:
    blocks: list[Block] = []
    for name in found.studies:
        for protocol in found.protocols(name):
            what = f"{name}, {SPLIT_NAMES[protocol]}"
            caption = f"{what}. Dashed: training, augmented views. Solid: validation. Further seeds are faint."
            data = figures.curves(found.of(name, protocol))
            blocks.append(Figure(f"curves-{name}-{protocol}.png", f"Loss and accuracy by epoch, {what}", caption, data))
    return Section("Curves", tuple(blocks))


def _latency(found: Survey) -> Section:
    blocks: list[Block] = []
    for protocol, words in SPLIT_NAMES.items():
        own = [trial for trial in found.trials if trial.protocol == protocol and trial.done and trial.latency]
        if own:
            best_ones = listed([f"`{trial.name}`" for trial in figures.front(own)])
            caption = f"{words.capitalize()}; bars: 95 % intervals. No other is both faster and better than "
            data = figures.latency(own)
            blocks.append(
                Figure(f"latency-{protocol}.png", f"Accuracy over latency, {words}", caption + best_ones + ".", data)
            )
    return Section("Accuracy against latency", tuple(blocks or [Text("No latency was measured yet.")]))


def _mistakes(found: Survey, known: dict[tuple[str, str], photos.Seen]) -> Section:
    blocks: list[Block] = []
    for name in found.studies:
        winners = [trial for trial in found.winners() if trial.study == name]
        others = {trial.protocol: found.of(name, trial.protocol) for trial in winners}
        if winners:
            caption = (
                f"{name}: share of flawed test photos that the best of each protocol names rightly, over the "
                "severity of the flaw (0 mildest, 1 strongest) in quarters, with 95 % intervals; dashed, all finished "
                "experiments together."
            )
            alt = f"Recall over severity of each flaw, {name}"
            blocks.append(Figure(f"severity-{name}.png", alt, caption, figures.severity(winners, others)))
        for winner in winners:
            rows = predictions(winner.shown.run)
            wrong = photos.mistakes(rows, len(rows))
            text = f"**{name}, {SPLIT_NAMES[winner.protocol]}:** `{winner.name}` is wrong on "
            text += f"{len(wrong)} of {counted(len(rows), 'test photo')}."
            blocks.append(Text(text + (f" The {WRONG} most confident mistakes:" if len(wrong) > WRONG else "")))
            blocks += _sheet(found, winner, wrong[:WRONG], known, "mistakes", "Its mistakes, the most confident first.")
    return Section("Where the mistakes are", tuple(blocks or [Text("No run is finished yet.")]))


def _sheet(
    found: Survey, winner: Trial, rows: Sequence[dict[str, str]], known: dict[tuple[str, str], photos.Seen],
    kind: str, caption: str,
) -> list[Block]:  # fmt: skip
    key = (winner.study, winner.protocol)
    data = data_of(found.data(*key))
    if data is None or key not in known or not rows:
        return []
    what = f"{winner.name}, {SPLIT_NAMES[winner.protocol]}"
    picture = photos.sheet(data, rows, known[key])
    return [
        Figure(f"{kind}-{winner.study}-{winner.protocol}.jpg", f"Test photos with labels, {what}", caption, picture)
    ]


def _seen(found: Survey, progress: Progress | None) -> dict[tuple[str, str], photos.Seen]:
    """What training has seen of each test split, where the dataset is there and the one that the run was made on."""
    known = {}
    for winner in found.winners():
        data = data_of(found.data(winner.study, winner.protocol))
        if data is not None and same_table(winner.shown.run, data.folder):
            seen = photos.seen(data, progress)
            if seen is not None:
                known[winner.study, winner.protocol] = seen
    return known


def _counted_seen(seen: photos.Seen) -> str:
    versions, alike = len(seen.versions), len(seen.alike)
    return (
        f"Of {seen.total} test photos, {versions} ({100 * versions / max(1, seen.total):.0f} %) have another version "
        f"of the same original in the training split, and {alike} more look the same as a training photo by perceptual "
        f"hash (at most {photos.SAME_PICTURE} of 64 bits apart)."
    )


def _unseen(found: Survey, known: dict[tuple[str, str], photos.Seen]) -> Section:
    blocks: list[Block] = []
    for winner in found.winners():
        words = SPLIT_NAMES[winner.protocol]
        seen = known.get((winner.study, winner.protocol))
        if seen is None:
            text = "the photos of its dataset are no longer there, or are others than it was trained on."
            blocks.append(Text(f"**{winner.study}, {words}:** {text}"))
            continue
        blocks.append(Text(f"**{winner.study}, {words}**, `{winner.name}`. {_counted_seen(seen)}"))
        rows = photos.draw_at_random(predictions(winner.shown.run), PHOTOS)
        right = sum(row["label"] == row["predicted"] for row in rows)
        caption = f"{counted(len(rows), 'test photo')} drawn at random, {words}: {right} right. Framed in red: wrong."
        blocks += _sheet(found, winner, rows, known, "photos", caption)
    return Section("Random photos of the test split", tuple(blocks or [Text("No run is finished yet.")]))


def build(out: Path, notes: Path, progress: Progress | None = None) -> Document:
    """The report of all experiments in a folder; `notes` is the folder that may hold a NOTES.md.

    Raises:
        NothingToDo: if there is no experiment.
    """
    found = survey(out)
    known = _seen(found, progress)
    done = sum(run.state == "done" for run in found.results)
    experiments = len({(trial.study, trial.name) for trial in found.trials})
    lead = f"{counted(len(found.results), 'run')} of {counted(experiments, 'experiment')}, {done} finished."
    sections = (
        _short(found, known), setting.data(found), setting.how(found), _results(found), _notes(notes), _best(found),
        _calibration(found), _curves(found), _latency(found), _mistakes(found, known), _unseen(found, known),
    )  # fmt: skip
    return Document(f"Experiments: {listed(found.studies)}", lead, sections, notes)
