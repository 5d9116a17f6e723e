"""What a report says of the way to its results: question, data, learning, machine."""

import statistics
from collections import Counter

from keepers.train import config as configs
from keepers.train import report_tables as tables
from keepers.train.report_facts import Data, Survey, configs_of, data_of, distinct
from keepers.train.report_model import Block, Section, Text, counted, listed


def _made(data: Data) -> str:
    facts = data.facts
    size = f"reduced to a short side of {facts['short_side']} pixels, then flawed" if facts.get("short_side") else (
        f"at most {facts.get('max_side')} pixels long"
    )  # fmt: skip
    variants = facts.get("variants", {})
    per = " and ".join(sorted({counted(n, "version") for n in variants.values()}))
    return (
        f"{len(data.rows):,} photos in {len({row.label for row in data.rows})} classes, made from "
        f"{facts.get('sources_used', '?')} clean originals, with {per} of each flaw, {size}; blur: "
        f"{facts.get('blur')}, camera shake: {facts.get('shake')}, seed {facts.get('seed')}."
    )


def data(found: Survey) -> Section:
    """The question of each study, and what its datasets hold."""
    blocks: list[Block] = []
    shown: dict[tuple[str, ...], str] = {}
    for name in found.studies:
        question = next((run.facts.get("question") for run in found.results if run.facts["study"] == name), "")
        there = [data_of(found.data(name, protocol)) for protocol in found.protocols(name)]
        known = [data for data in there if data is not None]
        tables_ = tuple(configs.sha256(data.folder / "labels.csv") for data in known)
        made = " ".join(dict.fromkeys(map(_made, known)))
        if tables_ and tables_ in shown:
            made = f"The same photos in the same splits as {shown[tables_]}."
        text = made or "Its datasets are no longer in the folder of the runs."
        blocks.append(Text(f"**{name}.** {question}\n\n{text}"))
        if known and tables_ not in shown:
            shown[tables_] = name
            blocks.append(tables.data_table(known))
    split = (
        "The *random split* draws every photo alone, so that versions of one original stand on both sides. *Split by "
        "source* keeps all versions of an original on one side: a test photo's scene was never seen. Validation "
        "decides when to stop and which experiment is best, calibration fits the temperature, and test only measures."
    )
    return Section("The question and the data", (*blocks, Text(split)))


def _learning(found: Survey, name: str) -> str:
    rows = configs_of(run for run in found.results if run.facts["study"] == name)
    if not rows:
        return f"**{name}** has no run that began to learn."
    own = [row["config"] for row in rows]
    values = {
        key: listed(distinct(own, lambda one, key=key: one[key]))
        for key in ("optimizer", "learning_rate", "schedule", "batch")
    }
    runs = Counter(one["unfrozen"] for one in own)
    said = {
        "head": "only the head learns",
        "second-half": "the second half and the head learn",
        "all": "everything learns",
    }
    parts = listed([f"in {counted(count, 'run')} {said[kind]}" for kind, count in runs.items()])
    text = (
        f"**Learning, {name}:** optimiser {values['optimizer']}, learning rate {values['learning_rate']}, schedule "
        f"{values['schedule']}, {values['batch']} photos a step, 224 pixels, cross-entropy; the epoch with the lowest "
        f"validation loss counts. {parts[0].upper()}{parts[1:]}. What is frozen keeps its ImageNet weights and its "
        "BatchNorm statistics."
    )
    views = sorted({one["views"] for one in own if one["views"]})
    if views:
        many = listed([str(view) for view in views])
        text += (
            f" Where nothing before the head learns, the features of {many} augmented views of each photo were "
            "computed once and kept: such a run sees these fixed views, one an epoch, instead of new ones."
        )
    return text


def how(found: Survey) -> Section:
    """What learned and how, on what machine, with what versions and how long."""
    rows = configs_of(found.results)
    lines = [_learning(found, name) for name in found.studies]
    if rows:
        machines = listed(distinct(rows, lambda row: row["versions"]["machine"]))
        devices = listed(distinct(rows, lambda row: f"{row['device']} in {row['precision']}"))
        keys = ("keepers", "python", "torch", "timm", "numpy")
        used = ", ".join(f"{key} {listed(distinct(rows, lambda row, k=key: row['versions'][k]))}" for key in keys)
        lines.append(f"**Machine:** {machines}; trained on {devices}. **Versions:** {used}.")
    seconds = [run.facts["seconds"] for run in found.results if run.state == "done"]
    if seconds:
        lines.append(
            f"**Time:** the epochs of {counted(len(seconds), 'finished run')} took {sum(seconds) / 3600:.2g} hours "
            f"together, the median run {statistics.median(seconds) / 60:.2g} minutes; computing kept features is not "
            "in it."
        )
    timed = [run.facts for run in found.results if run.facts.get("latency_ms") is not None]
    if timed:
        processors = listed(distinct(timed, lambda row: f"{row['processor']} ({row['runtime']})"))
        lines.append(f"**Latency:** median CPU time of one photo on {processors}.")
    else:
        lines.append("**Latency** was not measured yet; `keepers experiments run` does so when all runs are finished.")
    return Section("How it was run", (Text("\n\n".join(lines)),))
