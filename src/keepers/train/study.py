"""A study is data: a TOML file that names a dataset and a list of experiments.

    title = "..."                what the study asks, a sentence
    protocols = ["by-source", "random"]
    seeds = [0]                  of every experiment
    best_seeds = [0, 1, 2]       of the experiment that validates best, with each protocol
    [dataset]                    as the options of `keepers dataset build`
    [defaults]                   settings of every experiment, see `keepers.train.config.Config`
    [[experiment]]               row, title, backbone, and what differs from the defaults
"""

import dataclasses
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from keepers.dataset.build import Settings
from keepers.dataset.plan import BLURS, PROTOCOLS, SHAKES
from keepers.errors import NotFound, UserError
from keepers.train.backbones import BACKBONES
from keepers.train.config import Config
from keepers.types import LABELS

OUTSIDE = frozenset({"dataset", "weights", "variant", "seed", "init", "pretrained", "tiny"})
"""Settings of a run that a study does not name: they belong to the machine, or to the study as a whole."""
EXAMPLES = {field.name: field.default for field in dataclasses.fields(Config) if field.name not in OUTSIDE}
"""What a study may set, and a value of the right kind for each."""
SETTINGS = frozenset(EXAMPLES)
WHOLE = {"title": "", "protocols": ("",), "seeds": (0,), "best_seeds": (0,), "dataset": {}, "defaults": {},
         "experiment": ({},)}  # fmt: skip
"""The same for the study itself."""


@dataclass(frozen=True)
class Experiment:
    """One row of a study: `settings` are Config fields; `original` is the accuracy of the study that is reproduced."""

    row: str
    title: str
    settings: Mapping[str, Any]
    original: float | None = None

    @property
    def backbone(self) -> str:
        """Its backbone."""
        return str(self.settings["backbone"])

    @property
    def name(self) -> str:
        """Unique in its study, and a folder's name."""
        return f"{self.backbone}-{self.row}"

    def config(self, dataset: Path, seed: int, **more: Any) -> Config:
        """The run that this row describes."""
        return Config(dataset=str(dataset), seed=seed, **{**self.settings, **more})


@dataclass(frozen=True)
class Study:
    """A list of experiments on one dataset, built once with each split protocol."""

    name: str
    title: str
    dataset: Settings
    experiments: tuple[Experiment, ...]
    protocols: tuple[str, ...] = PROTOCOLS
    seeds: tuple[int, ...] = (0,)
    best_seeds: tuple[int, ...] = field(default=(0,))

    def instead(self, others: Mapping[str, str]) -> "Study":
        """The same rows with other backbones, under those backbones' names.

        Raises:
            UserError: if a name is no backbone, if no row has it, or a row would then appear twice.
        """
        used = dict.fromkeys(row.backbone for row in self.experiments)
        for name, other in others.items():
            _known("backbone", other, BACKBONES, "--instead")
            _known(f"row of {self.name} with the backbone", name, used, "--instead")
        rows = tuple(
            dataclasses.replace(row, settings={**row.settings, "backbone": others.get(row.backbone, row.backbone)})
            for row in self.experiments
        )
        _unique(rows, f"{self.name} with --instead")
        return dataclasses.replace(self, experiments=rows)


def _known(kind: str, value: str, choices: Sequence[str] | Mapping[str, Any], where: str) -> None:
    if value not in choices:
        raise UserError(f"{where}: there is no {kind} {value!r}; known: {', '.join(choices)}.")


def _unique(rows: Sequence[Experiment], where: str) -> None:
    names = [row.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{where} holds {', '.join(twice)} twice; give each row a name of its own.")


def _like(value: object, example: Any) -> bool:
    """Whether a value is of its example's kind; a whole number does for a fraction, any list for a list."""
    if isinstance(example, tuple):
        return isinstance(value, list) and all(_like(item, example[0]) for item in value)
    if isinstance(example, dict):
        inner = next(iter(example.values()), None)
        return isinstance(value, dict) and all(inner is None or _like(item, inner) for item in value.values())
    return type(value) is type(example) or (isinstance(example, float) and type(value) is int)


def _only(values: Mapping[str, Any], examples: Mapping[str, Any], where: str) -> None:
    unknown = sorted(set(values) - set(examples))
    if unknown:
        raise UserError(f"{where}: unknown {', '.join(unknown)}; known: {', '.join(sorted(examples))}.")
    for key, value in values.items():
        if not _like(value, examples[key]):
            raise UserError(f"{where}: {key} = {value!r} makes no sense; {json.dumps(examples[key])} would.")


def _experiment(values: dict[str, Any], defaults: Mapping[str, Any], where: str) -> Experiment:
    _only(values, {**EXAMPLES, "row": "", "title": "", "original": 0.5}, where)
    if not values.get("row"):
        raise UserError(f"{where} has no row, the short name of what differs in it.")
    if not re.fullmatch(r"[\w.-]+", values["row"]):
        raise UserError(f"{where}: row = {values['row']!r} names a folder; use letters, digits and - alone.")
    row, title, original = values.pop("row"), values.pop("title", ""), values.pop("original", None)
    settings = {**defaults, **values}
    if "hidden" in settings:
        settings["hidden"] = tuple(settings["hidden"])
    _known("backbone", settings.get("backbone", ""), BACKBONES, where)
    try:
        Config(dataset="", **settings)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return Experiment(row, title or row, settings, original)


def _dataset(values: dict[str, Any], where: str) -> Settings:
    if isinstance(values.get("variants"), int):
        values["variants"] = dict.fromkeys(LABELS[1:], values["variants"])
    examples = dataclasses.asdict(Settings())
    del examples["protocol"]
    _only(values, examples, where)
    _known("blur", values.get("blur", "both"), BLURS, where)
    _known("shake", values.get("shake", "both"), SHAKES, where)
    return Settings(**values)


def parse(text: str, name: str) -> Study:
    """A study from TOML.

    Raises:
        UserError: on anything that is not understood; names the row and what is known.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The study {name} is no valid TOML: {error}.") from error
    _only(values, WHOLE, f"The study {name}")
    defaults = values.get("defaults", {})
    _only(defaults, EXAMPLES, f"{name}, [defaults]")
    rows = tuple(
        _experiment(dict(row), defaults, f"{name}, experiment {number}")
        for number, row in enumerate(values.get("experiment", []), start=1)
    )
    if not rows:
        raise UserError(f"The study {name} has no [[experiment]].")
    _unique(rows, f"The study {name}")
    protocols = tuple(values.get("protocols", PROTOCOLS))
    for protocol in protocols:
        _known("split protocol", protocol, PROTOCOLS, f"The study {name}")
    seeds = tuple(values.get("seeds", [0]))
    return Study(
        name=name,
        title=values.get("title", name),
        dataset=_dataset(dict(values.get("dataset", {})), f"{name}, [dataset]"),
        experiments=rows,
        protocols=protocols,
        seeds=seeds,
        best_seeds=tuple(values.get("best_seeds", seeds)),
    )


def shipped() -> dict[str, str]:
    """The studies that come with keepers: name to TOML."""
    folder = resources.files("keepers.train") / "studies"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return {item.name.removesuffix(".toml"): item.read_text(encoding="utf-8") for item in files}


def read(name_or_path: str) -> Study:
    """A study by its file, or by the name of one that is shipped.

    Raises:
        NotFound: if it is neither. UserError: if it is not understood.
    """
    path = Path(name_or_path)
    if path.is_file():
        try:
            return parse(path.read_text(encoding="utf-8"), path.stem)
        except UnicodeDecodeError as error:
            raise UserError(f"The study {path} is no valid TOML: it is no text in UTF-8.") from error
    known = shipped()
    if name_or_path not in known:
        raise NotFound(f"{name_or_path} is neither a file nor a shipped study; shipped: {', '.join(known)}.")
    return parse(known[name_or_path], name_or_path)
