"""A study is data: what is understood, and what is said of anything else."""

import dataclasses
from pathlib import Path

import pytest

pytest.importorskip("timm", reason="the [train] extra is not installed")
from keepers.dataset.plan import PROTOCOLS
from keepers.errors import NotFound, UserError
from keepers.train import study as studies
from keepers.train.backbones import BACKBONES
from keepers.train.config import Config
from keepers.train.study import Study, parse
from keepers.types import LABELS

SMALL = """
title = "Which?"
protocols = ["random"]
seeds = [3, 4]
best_seeds = [3, 4, 5]

[dataset]
sources = 7
variants = 2
short_side = 256

[defaults]
backbone = "resnet50"
learning_rate = 1e-3
hidden = [16, 8]

[[experiment]]
row = "one"

[[experiment]]
row = "two"
title = "another"
dropout = 0.6
backbone = "vgg16"
original = 0.5
"""
ROW = '[[experiment]]\nrow = "one"\nbackbone = "vgg16"\n'
ORIGINAL = {
    "vgg16": (0.949, 0.914, 0.926, 0.961),
    "efficientnet_b0": (0.369, 0.497, 0.783, 0.949),
    "resnet50": (0.143, 0.137, 0.619, 0.991),
}
"""Test accuracies that the original study published."""


def test_a_study_says_what_it_holds() -> None:
    made = parse(SMALL, "small")
    assert (made.name, made.title, made.protocols) == ("small", "Which?", ("random",))
    assert (made.seeds, made.best_seeds) == ((3, 4), (3, 4, 5))
    assert (made.dataset.sources, made.dataset.short_side) == (7, 256)
    assert made.dataset.variants == dict.fromkeys(LABELS[1:], 2)
    assert [row.name for row in made.experiments] == ["resnet50-one", "vgg16-two"]
    assert [row.title for row in made.experiments] == ["one", "another"]
    assert [row.original for row in made.experiments] == [None, 0.5]


def test_a_row_has_the_defaults_and_what_differs_from_them(tmp_path: Path) -> None:
    one, two = (row.config(tmp_path, 9) for row in parse(SMALL, "small").experiments)
    assert one == Config(dataset=str(tmp_path), seed=9, learning_rate=1e-3, hidden=(16, 8))
    assert two == dataclasses.replace(one, backbone="vgg16", dropout=0.6)


def test_what_is_left_out_has_a_default() -> None:
    made = parse(ROW, "bare")
    assert (made.title, made.protocols, made.seeds, made.best_seeds) == ("bare", PROTOCOLS, (0,), (0,))
    assert made.experiments[0].title == "one"


def test_what_the_machine_decides_is_no_setting_of_a_study() -> None:
    fields = {field.name for field in dataclasses.fields(Config)}
    assert fields >= studies.OUTSIDE
    assert fields - studies.OUTSIDE == studies.SETTINGS
    for key in studies.OUTSIDE:
        with pytest.raises(UserError, match=f"unknown {key}"):
            parse(f"{ROW}{key} = 1\n", "small")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = ", "no valid TOML"),
        ("", "no \\[\\[experiment\\]\\]"),
        (f"colour = 1\n{ROW}", "unknown colour"),
        (f"[defaults]\nepoch = 3\n{ROW}", r"\[defaults\]: unknown epoch"),
        (f"[dataset]\nprotocol = 'random'\n{ROW}", r"\[dataset\]: unknown protocol"),
        (f"[dataset]\nphotos = 3\n{ROW}", r"\[dataset\]: unknown photos"),
        (f"[dataset]\nblur = 'box'\n{ROW}", r"\[dataset\].*box.*gaussian"),
        (f"[dataset]\nvariants = 'two'\n{ROW}", r"\[dataset\].*variants"),
        (f"[dataset.variants]\nblurred = 'two'\n{ROW}", r"\[dataset\].*variants"),
        (f"[dataset]\nsources = 'all'\n{ROW}", r"\[dataset\].*sources"),
        (f"protocols = ['by-moon']\n{ROW}", "no split protocol 'by-moon'.*by-source"),
        (f"protocols = 'random'\n{ROW}", "protocols"),
        (f"seeds = 3\n{ROW}", "seeds"),
        (f"seeds = ['a']\n{ROW}", "seeds"),
        ("experiment = 3", "experiment"),
        (f"defaults = 3\n{ROW}", "defaults"),
        (f"{ROW}{ROW}", "vgg16-one twice"),
        (f"{ROW}wings = 2\n", "experiment 1: unknown wings"),
        (f'{ROW}[[experiment]]\nrow = "two"\nbackbone = "vgg61"\n', "experiment 2: .*'vgg61'.*vgg16"),
        ('[[experiment]]\nrow = "one"\n', "experiment 1: there is no backbone"),
        ('[[experiment]]\nbackbone = "vgg16"\n', "experiment 1 has no row"),
        ('[[experiment]]\nrow = "a/b"\nbackbone = "vgg16"\n', "experiment 1.*'a/b'"),
        (f"{ROW}views = 2\n", "experiment 1: views"),
        (f'{ROW}views = 2\nunfrozen = "all"\n', "experiment 1: views"),
        (f'{ROW}views = 2\nunfrozen = "head"\nmixup = 0.2\n', "experiment 1: views"),
        (f'{ROW}unfrozen = "third-half"\n', "experiment 1: .*third-half.*second-half"),
        (f"{ROW}hidden = 256\n", "experiment 1: .*hidden"),
        (f"{ROW}hidden = ['wide']\n", "experiment 1: .*hidden"),
        (f'{ROW}epochs = "many"\n', "experiment 1: .*epochs"),
        (f"{ROW}epochs = 2.5\n", "experiment 1: .*epochs"),
        (f"{ROW}dropout = true\n", "experiment 1: .*dropout"),
        (f"{ROW}original = 'good'\n", "experiment 1: .*original"),
    ],
)
def test_what_is_not_understood_is_a_sentence_that_names_it(text: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        parse(text, "mine")
    assert "mine" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_whole_number_does_for_a_fraction() -> None:
    (row,) = parse(f"{ROW}dropout = 0\nwarmup = 1\n", "mine").experiments
    assert row.config(Path(), 0).dropout == 0


@pytest.mark.parametrize("name", list(studies.shipped()))
def test_every_shipped_study_is_understood(name: str, tmp_path: Path) -> None:
    made = studies.read(name)
    assert made.name == name
    assert made.title.endswith("?")
    assert set(made.protocols) == set(PROTOCOLS)
    assert set(made.seeds) <= set(made.best_seeds)
    for row in made.experiments:
        config = row.config(tmp_path, 1)
        assert (config.dataset, config.seed, config.backbone) == (str(tmp_path), 1, row.backbone)
        assert row.title != row.row
    assert all(set(row.settings) <= studies.SETTINGS for row in made.experiments)


def test_shipped_studies_are_read_from_the_package_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(studies.__file__).parent / "studies"
    assert list(studies.shipped()) == sorted(path.stem for path in folder.glob("*.toml"))
    assert {"twelve", "modern"} <= set(studies.shipped())
    assert studies.read("twelve").experiments


def test_the_twelve_are_the_originals_twelve() -> None:
    rows = studies.read("twelve").experiments
    found: dict[str, tuple[float | None, ...]] = {}
    for row in rows:
        found[row.backbone] = (*found.get(row.backbone, ()), row.original)
    assert found == ORIGINAL
    for row in rows:
        assert row.settings["optimizer"] == "adam"
        assert (row.settings["learning_rate"], row.settings["batch"]) == (1e-4, 32)
        assert row.settings["schedule"] == "constant"


def test_the_rows_of_the_twelve_differ_as_they_say(tmp_path: Path) -> None:
    configs = {row.name: row.config(tmp_path, 0) for row in studies.read("twelve").experiments}
    base = configs["vgg16-base"]
    assert (base.pooling, base.hidden, base.unfrozen) == ("flatten", (256,), "head")
    assert len(configs["vgg16-more-dense"].hidden) > 1
    assert dataclasses.replace(base, extra_conv=512) == configs["vgg16-extra-conv"]
    assert configs["vgg16-unfrozen"].unfrozen == "all"
    for name in ("efficientnet_b0", "resnet50"):
        first = configs[f"{name}-dense-256"]
        assert (first.pooling, first.hidden, first.unfrozen) == ("avg", (256,), "head")
        more = configs[f"{name}-more-dropout"]
        assert more.dropout > first.dropout
        assert dataclasses.replace(more, dropout=first.dropout) == first
        assert configs[f"{name}-dense-512"] == dataclasses.replace(first, hidden=(512, 256))
        half = configs[f"{name}-second-half"]
        assert (half.unfrozen, half.hidden, half.dropout) == ("second-half", first.hidden, first.dropout)
    # Augmented features are kept only where nothing before the head learns.
    assert all(bool(config.views) == (config.unfrozen == "head") for config in configs.values())


def test_the_twelve_have_about_as_many_photos_as_the_original() -> None:
    dataset = studies.read("twelve").dataset
    assert dataset.sources * (1 + sum(dataset.variants.values())) == pytest.approx(1700, rel=0.05)


def renamed(study: Study, **others: str) -> list[str]:
    return [row.name for row in study.instead(others).experiments]


def test_another_backbone_goes_under_its_own_name() -> None:
    twelve = studies.read("twelve")
    names = renamed(twelve, efficientnet_b0="efficientnet_lite0")
    assert names == [row.name.replace("efficientnet_b0", "efficientnet_lite0") for row in twelve.experiments]
    other = twelve.instead({"efficientnet_b0": "efficientnet_lite0"})
    for old, new in zip(twelve.experiments, other.experiments, strict=True):
        assert {**old.settings, "backbone": new.backbone} == new.settings
        assert (old.row, old.title, old.original) == (new.row, new.title, new.original)
        assert new.config(Path(), 0).backbone in BACKBONES
    assert dataclasses.replace(other, experiments=twelve.experiments) == twelve


def test_two_backbones_may_change_places() -> None:
    names = renamed(studies.read("twelve"), efficientnet_b0="resnet50", resnet50="efficientnet_b0")
    assert sorted(names) == sorted(renamed(studies.read("twelve")))


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"vgg19": "resnet50"}, "'vgg19'"),
        ({"vgg16": "vgg19"}, "'vgg19'"),
        ({"resnet50": "efficientnet_b0"}, "efficientnet_b0-dense-256.*twice"),
    ],
)
def test_a_backbone_that_does_not_fit_is_a_sentence(others: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        studies.read("twelve").instead(others)


def test_a_file_goes_before_a_shipped_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(SMALL)
    assert studies.read(str(tmp_path / "mine.toml")) == parse(SMALL, "mine")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twelve").mkdir()  # a folder of that name is no study
    assert len(studies.read("twelve").experiments) == 12
    with pytest.raises(NotFound, match=r"neither a file nor a shipped study.*twelve"):
        studies.read("thirteen")


def test_a_file_that_is_no_text_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "photo.toml").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(UserError, match=r"photo.*TOML"):
        studies.read(str(tmp_path / "photo.toml"))
